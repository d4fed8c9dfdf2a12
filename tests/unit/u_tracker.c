/* u_tracker.c - what becomes of the events of a ring: each rule of docs/format.md,
 * 5.2, as a transcript. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "checked_log.h"
#include "format/writer.h"
#include "memory_sink.h"
#include "sample_log.h"

struct setup { struct memory_sink sink; struct ghost_writer *w; uint64_t seq[4]; struct ghost_sink s; };

static struct setup *begin(void)
{
    struct setup *s = calloc(1, sizeof *s);
    s->s = memory_sink(&s->sink);
    s->w = ghost_writer_new(&(struct ghost_writer_config){ .block_events = 0 }, &s->s, NULL);
    assert_non_null(s->w);
    return s;
}

static void give(struct setup *s, uint32_t thread, uint64_t tick, uint32_t kind, uint32_t func, uint32_t aux, uint32_t arg)
{
    struct ghost_event e = sample_event(tick, kind, func, aux, arg);
    assert_int_equal(ghost_writer_events(s->w, thread, s->seq[thread]++, &e, 1, NULL), 0);
}
#define CALL(func, sig, act) give(s, thread, tick += 10, GHOST_EV_CALL, func, sig, act)
#define RETURN(func) give(s, thread, tick += 10, GHOST_EV_RETURN, func, 0, 5)
#define UNWIND(func, here, type) give(s, thread, tick += 10, GHOST_EV_UNWIND, func, here, type)
#define YIELD(func) give(s, thread, tick += 10, GHOST_EV_YIELD, func, 0, 6)
#define RESUME(func, act) give(s, thread, tick += 10, GHOST_EV_RESUME, func, 0, act)
#define CUT() assert_int_equal(ghost_writer_flush(s->w, thread, NULL), 0)
#define SETUP() struct setup *s = begin(); uint32_t thread = 1; uint64_t tick = 1000

/* The events of the whole log, with the records that are no BLOCK left out. */
static void expect(struct setup *s, const char *expected)
{
    struct checked_log c;
    char *got, line[256];
    struct ghost_buf text = { 0 };
    assert_int_equal(ghost_writer_flush(s->w, 0, NULL), 0);
    checked_log_read(&c, s->sink.bytes.p, s->sink.bytes.len);
    assert_int_equal(c.damaged, 0);
    assert_int_equal(c.events + c.adopted + c.lost, c.positions);
    checked_log_release(&c);
    got = sample_dump(s->sink.bytes.p, s->sink.bytes.len, true);
    for (const char *p = got, *end; *p; p = end + 1) {
        end = strchr(p, '\n');
        int n = 0;
        if (strncmp(p, "  ", 2) == 0) n = snprintf(line, sizeof line, "%.*s\n", (int)(end - p - 2), p + 2);
        else if (strstr(p, " LOSS ") && strstr(p, " LOSS ") < end) n = snprintf(line, sizeof line, "%.*s\n", (int)(end - strstr(p, "LOSS")), strstr(p, "LOSS"));
        buf_put(&text, line, (size_t)n);
    }
    buf_put(&text, "", 1);
    assert_string_equal((char *)text.p, expected);
    ghost_buf_release(&text);
    free(got);
    ghost_writer_free(s->w);
    ghost_buf_release(&s->sink.bytes);
    free(s);
}

/* The open frames with which the last block of the log begins, and its list of
 * suspended activations: "func pending start resumed active child" each. */
struct prelude { char text[512]; struct ghost_decoder *d; };
static void put_frame(struct prelude *p, const char *what, const struct ghost_open_frame *f)
{
    size_t n = strlen(p->text);
    snprintf(p->text + n, sizeof p->text - n, "%s%u/%u<%u p%u %llu %llu a%llu c%llu%s; ", what, f->func, f->sig, f->caller, f->pending,
             (unsigned long long)f->start, (unsigned long long)f->resumed, (unsigned long long)f->active, (unsigned long long)f->child,
             f->flags & GHOST_FRAME_UNKNOWN_START ? " ?" : "");
}

