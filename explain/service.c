/* service.c - asking a service, and asking again when that makes sense. */
#include "service.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "format/base.h"
#include "http.h"
#include "plain.h"
#include "sse.h"

#define BACK_OFF_MS 500.0
#define BACK_OFF_MAX_MS 8000.0
enum { LISTED = 12 };

/* ---- opening ---- */

/* Flag, environment, file, default. */
static const char *chosen(const char *option, const char *env, const char *file, const char *fallback)
{
    const char *const ways[] = { option, getenv(env), file };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i] && *ways[i])
            return ways[i];
    return fallback;
}

struct model_list { char *text; size_t size; unsigned n; char first[200]; };

static void add_model(void *self, const char *name)
{
    struct model_list *l = self;
    size_t len = strlen(l->text);
    if (l->n++ == 0)
        snprintf(l->first, sizeof l->first, "%s", name);
    if (l->n <= LISTED)
        snprintf(l->text + len, l->size - len, "%s%.80s", l->n > 1 ? ", " : "", name);
    else if (l->n == LISTED + 1)
        snprintf(l->text + len, l->size - len, ", ...");
}

/* What the service can be asked with; an empty list when it does not tell. */
static struct model_list list_models(struct service *s, char *text, size_t size)
{
    struct model_list list = { .text = text, .size = size };
    struct http_response r;
    struct ghost_err err = GHOST_ERR_INIT;
    char *url = s->backend->models_url(s->base);
    struct http_request q = { .url = url, .secret = s->secret.header, .timeout_ms = s->o.timeout_ms };
    text[0] = '\0';
    if (url) {
        if (http_send(&q, &r, &err) == 0 && r.status == 200 && r.body.p)
            s->backend->models((const char *)r.body.p, r.body.len, add_model, &list);
        http_response_release(&r);
    }
    free(url);
    secret_hide(&s->secret, text, strlen(text));
    plain_text_in_place(text);
    return list;
}

static char *without_slash(const char *url)
{
    size_t n = strlen(url);
    while (n && url[n - 1] == '/')
        n--;
    return strndup(url, n);
}

int service_plan(struct service *s, const struct backend *b, const struct service_options *o, struct ghost_err *err)
{
    const char *model = chosen(o->model, b->model_env, o->file_model, b->model);
    *s = (struct service){ .backend = b, .o = *o };
    s->base = without_slash(chosen(o->base_url, b->base_env, o->file_base_url, b->base));
    s->model = model ? strdup(model) : NULL;
    if (!s->base || (model && !s->model))
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    return http_check_base(s->base, o->allow_http, err);
}

/* A service that has one model only, as llama.cpp, need not be told which. */
static int find_model(struct service *s, struct ghost_err *err)
{
    char text[350];
    struct model_list list = list_models(s, text, sizeof text);
    s->model = list.n == 1 ? strdup(list.first) : NULL;
    return s->model ? 0 : ghost_fail(err, GHOST_E_USAGE, "no model is named: say --model NAME or set %s%s%s", s->backend->model_env,
                                     list.n ? "; the service has: " : "", text);
}

int service_open(struct service *s, const struct backend *b, const struct service_options *o, char problem[], size_t size)
{
    struct ghost_err err = GHOST_ERR_INIT;
    int ret = service_plan(s, b, o, &err);
    if (ret == 0)
        ret = secret_read(&s->secret, o->key_file && *o->key_file ? o->key_file : NULL, b->key_env, b->key_header, &err);
    if (ret == 0 && b->needs_key && !s->secret.key)
        ret = ghost_fail(&err, GHOST_E_USAGE, "the %s backend needs a key: set %s, or name a file that holds it with --key-file", b->name, b->key_env);
    if (ret == 0 && !s->model)
        ret = find_model(s, &err);
    if (ret < 0)
        snprintf(problem, size, "%s", err.msg);
    return ret;
}

void service_release(struct service *s)
{
    secret_release(&s->secret);
    free(s->base);
    free(s->model);
    *s = (struct service){ 0 };
}

char *service_request(const struct service *s, const struct prompt *p, bool stream, char **url)
{
    char *body = s->backend->body(p, s->model, stream, true);
    *url = s->backend->url(s->base, s->model, stream);
    if (body && *url)
        return body;
    free(body);
    free(*url);
    *url = NULL;
    return NULL;
}

/* ---- one attempt ---- */

struct attempt {
    struct service *s;
    struct reply *r;
    const struct service_sink *sink;
    struct sse events;
    size_t given;                    /* of the reply's text */
    bool any_event;
    struct api_error error;          /* told inside the answer */
    bool failed, garbled;
    char *problem; size_t size;
    bool again;                      /* trying again may help */
    double wait;                     /* seconds it asks for, -1: not said */
};

