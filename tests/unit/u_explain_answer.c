/* u_explain_answer.c - answers and event streams, cut anywhere. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/answer.h"
#include "explain/sse.h"

struct seen { char text[4096]; };

static int on_claim(void *self, struct claim *c)
{
    struct seen *s = self;
    size_t n = strlen(s->text);
    n += (size_t)snprintf(s->text + n, sizeof s->text - n, "%s%s", c->missing ? "?" : "", c->text);
    for (size_t i = 0; i < c->n_cited; i++)
        n += (size_t)snprintf(s->text + n, sizeof s->text - n, " %u", c->cited[i]);
    snprintf(s->text + n, sizeof s->text - n, "|");
    free(c->text);
    return 0;
}

/* Claims of an answer that comes in pieces of `step` bytes. */
static int read_answer(const char *text, size_t step, struct seen *out)
{
    struct answer a = { .claim = on_claim, .self = out };
    size_t n = strlen(text);
    int ret = 0;
    out->text[0] = '\0';
    for (size_t i = 0; i < n && ret == 0; i += step)
        ret = answer_feed(&a, text + i, n - i < step ? n - i : step);
    if (ret == 0)
        ret = answer_end(&a);
    answer_release(&a);
    return ret;
}

static void forms(void **state)
{
    static const struct { const char *text, *claims; int ret; } all[] = {
        { "{\"claims\":[{\"text\":\"a\",\"facts\":[1,2]},{\"text\":\"b \\\"{[\",\"facts\":[]}],\"not_in_facts\":[\"c\"]}", "a 1 2|b \"{[|?c|", 0 },
        { "```json\n{\"claims\": [{\"text\": \"a\", \"facts\": [3]}], \"not_in_facts\": []}\n```", "a 3|", 0 },
        { "[{\"text\":\"a\",\"facts\":[1]}]", "a 1|", 0 },
        { "{\"claims\":[{\"facts\":[\"7\"],\"text\":\"a\",\"more\":{\"text\":\"no\"}}]}", "a 7|", 0 },
        { "{\"claims\":[{\"text\":\"a\",\"facts\":[1]},{\"text\":\"b\",\"fac", "a 1|", 0 },
        { "{\"claims\":[{\"text\":\"a\",\"facts\":[-1,1e99,2.7,null]}]}", "a 0 0 2 0|", 0 },
        { "First [1].\n\n  Second [2, 3]; and [x].\n", "First [1]. 1|Second [2, 3]; and [x]. 2 3|", 0 },
        { "{\"claims\":[]}", "", GHOST_E_CORRUPT },
        { "{\"claims\": [{\"text\": ", "", GHOST_E_CORRUPT },
        { "", "", GHOST_E_CORRUPT },
        { "{\"claims\":[{\"text\":\"tab\\tbell\\u0007 \\u001b[31m\",\"facts\":[]}]}", "tab bell  [31m|", 0 },
        { "{\"claims\":[{\"text\":\"\"},{\"text\":7},{\"text\":\"x\",\"facts\":\"no\"}]}", "x|", 0 },
    };
    struct seen s;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t step = 1; step < 12; step++) {
            assert_int_equal(read_answer(all[i].text, step, &s), all[i].ret);
            assert_string_equal(s.text, all[i].claims);
        }
}

static void bounds(void **state)
{
    char *deep = malloc(200001), *many = malloc(200001);
    struct seen s;
    (void)state;
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    assert_int_equal(read_answer(deep, 4096, &s), GHOST_E_CORRUPT);
    size_t n = 0;
    for (n += (size_t)snprintf(many, 200000, "{\"claims\":["); n < 100000;)
        n += (size_t)snprintf(many + n, 200000 - n, "{\"text\":\"a\"},");
    snprintf(many + n, 200000 - n, "{}]}");
    assert_int_equal(read_answer(many, 4096, &s), 0);
    assert_int_equal(strlen(s.text), 2 * ANSWER_CLAIMS);
    free(deep);
    free(many);
}

static int on_event(void *self, const char *data, size_t n)
{
    struct seen *s = self;
    assert_int_equal(strlen(data), n);
    size_t len = strlen(s->text);
    snprintf(s->text + len, sizeof s->text - len, "%s|", data);
    return strcmp(data, "stop") == 0 ? 7 : 0;
}

static void events(void **state)
{
    const char *stream = ": hello\r\nevent: x\r\ndata: one\r\ndata:two\r\n\r\ndata\n\nid: 5\ndata:  three\n\n{\"error\": 1}\nmore\n\ndata: last";
    (void)state;
    for (size_t step = 1; step < 20; step++) {
        struct seen s = { "" };
        struct sse e = { .event = on_event, .self = &s };
        for (size_t i = 0; i < strlen(stream); i += step)
            assert_int_equal(sse_feed(&e, stream + i, strlen(stream) - i < step ? strlen(stream) - i : step), 0);
        assert_int_equal(sse_end(&e), 0);
        assert_string_equal(s.text, "one\ntwo|| three|last|");
        assert_int_equal(e.stray.len, strlen("{\"error\": 1}\nmore\n"));
        sse_release(&e);
    }
    struct seen s = { "" };
    struct sse e = { .event = on_event, .self = &s };
    assert_int_equal(sse_feed(&e, "data: stop\n\ndata: no\n\n", 22), 7);
    assert_string_equal(s.text, "stop|");
    sse_release(&e);
}

UNIT_TESTS(cmocka_unit_test(forms), cmocka_unit_test(bounds), cmocka_unit_test(events))
