/* explain.c - the sequence: backend, prompt, answer, check, audit. */
#include "explain.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "format/base.h"
#include "redact.h"

const struct backend *explain_backend(const char *name, bool *automatic, struct ghost_err *err)
{
    const char *key = getenv(backend_gemini.key_env);
    *automatic = !name || !*name || strcmp(name, "auto") == 0;
    if (*automatic)
        return key && *key ? &backend_gemini : &backend_template;
    const struct backend *b = backend_find(name);
    if (!b)
        ghost_fail(err, GHOST_E_USAGE, "there is no backend '%.60s'", name);
    return b;
}

/* ---- claims as they come ---- */

struct run {
    struct explanation *e;
    const struct facts *f;
    const struct explain_options *o;
    struct redaction names;
    struct check_options check;
    struct answer answer;
    struct service service;
};

static int on_claim(void *self, struct claim *c)
{
    struct run *r = self;
    struct explanation *e = r->e;
    char *restored = redact_restore(&r->names, c->text);
    free(c->text);
    if (!restored || !array_grow(&e->claims, &e->cap, (size_t)e->n + 1, sizeof *e->claims)) {
        free(restored);
        return GHOST_E_NOMEM;
    }
    secret_hide(&r->service.secret, restored, strlen(restored));
    c->text = restored;
    check_claim(r->f, &r->check, c->text, c->cited, c->n_cited, c->missing, &c->verdict);
    bool vague = verdict_is_vague(&c->verdict);
    e->vague += !c->missing && vague;
    e->checked += !c->missing && !vague;
    e->held += !c->missing && !vague && c->verdict.holds;
    e->relations += c->missing ? 0 : c->verdict.relations;
    e->open += c->missing ? 0 : c->verdict.open;
    e->claims[e->n++] = *c;
    if (r->o->on_claim && (c->verdict.holds || !r->o->strict))
        r->o->on_claim(r->o->self, c);
    return 0;
}

static int on_text(void *self, const char *text, size_t n)
{
    struct run *r = self;
    return answer_feed(&r->answer, text, n);
}

/* ---- asking ---- */

static void set(char **member, const char *value)
{
    free(*member);
    *member = value ? strdup(value) : NULL;
}

static void warn(struct explanation *e, const char *format, const char *what)
{
    size_t n = strlen(e->warning);
    if (n)
        n += (size_t)snprintf(e->warning + n, sizeof e->warning - n, "; ");
    if (n < sizeof e->warning)
        snprintf(e->warning + n, sizeof e->warning - n, format, what);
}

static int finish(struct run *r, bool complete)
{
    struct explanation *e = r->e;
    int ret = answer_end(&r->answer);
    if (ret == GHOST_E_CORRUPT && complete)
        snprintf(e->problem, sizeof e->problem, "%s answered, but not in the form that was asked for", e->backend->name);
    else if (e->checked && !e->held && !e->problem[0])
        snprintf(e->problem, sizeof e->problem, "no claim of the answer of %s stands the check against the facts", e->backend->name);
    return ret == GHOST_E_NOMEM ? ret : 0;
}

static int from_cache(struct run *r, const struct cached *c)
{
    r->e->cached = true;
    set(&r->e->version, c->version);
    int ret = answer_feed(&r->answer, c->text, strlen(c->text));
    return ret ? ret : finish(r, true);
}

static int from_service(struct run *r, const struct prompt *p, const struct cache_key *key)
{
    struct explanation *e = r->e;
    struct reply reply = { 0 };
    struct service_sink sink = { on_text, r };
    struct ghost_err err = GHOST_ERR_INIT;
    bool complete = service_ask(&r->service, p, r->o->stream, &sink, &reply, e->problem, sizeof e->problem);
    set(&e->version, reply.version);
    if (reply.retirement)
        warn(e, "this model will be retired: %s", reply.retirement);
    if (complete && !reply.ended)
        warn(e, "the answer ended with %s", reply.finish);
    int ret = r->answer.text.len ? finish(r, complete) : 0;
    struct cached c = { .text = r->answer.text.p ? strndup((const char *)r->answer.text.p, r->answer.text.len) : NULL, .version = reply.version };
    if (complete && reply.ended && !e->problem[0] && r->o->cache_dir && c.text && cache_put(r->o->cache_dir, key, &c, &err) < 0)
        warn(e, "%s", err.msg);
    free(c.text);
    reply_release(&reply);
    return ret;
}

