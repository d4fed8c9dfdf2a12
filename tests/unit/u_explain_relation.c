/* u_explain_relation.c - words between numbers: which claims of a few facts hold, and which words stay open. */
#include "unit.h"

#include <string.h>

#include "explain/check.h"
#include "explain/plain.h"
#include "explain/secret.h"

static void label(struct facts *f, enum fact_section section, const char *text)
{
    fact_begin(f, section);
    fact_words(f, text);
    fact_label(f);
}

static void row(struct facts *f, enum fact_section section, const char *name, double calls, const char *calls_text, double share, const char *share_text,
                double mean, const char *mean_text)
{
    struct ghost_str s = { name, (uint32_t)strlen(name) };
    fact_begin(f, section);
    fact_name(f, section == FACT_CALLERS || section == FACT_SLOW ? NAME_FUNCTION : NAME_TYPE, s, s);
    fact_label(f);
    fact_number(f, calls, UNIT_COUNT, calls_text);
    fact_words(f, " calls (");
    fact_number(f, share, UNIT_SHARE, share_text);
    fact_words(f, ")");
    fact_last(f)->count = (uint64_t)calls;
    fact_last(f)->share = share;
    if (mean > 0) {
        fact_words(f, ", ");
        fact_number(f, mean, UNIT_NS, mean_text);
        fact_words(f, " on average");
    }
}

/* Facts 1 to 10. */
static void make(struct facts *f)
{
    label(f, FACT_CALLS, "Calls observed");
    fact_number(f, 400, UNIT_COUNT, "400");
    label(f, FACT_CALLS, "Left by exceptions");
    fact_number(f, 40, UNIT_COUNT, "40");
    fact_words(f, " calls (");
    fact_number(f, 0.1, UNIT_SHARE, "10.0%");
    fact_words(f, " rate)");
    label(f, FACT_LATENCY, "Latency (mean)");
    fact_number(f, 2e6, UNIT_NS, "2.0ms");
    label(f, FACT_LATENCY, "Latency (min/max)");
    fact_number(f, 1e6, UNIT_NS, "1.0ms");
    fact_words(f, " / ");
    fact_number(f, 90e6, UNIT_NS, "90.0ms");
    label(f, FACT_LATENCY, "Latency (p50/p95/p99)");
    fact_number(f, 1.2e6, UNIT_NS, "1.2ms");
    fact_words(f, " / ");
    fact_number(f, 5e6, UNIT_NS, "5.0ms");
    fact_words(f, " / ");
    fact_number(f, 30e6, UNIT_NS, "30.0ms");
    row(f, FACT_RETURNS, "int", 300, "300", 0.75, "75.0%", 0, "");
    row(f, FACT_RETURNS, "float", 100, "100", 0.25, "25.0%", 0, "");
    row(f, FACT_CALLERS, "quick", 320, "320", 0.8, "80.0%", 1.2e6, "1.2ms");
    row(f, FACT_CALLERS, "thorough", 80, "80", 0.2, "20.0%", 7e6, "7.0ms");
    label(f, FACT_CHANGES, "total");
    fact_words(f, "latency from ");
    fact_number(f, 1e6, UNIT_NS, "1.0ms");
    fact_words(f, " to ");
    fact_number(f, 2e6, UNIT_NS, "2.0ms");
    fact_words(f, ", ");
    fact_number(f, 2, UNIT_RATIO, "2.0 times");
    fact_words(f, " as long as before");
    facts_number(f);
}

static unsigned fact_with(const struct facts *f, const char *begin)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (strncmp(f->v[i].text, begin, strlen(begin)) == 0)
            return f->v[i].number;
    fail_msg("no fact begins with '%s'", begin);
    return 0;
}

struct row { const char *cites[3], *text; bool holds; const char *open; };