static int take_prelude(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct prelude *p = self;
    (void)f;
    p->text[0] = '\0';
    for (uint32_t i = 0; i < b->n_stack; i++) put_frame(p, b->stack[i].slot ? "G" : "", &b->stack[i]);
    for (uint32_t i = 0; i < b->n_activations; i++) put_frame(p, "S", &b->activations[i]);
    return 0;
}

static void expect_prelude(struct setup *s, const char *expected)
{
    struct prelude p = { .d = ghost_decoder_new() };
    struct ghost_visitor v = { &p, NULL, take_prelude, NULL };
    struct ghost_frame f;
    uint64_t cursor = 0;
    assert_int_equal(ghost_writer_flush(s->w, 0, NULL), 0);
    struct ghost_log *log = ghost_log_open_memory(s->sink.bytes.p, s->sink.bytes.len, NULL);
    while (ghost_log_next(log, &cursor, &f)) assert_int_equal(ghost_frame_decode(p.d, &f, &v, NULL), 0);
    assert_string_equal(p.text, expected);
    ghost_log_close(log);
    ghost_decoder_free(p.d);
    ghost_writer_free(s->w);
    ghost_buf_release(&s->sink.bytes);
    free(s);
}

static void calls_and_returns(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), CALL(2, 7, 0), RETURN(2), UNWIND(1, 1, 9);
    expect(s, "1010 CALL 1 1\n1020 CALL 2 7\n1030 RETURN 5 0\n1040 UNWIND 9 1\n");
}

static void a_deeper_frame_abandons_those_above(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), CALL(2, 1, 0), CALL(3, 1, 40), CALL(2, 1, 0), CALL(4, 1, 0), RETURN(3);
    expect(s, "1010 CALL 1 1\n1020 CALL 2 1\n1030 GEN_CALL 3 1 slot 0\n1040 CALL 2 1\n1050 CALL 4 1\n"
              "1060 ABANDON 0 0\n1060 ABANDON 0 0\n1060 RETURN 5 0\n");
}

static void an_unknown_end_is_counted(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), RETURN(2), UNWIND(3, 1, 9), YIELD(4), RETURN(1);
    expect(s, "LOSS {\"cause\": 7, \"count\": 3, \"first_tick\": 1020, \"last_tick\": 1040, \"thread\": 1}\n1010 CALL 1 1\n1050 RETURN 5 0\n");
}

static void a_plain_call_cannot_yield(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), YIELD(1), RETURN(1);
    expect(s, "LOSS {\"cause\": 7, \"count\": 2, \"first_tick\": 1020, \"last_tick\": 1030, \"thread\": 1}\n1010 CALL 1 1\n1020 ABANDON 0 0\n");
}

static void generators(void **state)
{
    SETUP();
    (void)state;
    CALL(3, 1, 40), YIELD(3), CALL(3, 1, 41), YIELD(3), RESUME(3, 40), RETURN(3), CALL(3, 1, 40), YIELD(3), RESUME(3, 41), UNWIND(3, 0, 9);
    expect(s, "1010 GEN_CALL 3 1 slot 0\n1020 YIELD 6 0\n1030 GEN_CALL 3 1 slot 1\n1040 YIELD 6 0\n1050 RESUME 0 0 slot 0\n1060 RETURN 5 0\n"
              "1070 GEN_CALL 3 1 slot 0\n1080 YIELD 6 0\n1090 RESUME 0 0 slot 1\n1100 UNWIND 9 0\n");
}

