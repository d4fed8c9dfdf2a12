/* Option tables: every kind of value, both spellings, and what is refused. */
#include "unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/command.h"

struct values {
    bool flag, other;
    const char *text, *choice;
    struct option_list list, each;
    uint64_t count, size, seconds;
    double real;
};

static const char *const colours[] = { "red", "green", NULL };
static const struct option options[] = {
    { .name = "flag", .letter = 'f', .kind = OPTION_FLAG, .at = offsetof(struct values, flag), .help = "a flag" },
    { .name = "other", .letter = 'o', .kind = OPTION_FLAG, .at = offsetof(struct values, other), .help = "another" },
    { .name = "text", .letter = 't', .kind = OPTION_TEXT, .at = offsetof(struct values, text), .arg = "T", .help = "a text" },
    { .name = "colour", .kind = OPTION_CHOICE, .at = offsetof(struct values, choice), .arg = "C", .fallback = "red", .choices = colours, .help = "one" },
    { .name = "item", .letter = 'i', .kind = OPTION_LIST, .at = offsetof(struct values, list), .arg = "I", .help = "many" },
    { .name = "count", .letter = 'n', .kind = OPTION_COUNT, .at = offsetof(struct values, count), .arg = "N", .fallback = "7", .help = "a number" },
    { .name = "size", .kind = OPTION_SIZE, .at = offsetof(struct values, size), .arg = "S", .help = "a size" },
    { .name = "wait", .kind = OPTION_SECONDS, .at = offsetof(struct values, seconds), .arg = "S", .help = "seconds" },
    { .name = "real", .kind = OPTION_REAL, .at = offsetof(struct values, real), .arg = "R", .fallback = "0.5", .env = "U_OPT_REAL", .help = "a fraction" },
    { .name = "quiet", .kind = OPTION_FLAG, .at = offsetof(struct values, other), .key = "u.quiet", .env = "U_OPT_QUIET", .help = "a setting" },
    { .name = "each", .kind = OPTION_LIST, .at = offsetof(struct values, each), .arg = "E", .env = "U_OPT_EACH", .help = "from the environment, too" },
    { .name = "code", .letter = 'c', .kind = OPTION_TEXT, .at = offsetof(struct values, text), .arg = "CODE", .last = true, .help = "ends options" },
    { 0 }
};
static const struct command plain = { .name = "x", .usage = "[A]", .about = "", .options = options, .options_size = sizeof(struct values), .max_operands = 3 };
static const struct command target = { .name = "r", .usage = "T", .about = "", .options = options, .options_size = sizeof(struct values),
                                       .max_operands = UINT_MAX, .operands_end_options = true };

enum { WORDS = 24 };
struct parsed { int ret; bool help; struct values v; char words[256]; char *argv[WORDS]; struct ghost_err err; };

