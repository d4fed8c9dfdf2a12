/* diff_rules.c - rules of a build: parse, apply. A kind of rule is one row of the table. */
#include "diff_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "opt.h"
#include "term.h"

struct context { const struct diff *d; const struct diff_rule *rule; struct findings *out; struct ghost_err *err; int ret; };

struct diff_rule_kind {
    const char *name;
    char op;                                 /* '>' for a ratio (or '<'), '+' for percentage points, 0: no number */
    unsigned measures;                       /* bits of the measures it looks at */
    void (*check)(struct context *c, const struct diff_pair *p);
    unsigned shape;                          /* enum diff_shape, for novelties */
};

/* ---- firing ---- */

static void fire(struct context *c, const struct diff_function *f, struct ghost_str message)
{
    struct finding *row = c->ret == 0 ? findings_add(c->out, c->err) : NULL;
    if (!row) {
        c->ret = c->err->code;
        return;
    }
    row->kind = c->rule->text;
    row->severity = SEVERITY_HIGH;
    row->message = message;
    if (f) {
        row->fn_key = f->fn_key;
        row->module = f->module;
        row->qualname = f->qualname;
        row->file = f->file;
        row->line = f->line;
    }
    XXH64_hash_t h = XXH3_64bits(message.p, message.len);
    h = XXH3_64bits_withSeed(row->fn_key.p ? row->fn_key.p : "", row->fn_key.len, h ^ XXH3_64bits(c->rule->text, strlen(c->rule->text)));
    snprintf(row->id, sizeof row->id, "%016llx", (unsigned long long)h);
}

static bool passes(const struct diff_rule *r, double ratio) { return r->below ? ratio < r->limit : ratio > r->limit; }

static void check_latency(struct context *c, const struct diff_pair *p)
{
    char a[HUMAN], b[HUMAN];
    for (unsigned m = 0; p->before && p->after && m < DIFF_N_MEASURES; m++) {
        const struct diff_latency *l = &p->latency[m];
        /* total is mean times calls: news when one of them is */
        bool real = m == DIFF_total ? l->known && (p->latency[DIFF_mean].significant || diff_calls_moved(c->d, p)) : l->significant;
        if (!(c->rule->kind->measures & 1u << m) || !real || !passes(c->rule, diff_judged(l)))
            continue;
        struct ghost_str rest = passes(c->rule, l->ratio) ? GHOST_STR("") : findings_text(c->out, "; the rest %.2fx", l->expected);
        fire(c, p->after, findings_text(c->out, "%s %s -> %s (%.2fx, %.2f to %.2f%.*s)", diff_measure_texts[m], human_ns(a, l->before),
                                        human_ns(b, l->after), l->ratio, l->low, l->high, FINDING_STR(rest)));
        return;
    }
}

static void check_calls(struct context *c, const struct diff_pair *p)
{
    double ratio = p->calls_before > 0 ? p->calls_after / p->calls_before : 0;
    if (p->before && p->after && diff_calls_moved(c->d, p) && passes(c->rule, ratio))
        fire(c, p->after, findings_text(c->out, "calls %s %.6g -> %.6g (%.2fx)", c->d->options->per ? "per call of the entry point" : "in all",
                                        p->calls_before, p->calls_after, ratio));
}

static void check_exceptions(struct context *c, const struct diff_pair *p)
{
    const struct diff_rate *r = &p->exceptions;
    if (p->before && p->after && r->significant && r->after - r->before > c->rule->limit / 100)
        fire(c, p->after, findings_text(c->out, "exception rate %.2f%% -> %.2f%% (%+.2f to %+.2f points)", 100 * r->before, 100 * r->after,
                                        100 * r->low, 100 * r->high));
}

static void check_shape(struct context *c, const struct diff_pair *p)
{
    const struct diff_novelties *v = &p->fresh[c->rule->kind->shape];
    for (uint32_t i = 0; p->before && p->after && i < v->n; i++)
        fire(c, p->after, findings_text(c->out, "%s: %.*s", diff_shape_fresh[c->rule->kind->shape], FINDING_STR(v->v[i].name)));
}