static void a_reused_activation_drops_the_former(void **state)
{
    SETUP();
    (void)state;
    CALL(3, 1, 40), YIELD(3), CALL(4, 1, 40), YIELD(4), RESUME(4, 40), RETURN(4);
    expect(s, "1010 GEN_CALL 3 1 slot 0\n1020 YIELD 6 0\n1030 DROP 0 0 slot 0\n1030 GEN_CALL 4 1 slot 0\n1040 YIELD 6 0\n"
              "1050 RESUME 0 0 slot 0\n1060 RETURN 5 0\n");
}

static void unknown_activations_are_adopted(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), RESUME(3, 40), CALL(2, 1, 0), RETURN(2), YIELD(3), RESUME(3, 40), RETURN(3), RETURN(1);
    expect(s, "1010 CALL 1 1\n1020 ADOPT 3 0 slot 0\n1030 CALL 2 1\n1040 RETURN 5 0\n1050 YIELD 6 0\n1060 RESUME 0 0 slot 0\n"
              "1070 RETURN 5 0\n1080 RETURN 5 0\n");
}

static void a_token_of_another_function_is_another_activation(void **state)
{
    SETUP();
    (void)state;
    CALL(3, 1, 40), YIELD(3), RESUME(4, 40), RETURN(4);
    expect(s, "1010 GEN_CALL 3 1 slot 0\n1020 YIELD 6 0\n1030 DROP 0 0 slot 0\n1030 ADOPT 4 0 slot 0\n1040 RETURN 5 0\n");
}

static void resumed_while_on_the_stack(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), CALL(3, 1, 40), CALL(2, 1, 0), RESUME(3, 40), RETURN(3), RETURN(1);
    expect(s, "1010 CALL 1 1\n1020 GEN_CALL 3 1 slot 0\n1030 CALL 2 1\n1040 ABANDON 0 0\n1040 ABANDON 0 0\n1040 ADOPT 3 0 slot 0\n"
              "1050 RETURN 5 0\n1060 RETURN 5 0\n");
}

static void running_on_another_thread(void **state)
{
    SETUP();
    (void)state;
    CALL(3, 1, 40);
    thread = 2;
    RESUME(3, 40), YIELD(3);
    thread = 1;
    YIELD(3);                       /* nothing can resume it any more */
    thread = 2;
    RESUME(3, 40), RETURN(3);
    expect(s, "1010 GEN_CALL 3 1 slot 0\n1040 YIELD 6 0\n1040 DROP 0 0 slot 0\n"
              "1020 ADOPT 3 0 slot 0\n1030 YIELD 6 0\n1050 RESUME 0 0 slot 0\n1060 RETURN 5 0\n");
}

static void there_and_back_between_threads(void **state)
{
    SETUP();
    (void)state;
    CALL(3, 1, 40), YIELD(3);
    thread = 2;
    RESUME(3, 40), YIELD(3);
    thread = 1;
    RESUME(3, 40), RETURN(3);       /* another slot: its times are not those that this block knew */
    expect(s, "1010 GEN_CALL 3 1 slot 0\n1020 YIELD 6 0\n1050 RESUME 0 0 slot 1\n1060 RETURN 5 0\n1030 RESUME 0 0 slot 0\n1040 YIELD 6 0\n");
}

static void the_prelude_of_a_stack(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 4, 0), CALL(2, 5, 0), RETURN(2), CALL(2, 6, 0), UNWIND(2, 1, 9), CALL(3, 7, 40), YIELD(3), RESUME(3, 40), CALL(2, 1, 0), RETURN(2);
    CUT();
    CALL(4, 1, 0);
    expect_prelude(s, "1/4<0 p9 1010 1010 a0 c30; G3/7<1 p0 1060 1080 a10 c10; ");
}

static void the_prelude_of_the_suspended(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 4, 0), CALL(3, 7, 40), CALL(2, 1, 0), UNWIND(2, 1, 9), YIELD(3), CALL(3, 8, 41), YIELD(3);
    CUT();
    RESUME(3, 40), YIELD(3), RESUME(3, 40), RETURN(3);
    expect_prelude(s, "1/4<0 p0 1010 1010 a0 c40; S3/7<1 p0 1020 1020 a30 c10; ");
}