/* Parses a line of words separated by blanks. */
static struct parsed *parse(const struct command *c, const char *line)
{
    static struct parsed p;
    int argc = 0;
    opt_release(c, &p.v);
    memset(&p, 0, sizeof p);
    p.err = (struct ghost_err)GHOST_ERR_INIT;
    char *rest;
    assert_true(strlen(line) < sizeof p.words);
    memcpy(p.words, line, strlen(line));
    for (char *word = strtok_r(p.words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        p.argv[argc++] = word;
    p.ret = opt_parse(c, argc, p.argv, &p.v, &p.help, &p.err);
    return &p;
}

static void values_of_all_kinds(void **state)
{
    (void)state;
    struct parsed *p = parse(&plain, "a --flag --text=x=y --colour green -i 1 --item 2 -n12 --size 1.5K b --wait 0.25 -- -c");
    assert_int_equal(p->ret, 3);
    assert_string_equal(p->argv[0], "a");
    assert_string_equal(p->argv[1], "b");
    assert_string_equal(p->argv[2], "-c");
    assert_true(p->v.flag);
    assert_false(p->v.other);
    assert_string_equal(p->v.text, "x=y");
    assert_string_equal(p->v.choice, "green");
    assert_int_equal(p->v.list.n, 2);
    assert_string_equal(p->v.list.items[1], "2");
    assert_int_equal(p->v.count, 12);
    assert_int_equal(p->v.size, 1536);
    assert_int_equal(p->v.seconds, 250);
    p = parse(&plain, "-fot word -");
    assert_true(p->v.flag && p->v.other);
    assert_string_equal(p->v.text, "word");
    assert_int_equal(p->ret, 1);
    assert_string_equal(p->v.choice, "red");
    assert_int_equal(p->v.count, 7);
}

static void a_target_keeps_its_own_options(void **state)
{
    (void)state;
    struct parsed *p = parse(&target, "-f app.py --flag --help -x");
    assert_int_equal(p->ret, 4);
    assert_false(p->help);
    assert_string_equal(p->argv[1], "--flag");
    p = parse(&target, "-c code --help more");
    assert_int_equal(p->ret, 2);
    assert_string_equal(p->v.text, "code");
    assert_string_equal(p->argv[0], "--help");
}

static void help_is_asked_for(void **state)
{
    (void)state;
    assert_true(parse(&plain, "--help")->help);
    assert_true(parse(&plain, "a -fh --nonsense")->help);
    assert_false(parse(&plain, "-- -h")->help);
}

static void what_is_wrong_is_refused(void **state)
{
    static const struct { const char *line, *says; } wrong[] = {
        { "--flga", "Did you mean --flag" }, { "-z", "no option '-z'" }, { "--flag=1", "takes no value" }, { "--text", "needs a value" },
        { "--count 1.5", "whole number" }, { "--count -1", "whole number" }, { "--count 99999999999999999999", "whole number" },
        { "--count 0x10", "whole number" }, { "--size 5Q", "a size" }, { "--size nan", "a size" }, { "--wait inf", "seconds" },
        { "--colour blue", "red, green" }, { "a b c d", "'d'" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct parsed *p = parse(&plain, wrong[i].line);
        assert_int_equal(p->ret, GHOST_E_USAGE);
        if (!strstr(p->err.msg, wrong[i].says))
            fail_msg("'%s' says: %s", wrong[i].line, p->err.msg);
    }
}

/* Flag before environment before default; tests/e2e/test_config.py has the file. */
static void the_environment_sets_what_no_flag_does(void **state)
{
    (void)state;
    setenv("U_OPT_REAL", "0.25", 1);
    setenv("U_OPT_QUIET", "yes", 1);
    setenv("U_OPT_EACH", "a:b::c", 1);
    struct parsed *p = parse(&plain, "--no-config");
    assert_true(p->ret == 0 && p->v.real == 0.25 && p->v.other);
    assert_int_equal(p->v.each.n, 3);
    assert_string_equal(p->v.each.items[2], "c");
    p = parse(&plain, "--no-config --real 2 --no-quiet --each d");
    assert_true(p->ret == 0 && p->v.real == 2 && !p->v.other);
    assert_int_equal(p->v.each.n, 1);
    setenv("U_OPT_QUIET", "perhaps", 1);
    p = parse(&plain, "--no-config");
    assert_int_equal(p->ret, GHOST_E_USAGE);
    assert_non_null(strstr(p->err.msg, "U_OPT_QUIET wants true or false, not 'perhaps'"));
    setenv("U_OPT_QUIET", "", 1);
    unsetenv("U_OPT_REAL");
    unsetenv("U_OPT_EACH");
    p = parse(&plain, "--no-config");
    assert_true(p->ret == 0 && p->v.real == 0.5 && !p->v.other && p->v.each.n == 0);
    assert_non_null(strstr(parse(&plain, "--no-flag")->err.msg, "no option '--no-flag'"));     /* no setting */
    assert_non_null(strstr(parse(&plain, "--config")->err.msg, "--config needs a value"));
}

static void sources_are_told(void **state)
{
    struct values v = { 0 };
    enum opt_source from[16] = { OPT_UNSET };
    struct ghost_err err = GHOST_ERR_INIT;
    char text[] = "--text", x[] = "x", none[] = "--no-config";
    char *argv[] = { none, text, x, NULL };
    bool help;
    (void)state;
    setenv("U_OPT_REAL", "1", 1);
    assert_int_equal(opt_parse_sources(&plain, 3, argv, &v, &help, from, &err), 0);
    for (size_t i = 0; options[i].name; i++) {
        enum opt_source wanted = strcmp(options[i].name, "text") == 0 ? OPT_FROM_FLAG : strcmp(options[i].name, "real") == 0 ? OPT_FROM_ENV
                               : options[i].fallback ? OPT_DEFAULT : OPT_UNSET;
        assert_int_equal(from[i], wanted);
    }
    unsetenv("U_OPT_REAL");
    opt_release(&plain, &v);
}

static void nearest_words(void **state)
{
    static const char *const words[] = { "sessions", "report", "export", "run", NULL };
    (void)state;
    assert_string_equal(opt_nearest("reprot", words), "report");
    assert_string_equal(opt_nearest("sess", words), "sessions");
    assert_string_equal(opt_nearest("rn", words), "run");
    assert_null(opt_nearest("anomalies", words));
    assert_null(opt_nearest("", words));
    char endless[500];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_null(opt_nearest(endless, words));
}

UNIT_TESTS(cmocka_unit_test(values_of_all_kinds), cmocka_unit_test(a_target_keeps_its_own_options), cmocka_unit_test(help_is_asked_for),
           cmocka_unit_test(what_is_wrong_is_refused), cmocka_unit_test(nearest_words),
           cmocka_unit_test(the_environment_sets_what_no_flag_does), cmocka_unit_test(sources_are_told))
