/* What is written is JSON, whatever is in the strings; numbers look as Python's. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/json.h"

static const char *written(void (*write)(struct json *))
{
    static char *text;
    size_t n;
    struct json j;
    free(text);
    FILE *f = open_memstream(&text, &n);
    json_begin(&j, f);
    write(&j);
    fclose(f);
    return text;
}

static void nothing(struct json *j)
{
    json_object(j, NULL);
    json_array(j, "a");
    json_close(j, ']');
    json_object(j, "o");
    json_close(j, '}');
    json_close(j, '}');
}

static void something(struct json *j)
{
    json_array(j, NULL);
    json_count(j, NULL, UINT64_MAX);
    json_object(j, NULL);
    json_bool(j, "b", true);
    json_null(j, "n");
    json_text(j, "t", NULL);
    json_real(j, "r", 50);
    json_close(j, '}');
    json_close(j, ']');
}

static void strange(struct json *j)
{
    json_array(j, NULL);
    json_str(j, NULL, GHOST_STR("quote\" back\\ nl\n tab\t bell\a \x7f"));
    json_str(j, NULL, GHOST_STR("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x91\xbb"));
    json_str(j, NULL, GHOST_STR("lone \xed\xa0\x80"));                       /* a surrogate, as Python's surrogatepass */
    json_str(j, NULL, GHOST_STR("bad \xff \xc3 \xe2\x82 \xc0\xaf \xf5"));    /* no UTF-8 at all */
    json_str(j, NULL, GHOST_STR("nul \0 inside"));
    json_close(j, ']');
}

static void layout(void **state)
{
    (void)state;
    assert_string_equal(written(nothing), "{\n  \"a\": [],\n  \"o\": {}\n}");
    assert_string_equal(written(something), "[\n  18446744073709551615,\n  {\n    \"b\": true,\n    \"n\": null,\n    \"t\": null,\n    \"r\": 50.0\n  }\n]");
}

static void strings(void **state)
{
    (void)state;
    assert_string_equal(written(strange), "[\n"
        "  \"quote\\\" back\\\\ nl\\n tab\\t bell\\u0007 \\u007f\",\n"
        "  \"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x91\xbb\",\n"
        "  \"lone \\ud800\",\n"
        "  \"bad \\ufffd \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd \\ufffd\",\n"
        "  \"nul \\u0000 inside\"\n]");
}

/* The right-hand sides are what Python's repr() prints. */
static void reals(void **state)
{
    static const struct { double value; const char *text; } of[] = {
        { 0, "0.0" }, { 1, "1.0" }, { 0.5, "0.5" }, { 1.0 / 3, "0.3333333333333333" }, { 2.0 / 3, "0.6666666666666666" },
        { 100000, "100000.0" }, { 123456789.125, "123456789.125" }, { 1e15, "1000000000000000.0" }, { 1e16, "1e+16" },
        { 1e22, "1e+22" }, { 0.0001, "0.0001" }, { 0.00001, "1e-05" }, { 1550871137.5, "1550871137.5" }, { 0.1 + 0.2, "0.30000000000000004" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        char text[40];
        format_real(text, of[i].value);
        assert_string_equal(text, of[i].text);
    }
}

UNIT_TESTS(cmocka_unit_test(layout), cmocka_unit_test(strings), cmocka_unit_test(reals))
