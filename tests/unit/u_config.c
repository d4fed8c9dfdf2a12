/* Settings: the schema made of option tables, what a file may say, and what no file may do to us. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/command.h"
#include "analyzer/config_file.h"
#include "analyzer/config_schema.h"

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Each row with a key obeys the rules that config.h and docs/config.md state. */
static void rows_of_one_key_agree(void **state)
{
    (void)state;
    for (size_t c = 0; commands[c]; c++) {
        for (const struct option *o = commands[c]->options; o && o->name; o++) {
            if (strcmp(o->name, "data-dir") == 0 && !same(o->key, "recording.data_dir"))
                fail_msg("ghost %s --data-dir needs .key = \"recording.data_dir\", .env = \"GHOST_DATA_DIR\"", commands[c]->name);
            if (!o->key)
                continue;
            const struct option *first = config_row(o->key);
            if (strspn(o->key, "abcdefghijklmnopqrstuvwxyz0123456789_.") != strlen(o->key) || !strchr(o->key, '.'))
                fail_msg("the key %s is not section.name", o->key);
            if (first->kind != o->kind || !same(first->fallback, o->fallback) || !same(first->env, o->env) || first->guarded != o->guarded)
                fail_msg("ghost %s --%s differs from another row with the key %s", commands[c]->name, o->name, o->key);
            if (config_secret_name(o->key))
                fail_msg("%s sounds like a secret: config.c would refuse it", o->key);
            assert_false(config_is_section(o->key));
            assert_false(config_is_list(o->key));
        }
    }
}

static struct config_file file;

static const struct config_problems *read_text(const char *text, size_t n)
{
    struct ghost_err err = GHOST_ERR_INIT;
    char path[] = "/tmp/u_config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
    config_file_release(&file);
    int ret = config_file_read(&file, path, true, &err);
    unlink(path);
    if (ret < 0)
        fail_msg("%s", err.msg);
    return &file.problems;
}

