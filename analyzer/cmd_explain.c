/* cmd_explain.c - ghost explain: a function, a session or a finding in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "diff.h"
#include "explain/explain_print.h"
#include "facts_build.h"
#include "facts_json.h"
#include "grid.h"
#include "json.h"
#include "load.h"
#include "out.h"
#include "session.h"
#include "term.h"

/* A service was asked for by name and did not answer: the template's page stands there all the same. */
enum { EXIT_NO_ANSWER = 3, EXIT_NEGATIVE = 1 };

struct explain_command {
    const char *backend, *model, *base_url, *key_file, *lang, *ask, *audit, *anomaly, *format, *data_dir;
    bool session, diff, facts, dry_run, redact, strict, stream, fresh, allow_http, verbose;
    uint64_t timeout, retries, max_wait, jobs;
};

/* What a run takes and gives back at its end. */
struct work {
    const struct explain_command *o;
    struct ghost_model *m;
    struct profiles p;
    struct findings findings;
    struct atlas a;
    struct facts facts;
    char *cache_dir, *audit;
    bool json;
};

/* ---- which function ---- */

static const struct grid_column columns[] = {
    { .title = "FUNCTION", .align = GRID_TAIL, .least = 20 }, { .title = "CALLS", .align = GRID_RIGHT }, { .title = "MODULE", .least = 12 },
};

static void print_subjects(FILE *f, const struct subjects *s, uint32_t most)
{
    struct grid g;
    grid_begin(&g, columns, 3);
    for (uint32_t i = 0; i < s->n && i < most; i++) {
        char text[HUMAN], name[4200];
        snprintf(name, sizeof name, "%s:%u", s->v[i].qualname.p, s->v[i].line);
        grid_text(&g, name);
        grid_text(&g, s->v[i].profile ? human_count(text, s->v[i].calls) : "never called");
        grid_str(&g, s->v[i].module);
    }
    grid_print(&g, f);
    if (s->n > most)
        fprintf(f, "and %u more\n", s->n - most);
}

