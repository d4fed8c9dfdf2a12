/* u_explain_redact.c - facts are built of pieces, and names go out of them and back. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "explain/backend.h"
#include "explain/check.h"
#include "explain/prompt.h"
#include "explain/redact.h"

#define S(text) GHOST_STR(text)

static void build(struct facts *f)
{
    *f = (struct facts){ .about = strdup("function") };
    fact_begin(f, FACT_CALLS);
    fact_words(f, "Calls observed");
    fact_label(f);
    fact_number(f, 1843, UNIT_COUNT, "1,843");
    fact_begin(f, FACT_NOTABLE);
    fact_last(f)->weight = 5;
    fact_words(f, "calls from ");
    fact_name(f, NAME_FUNCTION, S("shop.jobs.import_row"), S("shop.jobs.import_row"));
    fact_words(f, " with ");
    fact_name(f, NAME_TYPE, S("int"), S("builtins.int"));
    fact_words(f, " and ");
    fact_name(f, NAME_TYPE, S("Order"), S("shop.Order"));
    fact_begin(f, FACT_NOTABLE);
    fact_last(f)->weight = 9;
    fact_name(f, NAME_FUNCTION, S("import_row"), S("shop.jobs.import_row"));
    fact_words(f, " fails; ");
    fact_name(f, NAME_TEXT, S("bad\n\033[31m\xed\xa0\x80" "text\xff"), S("x"));
    fact_number(f, 0.5, UNIT_SHARE, "50%");
    facts_number(f);
    assert_false(f->failed);
}

static void order_and_text(void **state)
{
    struct facts f;
    (void)state;
    build(&f);
    assert_int_equal(f.n, 3);
    assert_string_equal(f.v[0].text, "import_row fails; bad??[31m?text?50%");    /* the heaviest first, harmless */
    assert_string_equal(f.v[1].text, "calls from shop.jobs.import_row with int and Order");
    assert_string_equal(f.v[2].text, "Calls observed: 1,843");
    assert_int_equal(f.v[2].label, strlen("Calls observed"));
    assert_int_equal(f.v[2].numbers[0].at, strlen("Calls observed: "));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(f.v[i].number, i + 1);
    explain_facts_release(&f);
}

static void names_go_and_come_back(void **state)
{
    struct facts f;
    struct redaction r;
    struct ghost_err err = GHOST_ERR_INIT;
    (void)state;
    build(&f);
    assert_int_equal(redaction_make(&r, &f, true, &err), 0);
    char *one = redact_fact(&r, &f.v[0]), *two = redact_fact(&r, &f.v[1]);
    assert_string_equal(one, "fn_1 fails; text_150%");
    assert_string_equal(two, "calls from fn_1 with int and type_1");      /* one thing, one token; int tells nothing */
    char *question = redact_question(&r, "does import_row take an Order? not import_rows or Orders");
    assert_string_equal(question, "does fn_1 take an type_1? not import_rows or Orders");
    char *back = redact_restore(&r, "`fn_1` takes type_1, not fn_10 or xfn_1 or type_1s");
    assert_string_equal(back, "`import_row` takes Order, not fn_10 or xfn_1 or type_1s");
    free(one), free(two), free(question), free(back);
    redaction_release(&r);
    assert_int_equal(redaction_make(&r, &f, false, &err), 0);
    one = redact_fact(&r, &f.v[1]);
    assert_string_equal(one, f.v[1].text);
    free(one);
    redaction_release(&r);
    explain_facts_release(&f);
}

static void same_facts_same_prompt(void **state)
{
    struct facts f, g;
    struct redaction none = { 0 };
    struct prompt p, q;
    struct ghost_err err = GHOST_ERR_INIT;
    (void)state;
    build(&f);
    build(&g);
    assert_int_equal(prompt_make(&p, &f, &none, "en", NULL, &err), 0);
    assert_int_equal(prompt_make(&q, &g, &none, "en", NULL, &err), 0);
    assert_string_equal(p.user, q.user);
    assert_string_equal(p.system, q.system);
    assert_non_null(strstr(p.user, "[3] Calls observed: 1,843\n"));
    prompt_release(&p);
    prompt_release(&q);
    explain_facts_release(&f);
    explain_facts_release(&g);
}