static void places_are_exact(void **state)
{
    static const struct { const char *text; unsigned line, column; const char *says; } wrong[] = {
        { "recording:\n  flsuh: 2\n", 2, 3, "Did you mean 'recording.flush'" },
        { "recroding:\n  flush: 2\n", 1, 1, "Did you mean 'recording'" },
        { "recording:\n  flush: soon\n", 2, 10, "a number of seconds, not 'soon'" },
        { "recording:\n  flush: [1, 2]\n", 2, 10, "one value, not a list" },
        { "recording:\n  flush:\n", 2, 9, "has no value" },
        { "recording:\n  flush: 1\n  all: true\n  flush: 2\n", 4, 3, "set in line 2" },
        { "recording:\n  on_full: explode\n", 2, 12, "wait, drop" },
        { "recording:\n  all: maybe\n", 2, 8, "true or false" },
        { "recording:\n  include: [a, {b: c}]\n", 2, 16, "one value" },
        { "recording: {flush: 1\n", 2, 1, "not YAML" },
        { "a: &x 1\nb: *x\n", 1, 1, "no setting 'a'" },
        { "recording:\n  flush: &x 1\n", 2, 10, "anchors" },
        { "recording:\n  flush: *x\n", 2, 10, "aliases" },
        { "recording:\n  <<: {flush: 1}\n", 2, 3, "merge keys" },
        { "recording:\n  flush: !!int 1\n", 2, 10, "tags" },
        { "recording: 5\n", 1, 12, "is a section" },
        { "- recording\n", 1, 1, "not a list" },
        { "just text\n", 1, 1, "not a single value" },
        { "recording:\n  all: true\n---\nx: 1\n", 3, 1, "second document" },
        { "\xff\xfe\xfd", 1, 1, "not readable as text" },
        { "detectors:\n  api_key: abc\n", 2, 3, "secrets do not belong" },
        { "recording:\n  flush: AIzaSyA0123456789012345678901234567890\n", 2, 10, "looks like a key" },
        { "recording:\n  data_dir: https://me:pw@host/x\n", 2, 13, "looks like a key" },
        { "detectors:\n  suppress:\n    - kind: high_exc_rate\n", 3, 7, "needs a reason" },
        { "detectors:\n  suppress:\n    - reason: x\n", 3, 7, "would hide everything" },
        { "detectors:\n  suppress:\n    - {kind: hihg, reason: x}\n", 3, 14, "never_called" },
        { "detectors:\n  suppress:\n    - {kind: never_called, reason: x, unitl: 2027-01-01}\n", 3, 39, "Did you mean 'until'" },
        { "detectors:\n  suppress:\n    - {id: 12, reason: x}\n", 3, 12, "16 hex digits" },
        { "detectors:\n  suppress:\n    - {kind: never_called, reason: x, until: 2027-02-29}\n", 3, 46, "a day as" },
        { "detectors:\n  suppress: {kind: never_called}\n", 2, 13, "is a list" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct config_problems *p = read_text(wrong[i].text, strlen(wrong[i].text));
        if (p->n == 0 || p->v[0].line != wrong[i].line || p->v[0].column != wrong[i].column || !strstr(p->v[0].text, wrong[i].says))
            fail_msg("%s says %u:%u: %s", wrong[i].text, p->n ? p->v[0].line : 0, p->n ? p->v[0].column : 0, p->n ? p->v[0].text : "nothing");
    }
}

static void no_secret_is_repeated(void **state)
{
    static const char text[] = "recording:\n  flush: sk-abcdefghijklmnopqrstuvwxyz\n  sk-abcdefghijklmnopqrstuvwxyz: 1\ndetectors:\n  token: hunter2\n";
    (void)state;
    const struct config_problems *p = read_text(text, sizeof text - 1);
    assert_true(p->n >= 3);
    for (size_t i = 0; i < p->n; i++)
        if (strstr(p->v[i].text, "abcdefghij") || strstr(p->v[i].text, "hunter2"))
            fail_msg("%s", p->v[i].text);
}

static void what_is_right_is_taken(void **state)
{
    static const char text[] = "# all of it\nrecording:\n  all: yes\n  include: ['a.*', b]\n  exclude: only\n  max_log: 1.5G\nreport:\n"
                               "detectors:\n  suppress:\n    - kind: never_called\n      function: 'shop.*:cart*'\n      reason: later\n      until: 2026-12-31\n"
                               "    - {id: 0123456789abcdef, reason: known}\n";
    (void)state;
    const struct config_problems *p = read_text(text, sizeof text - 1);
    if (p->n)                            /* report has settings of its own, or is no section */
        assert_non_null(strstr(p->v[0].text, "'report'"));
    assert_int_equal(file.n_values, 4);
    assert_string_equal(file.values[1].items[0], "a.*");
    assert_int_equal(file.values[1].n, 2);
    assert_string_equal(file.values[2].items[0], "only");
    assert_int_equal(file.values[3].at.line, 6);
    const struct config_suppression *s = file.suppressions.v;
    assert_int_equal(file.suppressions.n, 2);
    assert_true(config_suppresses(s, "x", "never_called", "shop.web", "cart_add"));
    assert_false(config_suppresses(s, "x", "never_called", "shop.web", "add_cart"));
    assert_false(config_suppresses(s, "x", "latency_outlier", "shop.web", "cart_add"));
    assert_true(config_suppresses(s + 1, "0123456789abcdef", "any", "m", "f"));
    assert_false(config_suppresses(s + 1, "0123456789abcdee", "any", "m", "f"));
    assert_false(config_expired(s, 1798761599));         /* 2026-12-31 23:59:59 UTC */
    assert_true(config_expired(s, 1798761600));
    assert_false(config_expired(s + 1, INT64_MAX));
}

static uint32_t dice(uint32_t sides)
{
    static uint32_t state = 7;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % sides;
}

/* Whatever bytes a file has: an answer within bounds, and no harm (run with SAN=address,undefined). */
static void hostile_files(void **state)
{
    static const char seed[] = "recording:\n  all: yes\n  include: ['a.*', &x b, *x]\ndetectors:\n  suppress:\n  - {kind: never_called, reason: \"x\\0\", <<: 1}\n";
    char text[sizeof seed], deep[4000];
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        memcpy(text, seed, sizeof seed);
        for (unsigned i = 0; i <= dice(6); i++)
            text[dice(sizeof seed - 1)] = (char)(dice(3) ? "[]{}:&*!<>-|'\"#%@ \n\t,?"[dice(22)] : (int)dice(256));
        read_text(text, dice(sizeof seed));
    }
    memset(deep, '[', sizeof deep);
    assert_string_equal(read_text(deep, sizeof deep)->v[0].text, "nested too deeply");
    char *many = malloc(400000);
    size_t n = 0;
    for (unsigned i = 0; i < 30000; i++)
        n += (size_t)snprintf(many + n, 400000 - n, "k%u: 1\n", i);
    const struct config_problems *p = read_text(many, n);
    assert_int_equal(p->n, 1);
    assert_non_null(strstr(p->v[0].text, "too many values"));
    free(many);
}

static int release(void **state)
{
    (void)state;
    config_file_release(&file);
    return 0;
}

UNIT_TESTS(cmocka_unit_test(rows_of_one_key_agree), cmocka_unit_test(places_are_exact), cmocka_unit_test(no_secret_is_repeated),
           cmocka_unit_test(what_is_right_is_taken), cmocka_unit_test_teardown(hostile_files, release))