static void check_types(struct context *c, const struct diff_pair *p)
{
    static const unsigned shapes[] = { DIFF_SHAPE_signatures, DIFF_SHAPE_returns };
    for (size_t s = 0; p->before && p->after && s < sizeof shapes / sizeof *shapes; s++) {
        const struct diff_novelties *v = &p->fresh[shapes[s]];
        for (uint32_t i = 0; i < v->n; i++)
            fire(c, p->after, findings_text(c->out, "%s: %.*s", diff_shape_fresh[shapes[s]], FINDING_STR(v->v[i].name)));
    }
}

static void check_added(struct context *c, const struct diff_pair *p)
{
    if (!p->before)
        fire(c, p->after, findings_text(c->out, "%s", p->defined_elsewhere ? "called now, was never called before" : "added"));
}

static void check_removed(struct context *c, const struct diff_pair *p)
{
    if (!p->after)
        fire(c, p->before, findings_text(c->out, "%s", p->defined_elsewhere ? "no longer called" : "removed"));
}

static void check_renamed(struct context *c, const struct diff_pair *p)
{
    if (p->match == DIFF_RENAMED)
        fire(c, p->after, findings_text(c->out, "was %.*s", FINDING_STR(p->before->qualname)));
}

#define BIT(m) (1u << DIFF_##m)
static const struct diff_rule_kind kinds[] = {
    { "latency", '>', BIT(typical) | BIT(mean) | BIT(p50) | BIT(quick), check_latency, 0 },
    { "typical", '>', BIT(typical), check_latency, 0 },
    { "mean", '>', BIT(mean), check_latency, 0 },
    { "p50", '>', BIT(p50), check_latency, 0 },
    { "p95", '>', BIT(p95), check_latency, 0 },
    { "p99", '>', BIT(p99), check_latency, 0 },
    { "quick", '>', BIT(quick), check_latency, 0 },
    { "total", '>', BIT(total), check_latency, 0 },
    { "calls", '>', 0, check_calls, 0 },
    { "exceptions", '+', 0, check_exceptions, 0 },
    { "new-type", 0, 0, check_types, 0 },
    { "new-signature", 0, 0, check_shape, DIFF_SHAPE_signatures },
    { "new-exception", 0, 0, check_shape, DIFF_SHAPE_exceptions },
    { "new-call", 0, 0, check_shape, DIFF_SHAPE_callees },
    { "new-anomaly", 0, 0, NULL, 0 },
    { "added", 0, 0, check_added, 0 },
    { "removed", 0, 0, check_removed, 0 },
    { "renamed", 0, 0, check_renamed, 0 },
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

int diff_rules_apply(const struct diff_rules *r, const struct diff *d, struct findings *out, struct ghost_err *err)
{
    for (uint32_t i = 0; i < r->n; i++) {
        struct context c = { d, &r->v[i], out, err, 0 };
        for (uint32_t k = 0; r->v[i].kind->check && c.ret == 0 && k < d->n; k++)
            r->v[i].kind->check(&c, &d->pairs[k]);
        for (uint32_t k = 0; !r->v[i].kind->check && c.ret == 0 && k < d->anomalies_fresh.n; k++) {
            const struct finding *f = d->anomalies_fresh.v[k];
            const struct diff_function where = { .fn_key = f->fn_key, .module = f->module, .qualname = f->qualname, .file = f->file, .line = f->line };
            fire(&c, &where, findings_text(out, "%s: %.*s", f->kind, FINDING_STR(f->message)));
        }
        if (c.ret < 0)
            return c.ret;
    }
    return out->arena.failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while applying the rules") : 0;
}

/* ---- parsing ---- */

/* "latency > 1.3" is latency>1.3: spaces around the sign go, others are mistakes. */
static void tighten(char *text)
{
    char *to = text;
    for (bool behind = false; *text; text++) {
        char next = text[strspn(text, " ")];
        if (*text == ' ' && (behind || (next && strchr("<>+%", next))))
            continue;
        behind = strchr("<>+", *text) != NULL;
        *to++ = *text;
    }
    *to = '\0';
}

static int unknown(const char *text, struct ghost_err *err)
{
    const char *names[N_KINDS + 1];
    char all[256] = "", word[64];
    size_t n = strcspn(text, "<>+");
    snprintf(word, sizeof word, "%.*s", (int)n, text);
    for (size_t i = 0; i < N_KINDS; i++) {
        size_t at = strlen(all);
        snprintf(all + at, sizeof all - at, "%s%s%s", i ? ", " : "", kinds[i].name, kinds[i].op == '>' ? ">N" : kinds[i].op ? "+N%" : "");
        names[i] = kinds[i].name;
    }
    names[N_KINDS] = NULL;
    const char *near = opt_nearest(word, names);
    return ghost_fail(err, GHOST_E_USAGE, "--fail-on: there is no rule '%s'.%s%s%s There are: %s", text, near ? " Did you mean " : "",
                      near ? near : "", near ? "?" : "", all);
}

static int parse_one(struct diff_rule *r, const char *text, struct ghost_err *err)
{
    size_t n = strcspn(text, "<>+");
    *r = (struct diff_rule){ .text = text };
    for (size_t i = 0; i < N_KINDS; i++)
        if (strlen(kinds[i].name) == n && memcmp(kinds[i].name, text, n) == 0)
            r->kind = &kinds[i];
    if (!r->kind)
        return unknown(text, err);
    char op = text[n], *end = NULL;
    r->below = op == '<';
    if (!r->kind->op)
        return op ? ghost_fail(err, GHOST_E_USAGE, "--fail-on: %s takes no number: '%s'", r->kind->name, text) : 0;
    const char *form = r->kind->op == '>' ? "as in p99>1.5 (after/before)" : "as in exceptions+1% (percentage points)";
    if (!op || (r->kind->op == '>' ? op == '+' : op != '+'))
        return ghost_fail(err, GHOST_E_USAGE, "--fail-on: %s needs a limit, %s: '%s'", r->kind->name, form, text);
    r->limit = strtod(text + n + 1, &end);
    end += r->kind->op == '+' && *end == '%';
    if (end == text + n + 1 || *end || !isfinite(r->limit) || r->limit < 0)
        return ghost_fail(err, GHOST_E_USAGE, "--fail-on: '%s' is no limit, %s", text, form);
    return 0;
}

/* The same rule twice, as on the command line and in a variable, is one rule. */
static bool has_rule(const struct diff_rules *r, const char *text)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i].text, text) == 0)
            return true;
    return false;
}

