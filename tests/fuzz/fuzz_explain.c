/* fuzz_explain.c - any bytes as what a service may send: errors, whole answers,
 * streams, claims. Nothing crashes, and what comes out is bounded and clean.
 * The first byte chooses the reader and how the rest is cut into pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "explain/answer.h"
#include "explain/backend.h"
#include "explain/check.h"
#include "explain/sse.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static struct facts facts;

static void make_facts(void)
{
    if (facts.n)
        return;
    fact_begin(&facts, FACT_SUBJECT);
    fact_name(&facts, NAME_FUNCTION, GHOST_STR("shop.Order.add"), GHOST_STR("shop.Order.add"));
    fact_begin(&facts, FACT_LATENCY);
    fact_words(&facts, "p50 is ");
    fact_number(&facts, 12.5e6, UNIT_NS, "12.5ms");
    fact_name(&facts, NAME_TEXT, GHOST_STR("took 3.5s of 18/30 calls"), GHOST_STR("x"));
    fact_number(&facts, 0.2176, UNIT_SHARE, "21.8%");
    facts_number(&facts);
}

static int on_claim(void *self, struct claim *c)
{
    static const char *const languages[] = { "en", "de" };
    struct check_options o = check_options_for(languages[strlen(c->text) % 2]);
    (void)self;
    check(strlen(c->text) <= ANSWER_TEXT && is_clean(c->text) && c->n_cited <= ANSWER_CITED);
    check_claim(&facts, &o, c->text, c->cited, c->n_cited, c->missing, &c->verdict);
    check(c->verdict.holds == (c->verdict.reason[0] == '\0'));
    free(c->text);
    return 0;
}

static void read_answer(const char *text, size_t n, size_t step)
{
    struct answer a = { .claim = on_claim };
    int ret = 0;
    for (size_t i = 0; i < n && ret == 0; i += step)
        ret = answer_feed(&a, text + i, n - i < step ? n - i : step);
    if (ret == 0)
        ret = answer_end(&a);
    check(a.n <= ANSWER_CLAIMS && (ret == 0 || ret == GHOST_E_CORRUPT));
    answer_release(&a);
}

struct stream { const struct backend *backend; struct reply reply; };

static int on_event(void *self, const char *data, size_t n)
{
    struct stream *s = self;
    struct api_error error = { .retry_delay = -1 };
    check(data[n] == '\0');
    int ret = s->backend->take(&s->reply, data, n, &error);
    check(ret == 0 || ret == GHOST_E_CORRUPT || ret == GHOST_E_STATE);
    check(is_clean(error.message) && is_clean(error.status));
    return 0;
}

static void read_stream(const struct backend *b, const char *text, size_t n, size_t step)
{
    struct stream s = { .backend = b };
    struct sse e = { .event = on_event, .self = &s };
    for (size_t i = 0; i < n; i += step)
        check(sse_feed(&e, text + i, n - i < step ? n - i : step) == 0);
    check(sse_end(&e) == 0);
    const char *words[] = { s.reply.version, s.reply.finish, s.reply.blocked, s.reply.retirement };
    for (size_t i = 0; i < 4; i++)
        check(!words[i] || (is_clean(words[i]) && strlen(words[i]) <= 200));
    if (s.reply.text.len)
        read_answer((const char *)s.reply.text.p, s.reply.text.len, step);
    sse_release(&e);
    reply_release(&s.reply);
}

static void on_model(void *self, const char *name)
{
    *(size_t *)self += strlen(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct api_error error;
    size_t models = 0;
    if (size < 1)
        return 0;
    const char *text = (const char *)data + 1;
    size_t n = size - 1, step = 1 + (data[0] >> 4) * 3;
    struct reply whole = { 0 };
    make_facts();
    switch (data[0] & 7) {
    case 0: read_answer(text, n, step); break;
    case 1: read_stream(&backend_gemini, text, n, step); break;
    case 2: read_stream(&backend_openai, text, n, step); break;
    case 3:
        api_error_parse(&error, text, n);
        check(is_clean(error.message) && is_clean(error.status) && error.retry_delay >= -1);
        break;
    case 4: backend_gemini.take(&whole, text, n, &error); break;
    case 5: backend_openai.take(&whole, text, n, &error); break;
    case 6: backend_gemini.models(text, n, on_model, &models); break;
    default: backend_openai.models(text, n, on_model, &models); break;
    }
    reply_release(&whole);
    return 0;
}