static void the_prelude_of_an_adopted_one(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 4, 0), RESUME(3, 40), CALL(2, 1, 0);
    CUT();
    RETURN(2);
    expect_prelude(s, "1/4<0 p0 1010 1010 a0 c0; G3/0<0 p0 0 1020 a0 c0 ?; 2/1<3 p0 1030 1030 a0 c0; ");
}

static void pending_is_settled(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), CALL(2, 1, 0), UNWIND(2, 1, 9), CALL(2, 1, 0), RETURN(2);      /* a return leaves it */
    CALL(2, 1, 0), UNWIND(2, 1, 8);                                              /* another replaces it */
    CALL(4, 1, 50), CALL(2, 1, 0), UNWIND(2, 1, 7), YIELD(4), RESUME(4, 50);      /* a yield settles it */
    CUT();
    CALL(2, 1, 0);
    expect_prelude(s, "1/1<0 p8 1010 1010 a0 c60; G4/1<1 p0 1080 1120 a30 c10; ");
}

static void time_never_goes_back(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0);
    give(s, 1, 500, GHOST_EV_CALL, 2, 1, 0);
    give(s, 1, 1005, GHOST_EV_RETURN, 2, 0, 5);
    give(s, 1, 1011, GHOST_EV_RETURN, 1, 0, 5);
    (void)thread;
    expect(s, "1010 CALL 1 1\n1010 CALL 2 1\n1010 RETURN 5 0\n1011 RETURN 5 0\n");
}

static void nor_for_an_activation_between_threads(void **state)
{
    SETUP();
    (void)state;
    tick = 5000;
    CALL(3, 1, 40), YIELD(3);
    give(s, 2, 100, GHOST_EV_RESUME, 3, 0, 40);          /* its thread was handed over too late */
    give(s, 2, 5030, GHOST_EV_RETURN, 3, 0, 5);
    expect(s, "5010 GEN_CALL 3 1 slot 0\n5020 YIELD 6 0\n5020 RESUME 0 0 slot 0\n5030 RETURN 5 0\n");
}

static void what_no_recorder_stores_is_counted(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0), CALL(0, 1, 0), RESUME(0, 1);
    give(s, thread, tick += 10, 0, 1, 0, 0);
    give(s, thread, tick += 10, 15, 1, 0, 0);
    expect(s, "LOSS {\"cause\": 8, \"count\": 4, \"first_tick\": 1020, \"last_tick\": 1050, \"thread\": 1}\n1010 CALL 1 1\n");
}

static void marks_and_pauses(void **state)
{
    SETUP();
    (void)state;
    CALL(1, 1, 0);
    give(s, thread, tick += 10, GHOST_EV_MARK, 0, 0, 77);
    give(s, thread, tick += 10, GHOST_EV_PAUSE, 0, 0, 0);
    RETURN(1);
    expect(s, "1010 CALL 1 1\n1020 MARK 77 0\n1030 PAUSE 0 0\n1040 RETURN 5 0\n");
}

/* Stacks above the limit: counted, and in step again below it. */
static void too_deep(void **state)
{
    SETUP();
    struct checked_log c;
    const uint64_t above = 1000;
    (void)state;
    for (uint64_t i = 0; i < STACK_MAX + above; i++) CALL(1 + i % 3, 1, 0);
    for (uint64_t i = STACK_MAX + above; i-- > 0;) RETURN(1 + i % 3);
    CALL(9, 1, 0), RETURN(9);
    assert_int_equal(ghost_writer_flush(s->w, 0, NULL), 0);
    checked_log_read(&c, s->sink.bytes.p, s->sink.bytes.len);
    assert_int_equal(c.damaged, 0);
    assert_int_equal(c.lost, 2 * above);
    assert_int_equal(c.events, 2 * STACK_MAX + 2);
    assert_int_equal(replay_thread(&c.replay, 1)->depth, 0);
    checked_log_release(&c);
    ghost_writer_free(s->w);
    ghost_buf_release(&s->sink.bytes);
    free(s);
}