/* Bytes at the end that may be the beginning of the key: the rest may come with the next piece. */
static size_t begun_key(const struct secret *s, const char *text, size_t n)
{
    size_t len = s->key ? strlen(s->key) : 0;
    for (size_t k = len ? len - 1 : 0; k > 0; k--)
        if (k <= n && memcmp(text + n - k, s->key, k) == 0)
            return k;
    return 0;
}

/* Hands on what is new, without the key. */
static int give(struct attempt *a, bool all)
{
    char *text = (char *)a->r->text.p;
    size_t n = a->r->text.len;
    int ret = 0;
    secret_hide(&a->s->secret, text ? text + a->given : NULL, n - a->given);
    n -= all || !text ? 0 : begun_key(&a->s->secret, text, n);
    if (n > a->given)
        ret = a->sink->text(a->sink->self, text + a->given, n - a->given);
    a->given = n > a->given ? n : a->given;
    return ret;
}

static int take(struct attempt *a, const char *json, size_t n)
{
    int ret = a->s->backend->take(a->r, json, n, &a->error);
    a->failed = a->failed || ret == GHOST_E_STATE;
    a->garbled = a->garbled || ret == GHOST_E_CORRUPT;
    return ret ? ret : give(a, false);
}

static int on_event(void *self, const char *data, size_t n)
{
    struct attempt *a = self;
    a->any_event = true;
    return take(a, data, n);
}

static int on_stream(void *self, const char *bytes, size_t n)
{
    struct attempt *a = self;
    return sse_feed(&a->events, bytes, n);
}

static const char *advice(const struct service *s, long status)
{
    switch (status) {
    case 400: return "; the service does not take this request (is the model right, and the key complete?)";
    case 401: case 403: return "; check the key";
    case 408: case 504: return "; the service took too long";
    case 413: return "; the facts are too long for it";
    case 429: return "; the quota is used up";
    default: return status >= 300 && status < 400 ? "; it points to another place, which is not followed: --base-url must name the right one"
                                                  : status >= 500 ? "; the service has a problem" : s->backend->needs_key ? "" : "; is the base URL right?";
    }
}

static void tell_status(struct attempt *a, const struct http_response *h)
{
    struct api_error *e = &a->error;
    char models[700] = "";
    if (h->body.len)
        api_error_parse(e, (const char *)h->body.p, h->body.len);
    else
        *e = (struct api_error){ .retry_delay = -1 };
    struct model_list list = { 0 };
    if (h->status == 404)
        list = list_models(a->s, models, sizeof models);
    int n = snprintf(a->problem, a->size, "%s answered %ld%s%s%s%s%s", a->s->backend->name, h->status, e->status[0] ? " " : "", e->status,
                     e->message[0] ? ": " : "", e->message, h->status == 404 ? "" : advice(a->s, h->status));
    if (h->status == 404 && n > 0 && (size_t)n < a->size)
        snprintf(a->problem + n, a->size - (size_t)n, "; there is no model '%.100s' (or it is retired)%s%s%s", a->s->model,
                 list.n ? ". Models that can explain: " : "", models, list.n ? ". Choose one with --model" : "");
    a->wait = e->retry_delay >= 0 ? e->retry_delay : h->retry_after;
    a->again = h->status == 408 || h->status == 429 || h->status >= 500;
    if (e->daily) {
        a->again = false;
        n = (int)strlen(a->problem);
        snprintf(a->problem + n, a->size - (size_t)n, " for today; asking again would not help");
    }
}

/* The stream, or the whole body, was read: is it an answer? */
static bool settle(struct attempt *a, const struct http_response *h, bool stream)
{
    struct reply *r = a->r;
    int ret = stream ? sse_end(&a->events) : take(a, h->body.p ? (const char *)h->body.p : "", h->body.len);
    /* no event at all: a plain answer; or an error in its middle */
    if (stream && ret == 0 && a->events.stray.len && !a->failed) {
        bool before = a->garbled;
        ret = take(a, (const char *)a->events.stray.p, a->events.stray.len);
        a->garbled = a->any_event ? before : a->garbled;
    }
    if (ret == 0)
        ret = give(a, true);
    char *const words[] = { r->version, r->finish, r->blocked, r->retirement };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i])
            secret_hide(&a->s->secret, words[i], strlen(words[i]));
    if (a->failed) {
        a->again = a->given == 0 && (strcmp(a->error.status, "UNAVAILABLE") == 0 || strcmp(a->error.status, "RESOURCE_EXHAUSTED") == 0) && !a->error.daily;
        a->wait = a->error.retry_delay;
        snprintf(a->problem, a->size, "%s broke off with an error%s%s: %s", a->s->backend->name, a->error.status[0] ? " " : "", a->error.status,
                 a->error.message[0] ? a->error.message : "it does not say which");
    } else if (r->blocked) {
        snprintf(a->problem, a->size, "%s refused to answer: %s", a->s->backend->name, r->blocked);
    } else if (a->garbled && r->text.len == 0) {
        snprintf(a->problem, a->size, "%s answered something that is no answer of its kind; is the base URL right?", a->s->backend->name);
    } else if (r->text.len == 0 && r->cut) {
        snprintf(a->problem, a->size, "%s used up its tokens before it said anything (%s)", a->s->backend->name, r->finish);
    } else if (r->text.len == 0) {
        snprintf(a->problem, a->size, "%s gave an empty answer%s%s", a->s->backend->name, r->finish ? "; it says: " : "", r->finish ? r->finish : "");
    } else if (a->garbled || !r->finish) {
        snprintf(a->problem, a->size, "the answer of %s breaks off before its end", a->s->backend->name);
    } else if (r->cut) {
        snprintf(a->problem, a->size, "the answer was cut: %s", r->finish);
    } else if (ret != 0) {
        snprintf(a->problem, a->size, "out of memory");
    } else {
        return true;
    }
    return false;
}