static void candidates_json(FILE *f, const struct work *w, const char *pattern, const char *key, const struct subjects *s)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_str(&j, "session_id", w->m->session);
    json_text(&j, "pattern", pattern);
    json_array(&j, key);
    for (uint32_t i = 0; i < s->n; i++) {
        json_object(&j, NULL);
        json_str(&j, "module", s->v[i].module);
        json_str(&j, "qualname", s->v[i].qualname);
        json_count(&j, "line", s->v[i].line);
        json_count(&j, "calls", s->v[i].calls);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

/* Several match, or none: a list is the answer, and it is a negative one. */
static int tell_candidates(FILE *f, const struct work *w, const char *pattern, const struct subjects *s, const struct subjects *near)
{
    enum { SHOWN = 20 };
    if (w->json) {
        candidates_json(f, w, pattern, s->n ? "candidates" : "suggestions", s->n ? s : near);
    } else if (s->n) {
        fprintf(f, "%u functions match '%s'; name one of them by its whole name, or NAME:LINE:\n\n", s->n, pattern);
        print_subjects(f, s, SHOWN);
    } else {
        fprintf(f, "No function of session %s matches '%s'.%s\n", w->m->session.p, pattern, near->n ? " Did you mean one of these?\n" : " See: ghost report");
        if (near->n)
            print_subjects(f, near, SHOWN);
    }
    return EXIT_NEGATIVE;
}

static int facts_by_name(FILE *f, struct work *w, const char *pattern, struct ghost_err *err)
{
    struct subjects found, near;
    int ret = subjects_find(&found, &near, &w->a, pattern, err);
    if (ret < 0)
        return ret;
    ret = found.n == 1 ? facts_of_function(&w->facts, &w->a, &found.v[0], NULL, err) : tell_candidates(f, w, pattern, &found, &near);
    subjects_release(&found);
    subjects_release(&near);
    return ret;
}

static int facts_by_id(struct work *w, const char *id, struct ghost_err *err)
{
    const struct finding *found = NULL;
    uint32_t matches = 0;
    for (uint32_t i = 0; i < w->findings.n; i++)
        if (strlen(id) >= 4 && strncmp(w->findings.v[i].id, id, strlen(id)) == 0) {
            found = &w->findings.v[i];
            matches++;
        }
    if (matches == 1)
        return facts_of_finding(&w->facts, &w->a, found, err);
    return ghost_fail(err, matches ? GHOST_E_AMBIGUOUS : GHOST_E_NOT_FOUND, "%s finding of session %s has the id '%s'; "
                      "ghost anomalies --verbose lists them (four digits and more are enough)", matches ? "more than one" : "no", w->m->session.p, id);
}

/* ---- the model of the session, and what is asked of it ---- */

static void take_real(const char *key, double scale, double *out)
{
    const struct config_value *v = config_get(key);
    if (v && v->n == 1)
        *out = strtod(v->items[0], NULL) * scale;
}

/* The findings are those of ghost anomalies with the same ghost.yaml. */
static struct detect_options detect_settings(void)
{
    struct detect_options o = DETECT_DEFAULTS;
    const struct config_value *expected = config_get("detectors.expected");
    double calls = (double)o.exc_min_calls, least = (double)o.latency_min_ns;
    take_real("detectors.exc_threshold", 1, &o.exc_threshold);
    take_real("detectors.latency_z", 1, &o.latency_z);
    take_real("detectors.exc_min_calls", 1, &calls);
    take_real("detectors.latency_min", 1e9, &least);
    o.exc_min_calls = (uint64_t)calls;
    o.latency_min_ns = (uint64_t)least;
    if (expected) {
        o.expected = expected->items;
        o.n_expected = expected->n;
    }
    return o;
}

static int prepare(struct work *w, const char *session, struct ghost_err *err)
{
    struct detect_options detect = detect_settings();
    w->m = load_model(w->o->data_dir, session, (unsigned)w->o->jobs, err);
    if (!w->m)
        return err->code;
    int ret = profiles_make(&w->p, w->m, err);
    if (ret == 0)
        ret = detect_all(w->m, &w->p, &detect, NULL, &w->findings, err);
    return ret == 0 ? atlas_make(&w->a, w->m, &w->p, &w->findings, err) : ret;
}

static int facts_by_diff(struct work *w, char **argv, struct ghost_err *err)
{
    struct diff_options o = DIFF_DEFAULTS;
    o.detect = detect_settings();
    struct diff_side sides[2] = { 0 };
    struct diff d = { 0 };
    const struct diff_sources from = { w->o->data_dir, (unsigned)w->o->jobs };
    o.jobs = from.jobs;
    int ret = diff_load(&sides[0], &sides[1], &from, argv[0], argv[1], err);
    if (ret == 0)
        ret = diff_make(&d, &sides[0], &sides[1], &o, err);
    if (ret >= 0)
        ret = facts_of_diff(&w->facts, &d, err);
    diff_release(&d);
    return ret;
}

static int collect(FILE *f, struct work *w, int argc, char **argv, struct ghost_err *err)
{
    const struct explain_command *o = w->o;
    bool named = !o->session && !o->anomaly && !o->diff;
    if (o->session + (o->anomaly != NULL) + o->diff > 1)
        return ghost_fail(err, GHOST_E_USAGE, "--session, --anomaly and --diff exclude each other");
    if (o->diff && argc != 2)
        return ghost_fail(err, GHOST_E_USAGE, "--diff compares two sessions: ghost explain --diff BEFORE AFTER. See: ghost sessions");
    if (o->diff)
        return facts_by_diff(w, argv, err);
    if (named && argc < 1)
        return ghost_fail(err, GHOST_E_USAGE, "explain what? Name a function (ghost report lists them), or say --session, --anomaly ID or --diff. See: ghost explain --help");
    if (!named && argc > 1)
        return ghost_fail(err, GHOST_E_USAGE, "with --session and --anomaly there is one operand, the session, not '%s' too", argv[1]);
    int ret = prepare(w, named ? argc > 1 ? argv[1] : NULL : argc ? argv[0] : NULL, err);
    if (ret < 0)
        return ret;
    if (named)
        return facts_by_name(f, w, argv[0], err);
    return o->anomaly ? facts_by_id(w, o->anomaly, err) : facts_of_session(&w->facts, &w->a, err);
}

/* ---- saying it ---- */

/* DATA_DIR/explain, beside the sessions. */
static char *beside_sessions(const char *data_dir, const char *name, struct ghost_err *err)
{
    char *root = session_root(data_dir, err), *slash = root ? strrchr(root, '/') : NULL, *path = NULL;
    if (slash)
        *slash = '\0';
    if (root && asprintf(&path, "%s/explain%s%s", root, *name ? "/" : "", name) < 0)
        path = NULL;
    free(root);
    if (!path)
        ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    return path;
}

/* A value of the file of settings yields to the backend's own variables; a flag does not. */
static void split(const char *value, const char *key, const char **flag, const char **file)
{
    const struct config_value *v = config_get(key);
    bool from_file = value && v && v->n && v->items[0] == value;
    *flag = from_file ? NULL : value;
    *file = from_file ? value : NULL;
}

static int fill_options(struct explain_options *x, struct work *w, struct ghost_err *err)
{
    const struct explain_command *o = w->o;
    *x = (struct explain_options){
        .backend = o->backend, .language = o->lang, .question = o->ask, .redact = o->redact, .strict = o->strict, .stream = o->stream,
        .service = { .key_file = o->key_file, .allow_http = o->allow_http, .timeout_ms = o->timeout,
                     .max_wait_ms = o->max_wait, .retries = (unsigned)(o->retries < 10 ? o->retries : 10), .log = o->verbose ? stderr : NULL },
    };
    split(o->model, "explain.model", &x->service.model, &x->service.file_model);
    split(o->base_url, "explain.base_url", &x->service.base_url, &x->service.file_base_url);
    w->cache_dir = beside_sessions(o->data_dir, "answers", err);
    if (!o->audit)
        w->audit = beside_sessions(o->data_dir, "audit.jsonl", err);
    if (!w->cache_dir || (!o->audit && !w->audit))
        return GHOST_E_NOMEM;
    x->cache_dir = o->fresh ? NULL : w->cache_dir;
    x->audit = !o->audit ? w->audit : strcmp(o->audit, "none") == 0 ? NULL : o->audit;
    return 0;
}

static void tell_problem(const struct explanation *e)
{
    if (e->warning[0])
        fprintf(stderr, "ghost: note: %s\n", e->warning);
    if (e->problem[0])
        fprintf(stderr, "ghost: %s: %s\n", e->held ? "the answer is not whole" : e->n ? "the answer is not to be relied on" : "no words from a model, the facts alone", e->problem);
}

/* What a service could not do was asked for, or only thought of. */
static int judge(const struct explanation *e)
{
    return e->problem[0] && !e->automatic ? EXIT_NO_ANSWER : 0;
}

static int explain(FILE *f, struct work *w, struct ghost_err *err)
{
    struct explain_options x;
    struct explanation e;
    struct template_style style = { .width = term_width(f), .unicode = term_unicode(), .color = term_color(f) };
    struct answer_printer printer = { .out = f, .style = &style, .options = &x };
    int ret = fill_options(&x, w, err);
    if (ret < 0)
        return ret;
    if (w->o->dry_run)
        return explain_dry_run(&w->facts, &x, f, err);
    if (!w->json) {
        fprintf(f, "\nGhost explain  %s  %s  (session %s)\n", style.unicode ? "—" : "-", w->facts.title, w->facts.session);
        template_print(f, &w->facts, &style);
        fflush(f);                           /* the page stands, whatever the network does */
        x.on_claim = answer_print_claim;
        x.self = &printer;
    }
    ret = explain_run(&e, &w->facts, &x, err);
    if (ret == 0 && w->json)
        explanation_json(f, &w->facts, &e, &x);
    else if (ret == 0)
        answer_print_end(&printer, &e);
    if (ret == 0 && !w->json)
        fputc('\n', f);
    if (ret == 0) {
        fflush(f);
        tell_problem(&e);
        if (!e.asked && w->o->ask)
            fputs("ghost: note: a question needs a language model: say --backend gemini or --backend openai\n", stderr);
        ret = judge(&e);
    }
    explanation_release(&e);
    return ret;
}

static int show(FILE *f, struct work *w, struct ghost_err *err)
{
    if (!w->o->facts)
        return explain(f, w, err);
    if (w->json)
        explanation_json(f, &w->facts, NULL, NULL);
    else
        template_facts(f, &w->facts);
    return 0;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    struct work w = { .o = options };
    struct out out;
    int ret = out_open(&out, NULL, err);
    if (ret < 0)
        return ret;
    w.json = strcmp(w.o->format, "json") == 0;
    ret = collect(out.f, &w, argc, argv, err);
    if (ret == 0)
        ret = show(out.f, &w, err);
    ret = out_close(&out, ret, err);
    explain_facts_release(&w.facts);
    atlas_release(&w.a);
    findings_release(&w.findings);
    profiles_release(&w.p);
    ghost_model_free(w.m);
    free(w.cache_dir);
    free(w.audit);
    return ret;
}

#define AT(member) offsetof(struct explain_command, member)
static const char *const names[] = {
    "auto",
#define X(name) #name,
    BACKENDS(X)
#undef X
    NULL
};
static const char *const formats[] = { "text", "json", NULL };
static const struct option options[] = {
    { .name = "session", .kind = OPTION_FLAG, .at = AT(session), .help = "explain the whole session: what the service does, and what is odd" },
    { .name = "anomaly", .kind = OPTION_TEXT, .at = AT(anomaly), .arg = "ID", .help = "explain one finding of ghost anomalies; the first digits of its id are enough" },
    { .name = "diff", .kind = OPTION_FLAG, .at = AT(diff), .help = "explain what changed between two sessions: --diff BEFORE AFTER" },
    { .name = "backend", .letter = 'b', .kind = OPTION_CHOICE, .at = AT(backend), .arg = "NAME", .fallback = "auto", .choices = names, .key = "explain.backend",
      .env = "GHOST_EXPLAIN_BACKEND", .help = "who puts it into words; auto: gemini when GEMINI_API_KEY is set, else template" },
    { .name = "model", .kind = OPTION_TEXT, .at = AT(model), .arg = "NAME", .key = "explain.model",
      .help = "model of that service (default: $GHOST_GEMINI_MODEL, $GHOST_OPENAI_MODEL, or the one docs/explain.md names)" },
    { .name = "base-url", .kind = OPTION_TEXT, .at = AT(base_url), .arg = "URL", .key = "explain.base_url", .guarded = true,
      .help = "where the service is (default: $GHOST_GEMINI_BASE_URL, $GHOST_OPENAI_BASE_URL, or its makers' address)" },
    { .name = "key-file", .kind = OPTION_FILE, .at = AT(key_file), .arg = "FILE", .key = "explain.key_file", .guarded = true,
      .help = "file that holds the key, instead of $GEMINI_API_KEY or $OPENAI_API_KEY" },
    { .name = "allow-http", .kind = OPTION_FLAG, .at = AT(allow_http), .key = "explain.allow_http", .guarded = true,
      .help = "send key and facts over plain http to other machines than this one" },
    { .name = "ask", .kind = OPTION_TEXT, .at = AT(ask), .arg = "QUESTION", .help = "a question of yours, answered from the same facts" },
    { .name = "lang", .kind = OPTION_TEXT, .at = AT(lang), .arg = "LANGUAGE", .fallback = "en", .key = "explain.lang", .help = "language of the answer, as de or Japanese" },
    { .name = "redact", .kind = OPTION_FLAG, .at = AT(redact), .key = "explain.redact", .help = "send tokens in place of the names in your code; the answer has the names again" },
    { .name = "strict", .kind = OPTION_FLAG, .at = AT(strict), .key = "explain.strict", .help = "leave out claims that do not stand the check instead of marking them" },
    { .name = "stream", .kind = OPTION_FLAG, .at = AT(stream), .key = "explain.stream", .help = "show each claim as soon as it is there" },
    { .name = "fresh", .kind = OPTION_FLAG, .at = AT(fresh), .help = "ask again although the answer to the same facts was kept, and keep nothing" },
    { .name = "facts", .kind = OPTION_FLAG, .at = AT(facts), .help = "only the facts, with their numbers" },
    { .name = "dry-run", .kind = OPTION_FLAG, .at = AT(dry_run), .help = "print exactly what would be sent, and send nothing" },
    { .name = "audit", .kind = OPTION_FILE, .at = AT(audit), .arg = "FILE", .key = "explain.audit", .guarded = true,
      .help = "keep prompt, answer and verdict there, a line each (default: explain/audit.jsonl in the data folder; none: nowhere)" },
    { .name = "timeout", .kind = OPTION_SECONDS, .at = AT(timeout), .arg = "SECONDS", .fallback = "60", .key = "explain.timeout", .help = "longest time for one attempt" },
    { .name = "retries", .kind = OPTION_COUNT, .at = AT(retries), .arg = "N", .fallback = "3", .key = "explain.retries", .help = "further attempts when the service is busy or broken" },
    { .name = "max-wait", .kind = OPTION_SECONDS, .at = AT(max_wait), .arg = "SECONDS", .fallback = "60", .key = "explain.max_wait",
      .help = "longest pause that is waited out when the service asks for one" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = AT(format), .arg = "FORMAT", .fallback = "text", .choices = formats, .help = "form of the output" },
    { .name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .at = AT(verbose), .help = "tell on stderr what is asked of whom, and why again" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = AT(jobs), .arg = "N", .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_explain = {
    .name = "explain",
    .summary = "one function in words and numbers, by template or a checked language model",
    .usage = "FN [SESSION] | --session [SESSION] | --anomaly ID [SESSION] | --diff BEFORE AFTER",
    .about = "Explains how a function behaved: calls, failures, times, types, callers, and\n"
             "what stands out. FN is a part of its qualified name; module.name and name:line\n"
             "are exact. That page needs no network. With GEMINI_API_KEY set, or --backend, a\n"
             "language model puts the same facts into words; it gets nothing but the facts\n"
             "(--dry-run shows them), and every number and name in its answer is checked\n"
             "against them: what does not agree is marked, or left out with --strict.\n"
             "\n"
             "Exit status: 0 explained; 1 no function matches, or several do (they are listed);\n"
             "2 error; 3 the service named by --backend, the environment or ghost.yaml did not\n"
             "answer, and only the page was printed.",
    .examples = "  ghost explain process_order                  the newest session\n"
                "  ghost explain Order.add 1763 --backend template\n"
                "  ghost explain --session                      what is this service doing?\n"
                "  ghost explain process_order --redact --dry-run | less\n"
                "  ghost explain fetch --backend openai --base-url http://localhost:11434/v1 --model qwen3",
    .options = options,
    .options_size = sizeof(struct explain_command),
    .operands = OPERAND_SESSION,
    .max_operands = 2,
    .run = run,
};