static const struct row rows[] = {
    /* which figure */
    { { "Latency (mean)", "Latency (p50" }, "The mean is 2 ms.", true, "" },
    { { "Latency (mean)", "Latency (p50" }, "The mean is 30 ms.", false, "" },
    { { "Latency (mean)", "Latency (p50" }, "The median is 2 ms.", false, "" },
    { { "Latency (p50", "Latency (min" }, "The p50, the p95 and the p99 are 1.2 ms, 5 ms and 30 ms.", true, "" },
    { { "Latency (p50", "Latency (min" }, "The p50, the p95 and the p99 are 1.2 ms, 30 ms and 5 ms.", false, "" },
    { { "Latency (p50", "Latency (min" }, "Half of the calls end within 30 ms.", false, "" },
    { { "Latency (p50", "Latency (min" }, "A call takes up to 90 ms.", true, "" },
    { { "Latency (p50", "Latency (min" }, "A call takes at most 30 ms.", false, "" },
    { { "Latency (min" }, "Calls take between 1 and 90 ms.", true, "" },
    { { "Latency (min" }, "Calls take between 90 and 1 ms.", false, "" },
    /* who ended how */
    { { "Calls", "Left" }, "It was called 400 times and failed 40 times.", true, "" },
    { { "Calls", "Left" }, "It was called 40 times and failed 400 times.", false, "" },
    { { "Calls", "Left" }, "Forty calls failed.", true, "" },
    { { "Calls", "Left" }, "Forty calls succeeded.", false, "" },
    { { "Calls", "Left" }, "Ten percent of the calls ended in an exception.", true, "" },
    { { "Calls", "Left" }, "Twenty percent of the calls ended in an exception.", false, "" },
    { { "Calls", "Left" }, "One call in ten fails.", true, "" },
    { { "Calls", "Left" }, "A third of the calls fail.", false, "" },
    { { "Calls", "Left" }, "40 of 400 calls failed.", true, "" },
    /* how many */
    { { "Calls", "Left" }, "It never fails.", false, "" },
    { { "Calls", "Left" }, "All calls fail.", false, "" },
    { { "Calls", "Left" }, "Most calls fail.", false, "" },
    { { "Calls", "Left" }, "Most calls succeed.", true, "" },
    { { "Calls", "Left" }, "Not all calls succeed.", true, "Not, all" },
    { { "int", "float" }, "It mostly returns `int`.", true, "" },
    { { "int", "float" }, "It mostly returns `float`.", false, "" },
    { { "int", "float" }, "It always returns `int`.", false, "" },
    { { "int", "float" }, "It never returns `float`.", false, "" },
    { { "int", "float" }, "It rarely returns `int`.", false, "" },
    { { "int", "float" }, "Three quarters of the calls return `int`, a quarter `float`.", true, "" },
    { { "int", "float" }, "Half of the calls return `int`.", false, "" },
    { { "quick", "thorough" }, "Only `quick` and `thorough` call it.", true, "Only" },
    /* in which direction */
    { { "quick", "thorough" }, "Calls from `thorough` are slower than calls from `quick`.", true, "" },
    { { "quick", "thorough" }, "Calls from `quick` are slower than calls from `thorough`.", false, "" },
    { { "quick", "thorough" }, "Calls from `thorough` are not faster than calls from `quick`.", true, "not, faster" },
    { { "quick", "thorough" }, "`quick` calls it more often than `thorough`.", true, "" },
    { { "quick", "thorough" }, "`thorough` calls it more often than `quick`.", false, "" },
    { { "total" }, "The latency doubled.", true, "" },
    { { "total" }, "The latency was halved.", false, "" },
    { { "total" }, "It takes twice as long as before.", true, "" },
    { { "total" }, "It takes three times as long as before.", false, "" },
    { { "total" }, "It became slower.", true, "" },
    { { "total" }, "It became faster.", false, "" },
    { { "total" }, "Its latency fell from 1 ms to 2 ms.", false, "" },
    /* which rank */
    { { "int", "float" }, "`int` is the most common return type.", true, "" },
    { { "int", "float" }, "`float` is the most common return type.", false, "" },
    { { "int", "float" }, "`float` is the second most common return type.", true, "" },
    { { "quick", "thorough" }, "`thorough` is the most frequent caller.", false, "" },
};