static void claims(void **state)
{
    struct facts f;
    struct verdict v;
    struct check_options en = check_options_for("en"), de = check_options_for("de");
    static const struct { const char *text; unsigned cited[2]; size_t n; bool holds; } all[] = {
        { "It was called 1,843 times.", { 3 }, 1, true }, { "It was called 1,843 times.", { 1 }, 1, false }, { "It was called 1,843 times.", { 0 }, 0, false },
        { "It was called 1,843 times.", { 3, 4 }, 2, false }, { "`import_row` fails [1].", { 1 }, 1, true }, { "`import_rows` fails.", { 1 }, 1, false },
        { "`jobs.import_row` fails.", { 2 }, 1, true }, { "`shop.import_row` fails.", { 2 }, 1, false }, { "It takes an Order.", { 2 }, 1, true },
        { "It takes an Invoice.", { 2 }, 1, false }, { "It takes integers.", { 2 }, 1, true }, { "It takes strings.", { 2 }, 1, false },
        { "Half of them fail (facts 1 and 2).", { 1 }, 1, true }, { "A third of them fails.", { 1 }, 1, false },
    };
    (void)state;
    build(&f);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        check_claim(&f, &en, all[i].text, all[i].cited, all[i].n, false, &v);
        if (v.holds != all[i].holds || (v.reason[0] == '\0') != v.holds)
            fail_msg("%s: %s %s", all[i].text, v.holds ? "holds" : "does not hold", v.reason);
    }
    unsigned cited[] = { 3 };
    check_claim(&f, &de, "Es wurde 1.843 Mal aufgerufen.", cited, 1, false, &v);
    assert_true(v.holds);
    check_claim(&f, &en, "Whether 1,843 is much.", NULL, 0, true, &v);
    assert_true(v.holds);
    check_claim(&f, &en, "Whether 77 is much.", NULL, 0, true, &v);
    assert_false(v.holds);
    explain_facts_release(&f);
}

static void errors(void **state)
{
    static const struct { const char *body, *message, *status; double delay; bool daily; } all[] = {
        { "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"S\",\"details\":[{\"retryDelay\":\"34.5s\"}]}}", "m", "S", 34.5, false },
        { "{\"error\":{\"message\":\"m\",\"details\":[{\"violations\":[{\"quotaId\":\"XPerDayY\"}]}]}}", "m", "", -1, true },
        { "[{\"error\":{\"message\":\"m\",\"code\":500}}]", "m", "", -1, false },
        { "{\"error\":\"bare\"}", "bare", "", -1, false }, { "{\"message\":\"top\"}", "top", "", -1, false }, { "{\"detail\":\"d\"}", "d", "", -1, false },
        { "  plain \x1b[31m\n text", "plain [31m text", "", -1, false }, { "", "", "", -1, false }, { "[]", "[]", "", -1, false },
        { "{\"error\":{\"message\":7,\"details\":{\"a\":\"b\"}}}", "", "", -1, false }, { "{\"error\":{\"details\":[{\"retryDelay\":\"-3s\"},{\"retryDelay\":5}]}}", "", "", -1, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct api_error e;
        api_error_parse(&e, all[i].body, strlen(all[i].body));
        assert_string_equal(e.message, all[i].message);
        assert_string_equal(e.status, all[i].status);
        assert_true(e.retry_delay == all[i].delay);
        assert_int_equal(e.daily, all[i].daily);
    }
}

UNIT_TESTS(cmocka_unit_test(order_and_text), cmocka_unit_test(names_go_and_come_back), cmocka_unit_test(same_facts_same_prompt), cmocka_unit_test(claims),
           cmocka_unit_test(errors))