/* Two hundred thousand shapes: blocks are cut before their table is full. */
static void very_many_shapes(void **state)
{
    SETUP();
    struct checked_log c;
    struct ghost_event *ev = malloc(400000 * sizeof *ev);
    (void)state;
    (void)thread;
    ghost_writer_free(s->w);
    ghost_buf_release(&s->sink.bytes);
    s->w = ghost_writer_new(&(struct ghost_writer_config){ .block_events = 1u << 20 }, &s->s, NULL);
    for (uint32_t i = 0; i < 200000; i++) {
        ev[2 * i] = sample_event(tick++, GHOST_EV_CALL, 1 + i, 1, 0);
        ev[2 * i + 1] = sample_event(tick++, GHOST_EV_RETURN, 1 + i, 0, 1 + i % 70000);
    }
    assert_int_equal(ghost_writer_events(s->w, 1, 0, ev, 400000, NULL), 0);
    assert_int_equal(ghost_writer_flush(s->w, 0, NULL), 0);
    checked_log_read(&c, s->sink.bytes.p, s->sink.bytes.len);
    assert_int_equal(c.damaged, 0);
    assert_int_equal(c.events, 400000);
    assert_true(c.blocks > 4);
    checked_log_release(&c);
    ghost_writer_free(s->w);
    ghost_buf_release(&s->sink.bytes);
    free(s);
    free(ev);
}

/* Generators that are begun and never heard of again: the memory is bounded. */
static void forgotten_generators_are_evicted(void **state)
{
    SETUP();
    struct checked_log c;
    const uint32_t n = (1u << 20) + 5000;
    (void)state;
    for (uint32_t i = 1; i <= n; i++) CALL(3, 1, i), YIELD(3);
    assert_true(writer_tracker(s->w)->n_activations <= (1u << 20) + 1);
    RESUME(3, n), RETURN(3);               /* a young one is known */
    RESUME(3, 1), RETURN(3);               /* the oldest is adopted */
    assert_int_equal(ghost_writer_flush(s->w, 0, NULL), 0);
    checked_log_read(&c, s->sink.bytes.p, s->sink.bytes.len);
    assert_int_equal(c.damaged, 0);
    assert_int_equal(c.adopted, 1);
    assert_int_equal(c.events, 2 * (uint64_t)n + 3);
    checked_log_release(&c);
    ghost_writer_free(s->w);
    ghost_buf_release(&s->sink.bytes);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_and_returns), cmocka_unit_test(a_deeper_frame_abandons_those_above), cmocka_unit_test(an_unknown_end_is_counted),
        cmocka_unit_test(a_plain_call_cannot_yield), cmocka_unit_test(generators), cmocka_unit_test(a_reused_activation_drops_the_former),
        cmocka_unit_test(unknown_activations_are_adopted), cmocka_unit_test(a_token_of_another_function_is_another_activation),
        cmocka_unit_test(resumed_while_on_the_stack), cmocka_unit_test(running_on_another_thread), cmocka_unit_test(there_and_back_between_threads),
        cmocka_unit_test(the_prelude_of_a_stack), cmocka_unit_test(the_prelude_of_the_suspended), cmocka_unit_test(the_prelude_of_an_adopted_one),
        cmocka_unit_test(pending_is_settled), cmocka_unit_test(time_never_goes_back), cmocka_unit_test(nor_for_an_activation_between_threads),
        cmocka_unit_test(what_no_recorder_stores_is_counted), cmocka_unit_test(marks_and_pauses), cmocka_unit_test(too_deep),
        cmocka_unit_test(very_many_shapes), cmocka_unit_test(forgotten_generators_are_evicted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