static void claims(void **state)
{
    struct facts f = { 0 };
    struct check_options english = check_options_for("en");
    (void)state;
    make(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned cited[3];
        size_t n = 0;
        struct verdict v;
        for (; n < 3 && rows[i].cites[n]; n++)
            cited[n] = fact_with(&f, rows[i].cites[n]);
        check_claim(&f, &english, rows[i].text, cited, n, false, &v);
        if (v.holds != rows[i].holds || (v.holds && strcmp(v.words, rows[i].open) != 0))
            fail_msg("'%s' %s (%s), open: '%s'", rows[i].text, v.holds ? "holds" : "does not hold", v.reason, v.words);
    }
    explain_facts_release(&f);
}

/* However long and strange a claim is, it ends. */
static void extremes(void **state)
{
    struct facts f = { 0 };
    struct check_options english = check_options_for("en");
    char text[4001];
    static const char *const pieces[] = { "never ", "the p99 ", "5 ms, ", "`", "slower than ", "(", "[1", "and ", ". ", "between ", "\xe3\x81\x82", "\xff" };
    (void)state;
    make(&f);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            struct verdict v;
            size_t n = 0;
            unsigned cited[] = { 1, 2, 3 };
            while (n + 40 < sizeof text) {
                for (unsigned half = 0; half < 2; half++) {
                    const char *p = pieces[half ? k : i];
                    memcpy(text + n, p, strlen(p));
                    n += strlen(p);
                }
            }
            text[n] = '\0';
            check_claim(&f, &english, text, cited, 3, false, &v);
            assert_true(strlen(v.words) < sizeof v.words && v.holds == (v.reason[0] == '\0'));
        }
    explain_facts_release(&f);
}

static void a_fact_is_bounded(void **state)
{
    struct facts f = { 0 };
    (void)state;
    fact_begin(&f, FACT_CALLS);
    for (unsigned i = 0; i < 3000; i++) {
        fact_number(&f, i, UNIT_COUNT, "12345");
        fact_name(&f, NAME_TYPE, GHOST_STR("Name"), GHOST_STR("m.Name"));
    }
    struct fact *last = fact_last(&f);
    assert_false(f.failed);
    assert_true(last->len <= FACT_BYTES + 3 && strcmp(last->text + last->len - 3, "...") == 0);
    for (uint32_t i = 0; i < last->n_names; i++)
        assert_true(last->names[i].at + last->names[i].len <= last->len);
    assert_true(last->numbers[last->n_numbers - 1].at < FACT_BYTES);
    explain_facts_release(&f);
}

static void harmless(void **state)
{
    char text[] = "a\x1b[2J\xe2\x80\xae\xe2\x80\xa8\xc2\x9b\xef\xbb\xbf\xff\xed\xa0\x80\xf3\xa0\x81\x81 \xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80";
    (void)state;
    plain_text_in_place(text);
    assert_string_equal(text, "a?[2J??????????????????? \xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80");
}

static void keys_and_beginnings(void **state)
{
    struct secret s = { .key = (char[]){ "AIza-0123456789abcdef" } };
    char all[] = "x AIza-0123456789abcdef y AIza-0123456789ab", few[] = "AIza-01234", end[] = "AIza-0123456";
    (void)state;
    secret_hide(&s, all, strlen(all));
    assert_string_equal(all, "x ********************* y *****************");
    secret_hide(&s, few, strlen(few));
    assert_string_equal(few, "AIza-01234");          /* tells nothing: keys begin alike */
    secret_hide(&s, end, strlen(end));
    assert_string_equal(end, "************");
}

UNIT_TESTS(cmocka_unit_test(claims), cmocka_unit_test(extremes), cmocka_unit_test(a_fact_is_bounded), cmocka_unit_test(harmless),
           cmocka_unit_test(keys_and_beginnings))