static bool attempt(struct attempt *a, const struct prompt *p, bool stream, bool structured, long *status)
{
    struct service *s = a->s;
    struct http_response h = { 0 };
    struct ghost_err err = GHOST_ERR_INIT;
    char *body = s->backend->body(p, s->model, stream, structured), *url = s->backend->url(s->base, s->model, stream);
    bool answered = false;
    a->events = (struct sse){ .event = on_event, .self = a };
    a->error = (struct api_error){ .retry_delay = -1 };
    a->failed = a->garbled = a->any_event = a->again = false;
    a->wait = -1;
    *status = 0;
    struct http_request q = { .url = url, .secret = s->secret.header, .body = body, .timeout_ms = s->o.timeout_ms,
                              .data = stream ? on_stream : NULL, .self = a };
    if (!body || !url) {
        snprintf(a->problem, a->size, "out of memory");
    } else if (http_send(&q, &h, &err) < 0) {
        snprintf(a->problem, a->size, "%s could not be asked: %s", s->backend->name, err.msg);
        a->again = h.retryable && a->given == 0;
    } else if (h.status < 200 || h.status > 299) {
        *status = h.status;
        tell_status(a, &h);
    } else {
        answered = settle(a, &h, stream);
    }
    if (s->o.log)
        fprintf(s->o.log, "ghost: %s %s: status %ld, %llu bytes\n", body ? "POST" : "", url ? url : "", h.status, (unsigned long long)h.received);
    http_response_release(&h);
    sse_release(&a->events);
    free(body);
    free(url);
    secret_hide(&s->secret, a->problem, strlen(a->problem));
    return answered;
}

/* ---- again ---- */

/* Half fixed, half by chance, so that many who failed together do not come back together. */
static double back_off_ms(unsigned attempt)
{
    uint32_t chance = 0;
    double longest = fmin(BACK_OFF_MAX_MS, BACK_OFF_MS * pow(2, attempt));
    if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
        chance = UINT32_MAX / 2;
    return longest / 2 + longest / 2 * ((double)chance / UINT32_MAX);
}

static void pause_ms(double ms)
{
    struct timespec t = { (time_t)(ms / 1000), (long)(fmod(ms, 1000) * 1e6) };
    while (nanosleep(&t, &t) != 0)
        ;
}

/* Waits before another attempt; false: there is none. */
static bool wait_for(const struct attempt *a, unsigned done)
{
    const struct service_options *o = &a->s->o;
    double ms = a->wait >= 0 ? a->wait * 1000 + back_off_ms(0) / 10 : back_off_ms(done);
    if (!a->again || done >= o->retries)
        return false;
    if (a->wait * 1000 > (double)o->max_wait_ms) {
        size_t n = strlen(a->problem);
        snprintf(a->problem + n, a->size - n, "; it asks to wait %.0f s, which is longer than --max-wait", a->wait);
        return false;
    }
    if (o->log)
        fprintf(o->log, "ghost: %s\nghost: trying again in %.1f s\n", a->problem, ms / 1000);
    pause_ms(ms);
    return true;
}

bool service_ask(struct service *s, const struct prompt *p, bool stream, const struct service_sink *sink,
                 struct reply *r, char problem[], size_t size)
{
    struct attempt a = { .s = s, .r = r, .sink = sink, .problem = problem, .size = size };
    bool structured = true;
    for (unsigned done = 0;;) {
        long status;
        if (attempt(&a, p, stream, structured, &status)) {
            problem[0] = '\0';
            return true;
        }
        bool plainer = status == 400 && structured && s->backend->retry_unstructured;
        if (plainer)
            structured = false;
        else if (!wait_for(&a, done++))
            return false;
        reply_release(r);
        a.given = 0;
    }
}