int diff_rules_parse(struct diff_rules *r, const char *const *lists, size_t n, struct ghost_err *err)
{
    size_t size = 1, most = 1;
    for (size_t i = 0; i < n; i++) {
        size += strlen(lists[i]) + 1;
        most++;
        for (const char *c = lists[i]; *c; c++)
            most += *c == ',';
    }
    *r = (struct diff_rules){ calloc(most, sizeof *r->v), 0, malloc(size) };
    int ret = r->v && r->storage ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    char *at = r->storage;
    for (size_t i = 0; ret == 0 && i < n; i++) {
        memcpy(at, lists[i], strlen(lists[i]) + 1);
        char *rest = at, *word;
        at += strlen(at) + 1;
        while (ret == 0 && (word = strsep(&rest, ","))) {
            word += strspn(word, " ");
            for (size_t k = strlen(word); k && word[k - 1] == ' '; k--)
                word[k - 1] = '\0';
            tighten(word);
            if (*word && !has_rule(r, word))
                ret = parse_one(&r->v[r->n++], word, err);
        }
    }
    if (ret == 0 && n && !r->n)      /* as from an unset variable: a gate that lets everything pass */
        ret = ghost_fail(err, GHOST_E_USAGE, "--fail-on: no rule is named, so nothing could ever fail; leave it out, or name one, as in latency>1.3");
    if (ret < 0)
        diff_rules_release(r);
    return ret;
}

void diff_rules_release(struct diff_rules *r)
{
    free(r->v);
    free(r->storage);
    *r = (struct diff_rules){ 0 };
}