static int ask(struct run *r, const struct prompt *p)
{
    struct explanation *e = r->e;
    struct cached c;
    struct ghost_err err = GHOST_ERR_INIT;
    set(&e->model, r->service.model);
    struct cache_key key = { e->backend->name, r->service.base, r->service.model, p };
    int ret;
    if (r->o->cache_dir && cache_get(r->o->cache_dir, &key, &c)) {
        ret = from_cache(r, &c);
        cached_release(&c);
    } else {
        ret = from_service(r, p, &key);
    }
    if (ret == 0 && r->o->audit && audit_write(r->o->audit, e, r->o, p, r->service.base, &r->answer.text, &err) < 0)
        warn(e, "%s", err.msg);
    return ret;
}

int explain_run(struct explanation *e, const struct facts *f, const struct explain_options *o, struct ghost_err *err)
{
    struct run r = { .e = e, .f = f, .o = o, .check = check_options_for(o->language) };
    struct prompt p = { 0 };
    *e = (struct explanation){ 0 };
    e->backend = explain_backend(o->backend, &e->automatic, err);
    if (!e->backend)
        return GHOST_E_USAGE;
    if (!e->backend->url)
        return 0;
    for (const struct backend *const *b = backends; *b; b++)
        if (*b != e->backend && (*b)->key_env)
            secret_forget((*b)->key_env);
    e->words_known = r.check.english;
    r.answer = (struct answer){ .claim = on_claim, .self = &r };
    int ret = redaction_make(&r.names, f, o->redact, err);
    if (ret == 0)
        ret = prompt_make(&p, f, &r.names, o->language, o->question, err);
    if (ret == 0) {
        e->asked = true;
        if (p.left_out)
            warn(e, "%s", "the model did not get all of the facts: there are too many (docs/explain.md)");
        if (service_open(&r.service, e->backend, &o->service, e->problem, sizeof e->problem) == 0)
            ret = ask(&r, &p);
        service_release(&r.service);
    }
    prompt_release(&p);
    redaction_release(&r.names);
    answer_release(&r.answer);
    return ret == GHOST_E_NOMEM ? ghost_fail(err, ret, "out of memory while explaining") : ret;
}

void explanation_release(struct explanation *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        free(e->claims[i].text);
    free(e->claims);
    free(e->model);
    free(e->version);
    *e = (struct explanation){ 0 };
}

/* ---- dry run ---- */

int explain_dry_run(const struct facts *f, const struct explain_options *o, FILE *out, struct ghost_err *err)
{
    bool automatic;
    struct redaction names;
    struct prompt p = { 0 };
    struct service s = { 0 };
    char *url = NULL, *body = NULL;
    const struct backend *b = explain_backend(o->backend, &automatic, err);
    if (!b)
        return GHOST_E_USAGE;
    if (!b->url) {
        fputs("Nothing would be sent: the template backend works from the facts alone.\n", out);
        return 0;
    }
    int ret = redaction_make(&names, f, o->redact, err);
    if (ret == 0)
        ret = prompt_make(&p, f, &names, o->language, o->question, err);
    if (ret == 0)
        ret = service_plan(&s, b, &o->service, err);
    if (ret == 0 && !s.model)
        ret = ghost_fail(err, GHOST_E_USAGE, "no model is named: say --model NAME or set %s; without one the service is asked which it has", b->model_env);
    if (ret == 0)
        body = service_request(&s, &p, o->stream, &url);
    if (body) {
        fprintf(out, "POST %s\ncontent-type: application/json\n", url);
        if (b->needs_key || getenv(b->key_env) || o->service.key_file)
            fprintf(out, "%s<the key>\n", b->key_header);
        fprintf(out, "\n%s\n", body);
    } else if (ret == 0) {
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    }
    free(url);
    free(body);
    service_release(&s);
    prompt_release(&p);
    redaction_release(&names);
    return ret;
}
