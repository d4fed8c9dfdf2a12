/* u_writer.c - when frames go out, what is safe in the sink, and what happens when
 * the sink fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "checked_log.h"
#include "format/frame.h"
#include "memory_sink.h"
#include "sample_log.h"

static struct memory_sink out;
static struct ghost_sink sink = { &out, memory_sink_write };

static struct ghost_writer *begin(uint32_t block_events)
{
    out = (struct memory_sink){ 0 };
    struct ghost_writer *w = ghost_writer_new(&(struct ghost_writer_config){ { 9 }, 0, block_events }, &sink, NULL);
    assert_non_null(w);
    return w;
}

static void end(struct ghost_writer *w)
{
    ghost_writer_free(w);
    ghost_buf_release(&out.bytes);
}

/* `n` MARKs of a thread from position `seq` on. */
static int marks(struct ghost_writer *w, uint32_t thread, uint64_t seq, size_t n)
{
    struct ghost_event *ev = malloc(n * sizeof *ev);
    for (size_t i = 0; i < n; i++) ev[i] = sample_event(1000 + seq + i, GHOST_EV_MARK, 0, 0, 1);
    int ret = ghost_writer_events(w, thread, seq, ev, n, NULL);
    free(ev);
    return ret;
}

static struct checked_log read_back(void)
{
    struct checked_log c;
    checked_log_read(&c, out.bytes.p, out.bytes.len);
    assert_int_equal(c.code, 0);
    assert_int_equal(c.damaged, 0);
    return c;
}

static void the_header_is_that_of_the_page(void **state)
{
    static const uint8_t expected[40] = {
        0x50, 0x2A, 0x4D, 0x18, 40, 0, 0, 0, 'G', 'H', 'O', 'S', 'T', 'L', 'O', 'G', 2, 0, 2, 0, 0, 0, 0, 0, 9,
    };
    struct ghost_writer *w = begin(0);
    (void)state;
    assert_int_equal(out.bytes.len, 48);
    assert_memory_equal(out.bytes.p, expected, sizeof expected);
    end(w);
}

static void blocks_are_cut_at_block_events(void **state)
{
    struct ghost_writer *w = begin(100);
    (void)state;
    assert_int_equal(marks(w, 1, 0, 99), 0);
    assert_int_equal(out.writes, 1);
    assert_int_equal(ghost_writer_taken(w, 1), 99);
    assert_int_equal(ghost_writer_written(w, 1), 0);
    assert_int_equal(marks(w, 1, 99, 1), 0);
    assert_int_equal(out.writes, 2);
    assert_int_equal(ghost_writer_written(w, 1), 100);
    assert_int_equal(marks(w, 1, 100, 1050), 0);
    assert_int_equal(ghost_writer_written(w, 1), 1100);
    struct checked_log c = read_back();
    assert_int_equal(c.blocks, 11);
    assert_int_equal(c.events, 1100);
    checked_log_release(&c);
    end(w);
}

static void positions_seen_before_are_no_new_events(void **state)
{
    struct ghost_writer *w = begin(0);
    (void)state;
    assert_int_equal(marks(w, 1, 10, 20), 0);
    assert_int_equal(marks(w, 1, 10, 20), 0);
    assert_int_equal(marks(w, 1, 15, 20), 0);
    assert_int_equal(ghost_writer_taken(w, 1), 35);
    assert_int_equal(ghost_writer_written(w, 1), 10);
    assert_int_equal(ghost_writer_flush(w, 1, NULL), 0);
    struct checked_log c = read_back();
    assert_int_equal(c.events, 25);
    checked_log_release(&c);
    end(w);
}

static void a_gap_begins_another_block(void **state)
{
    struct ghost_writer *w = begin(0);
    (void)state;
    assert_int_equal(marks(w, 1, 0, 5), 0);
    assert_int_equal(marks(w, 1, 8, 5), 0);
    assert_int_equal(ghost_writer_written(w, 1), 8);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    struct checked_log c = read_back();
    assert_int_equal(c.blocks, 2);
    assert_int_equal(c.positions, 10);
    checked_log_release(&c);
    end(w);
}

static void small_blocks_share_a_frame(void **state)
{
    struct ghost_writer *w = begin(0);
    (void)state;
    for (uint32_t thread = 1; thread <= 50; thread++) assert_int_equal(marks(w, thread, 0, 3), 0);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    assert_int_equal(out.writes, 2);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);     /* nothing new: nothing written */
    assert_int_equal(out.writes, 2);
    struct checked_log c = read_back();
    assert_int_equal(c.blocks, 50);
    checked_log_release(&c);
    end(w);
}

static void definitions_go_in_front(void **state)
{
    struct ghost_writer *w = begin(0);
    struct ghost_buf b = { 0 };
    (void)state;
    sample_records(&b);
    assert_int_equal(ghost_writer_records(w, b.p, b.len, NULL), 0);
    assert_int_equal(out.writes, 1);
    assert_int_equal(marks(w, 1, 0, 3), 0);
    assert_int_equal(ghost_writer_records_written(w), 0);
    assert_int_equal(ghost_writer_flush(w, 1, NULL), 0);
    assert_int_equal(out.writes, 2);
    assert_int_equal(ghost_writer_records_written(w), b.len);
    /* and alone when a thread has nothing to say */
    assert_int_equal(ghost_writer_records(w, b.p, b.len, NULL), 0);
    assert_int_equal(ghost_writer_flush(w, 1, NULL), 0);
    assert_int_equal(ghost_writer_records_written(w), 2 * b.len);
    assert_int_equal(ghost_writer_records(w, b.p, b.len - 1, NULL), GHOST_E_USAGE);
    ghost_buf_release(&b);
    end(w);
}

/* What is told at once is no part of the count, and a failure leaves nothing behind. */
static void what_is_told_is_told_once(void **state)
{
    struct ghost_writer *w = begin(0);
    struct ghost_buf waiting = { 0 }, told = { 0 };
    (void)state;
    sample_records(&waiting);
    ghost_encode_loss(&told, &(struct ghost_def_loss){ .thread = 1, .cause = GHOST_LOSS_RING_FULL, .count = 77 });
    assert_int_equal(ghost_writer_records(w, waiting.p, waiting.len, NULL), 0);
    out.fail_from = out.writes + 2, out.fail_to = out.fail_from + 1;     /* what waits goes out, then the disk is full */
    assert_int_equal(ghost_writer_tell(w, told.p, told.len, NULL), GHOST_E_FULL);
    assert_int_equal(ghost_writer_records_written(w), waiting.len);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    assert_int_equal(ghost_writer_tell(w, told.p, told.len, NULL), 0);
    assert_int_equal(ghost_writer_records_written(w), waiting.len);
    char *text = sample_dump(out.bytes.p, out.bytes.len, true), *first = strstr(text, "\"count\": 77");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"count\": 77"));
    free(text);
    ghost_buf_release(&waiting);
    ghost_buf_release(&told);
    end(w);
}

static void many_definitions_are_cut_into_frames(void **state)
{
    struct ghost_writer *w = begin(0);
    struct ghost_buf b = { 0 };
    uint64_t n = 0;
    (void)state;
    while (b.len < (9u << 20)) sample_records(&b), n++;
    assert_int_equal(ghost_writer_records(w, b.p, b.len, NULL), 0);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    assert_int_equal(ghost_writer_records_written(w), b.len);
    assert_true(out.writes > 4);
    struct checked_log c = read_back();
    assert_int_equal(c.defs % n, 0);
    checked_log_release(&c);
    ghost_buf_release(&b);
    end(w);
}

static void a_failing_sink_loses_nothing(void **state)
{
    struct ghost_writer *w = begin(10);
    (void)state;
    assert_int_equal(marks(w, 1, 0, 5), 0);
    out.fail_from = out.writes + 1, out.fail_to = out.fail_from + 3;
    assert_int_equal(marks(w, 1, 5, 20), GHOST_E_FULL);
    assert_int_equal(ghost_writer_taken(w, 1), 10);          /* the full block is held */
    assert_int_equal(ghost_writer_written(w, 1), 0);
    assert_int_equal(marks(w, 1, 5, 20), GHOST_E_FULL);
    assert_int_equal(ghost_writer_taken(w, 1), 10);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), GHOST_E_FULL);
    assert_int_equal(marks(w, 1, 5, 20), 0);                 /* the same call again goes on */
    assert_int_equal(ghost_writer_taken(w, 1), 25);
    assert_int_equal(ghost_writer_written(w, 1), 20);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    struct checked_log c = read_back();
    assert_int_equal(c.events, 25);
    assert_int_equal(c.positions, 25);
    checked_log_release(&c);
    end(w);
}

static void a_discarded_block_costs_its_events_only(void **state)
{
    struct ghost_writer *w = begin(0);
    struct ghost_event ev[] = {
        sample_event(1000, GHOST_EV_CALL, 1, 1, 0), sample_event(1010, GHOST_EV_CALL, 2, 1, 0), sample_event(1020, GHOST_EV_RETURN, 2, 0, 1),
        sample_event(1030, GHOST_EV_RETURN, 1, 0, 1),
    };
    (void)state;
    assert_int_equal(ghost_writer_events(w, 1, 0, ev, 3, NULL), 0);
    assert_int_equal(ghost_writer_discard(w, 2), 0);
    assert_int_equal(ghost_writer_discard(w, 0), 3);
    assert_int_equal(ghost_writer_written(w, 1), 3);         /* may be freed: nothing is held */
    assert_int_equal(ghost_writer_events(w, 1, 3, ev + 3, 1, NULL), 0);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    char *text = sample_dump(out.bytes.p, out.bytes.len, true);
    assert_non_null(strstr(text, "stack 1 suspended 0\n  1030 RETURN 1 0\n"));    /* the stack was followed */
    assert_int_equal(ghost_writer_totals(w).events, 1);
    free(text);
    end(w);
}

static void an_ended_thread_starts_anew(void **state)
{
    struct ghost_writer *w = begin(0);
    struct ghost_event ev = sample_event(1000, GHOST_EV_CALL, 1, 1, 0);
    (void)state;
    assert_int_equal(ghost_writer_events(w, 1, 7, &ev, 1, NULL), 0);
    out.fail_from = out.writes + 1, out.fail_to = out.fail_from + 1;
    assert_int_equal(ghost_writer_thread_end(w, 1, NULL), GHOST_E_FULL);
    assert_int_equal(ghost_writer_taken(w, 1), 8);
    assert_int_equal(ghost_writer_thread_end(w, 1, NULL), 0);
    assert_int_equal(ghost_writer_taken(w, 1), 0);
    assert_int_equal(ghost_writer_thread_end(w, 1, NULL), 0);
    assert_int_equal(marks(w, 1, 0, 1), 0);
    assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    struct checked_log c = read_back();
    assert_int_equal(replay_thread(&c.replay, 1)->depth, 0);
    checked_log_release(&c);
    assert_int_equal(marks(w, 0, 0, 1), GHOST_E_USAGE);
    end(w);
}

/* The n-th write fails, for every n: after one more try of the same step nothing
 * is missing from the log. */
static void every_write_may_fail(void **state)
{
    (void)state;
    struct ghost_buf whole = sample_log(true);
    char *expected = sample_dump(whole.p, whole.len, true);
    for (unsigned n = 2;; n++) {
        out = (struct memory_sink){ .fail_from = n, .fail_to = n + 1 };
        struct ghost_writer *w = ghost_writer_new(&(struct ghost_writer_config){ { 1, 2, 3 }, 0, 8 }, &sink, NULL);
        int ret = sample_write(w, true);
        bool failed = out.writes >= n;
        assert_int_equal(ret, failed ? GHOST_E_FULL : 0);
        struct checked_log c = read_back();
        assert_int_equal(c.positions, sample_n_steps);
        assert_int_equal(c.events + c.adopted + c.lost, sample_n_steps + 3);   /* 3: a LOSS among the sample's records */
        checked_log_release(&c);
        if (!failed) {
            char *text = sample_dump(out.bytes.p, out.bytes.len, true);
            assert_string_equal(text, expected);
            free(text);
        }
        end(w);
        if (!failed) break;
        assert_true(n < 100);
    }
    out = (struct memory_sink){ .fail_from = 1, .fail_to = 2 };
    assert_null(ghost_writer_new(&(struct ghost_writer_config){ { 0 }, 0, 0 }, &sink, NULL));
    free(expected);
    ghost_buf_release(&whole);
}

static void the_index_tells_the_totals(void **state)
{
    struct ghost_buf b = sample_log(true);
    (void)state;
    struct ghost_log *log = ghost_log_open_memory(b.p, b.len, NULL);
    const struct ghost_log_info *info = ghost_log_info(log);
    struct checked_log c;
    checked_log_read(&c, b.p, b.len);
    assert_true(info->finished);
    assert_int_equal(info->version, 2);
    assert_int_equal(info->process[2], 3);
    assert_int_equal(info->events, c.events);
    assert_int_equal(info->lost, 1);
    assert_int_equal(info->n_blocks, c.blocks);
    assert_true(info->start_real_ns == 1700000000000000000 && info->end_real_ns == 1700000000000009000);
    checked_log_release(&c);
    ghost_log_close(log);
    /* one bit off and there is no index */
    b.p[b.len - 20] ^= 1;
    log = ghost_log_open_memory(b.p, b.len, NULL);
    assert_false(ghost_log_info(log)->finished);
    ghost_log_close(log);
    ghost_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_that_of_the_page), cmocka_unit_test(blocks_are_cut_at_block_events),
        cmocka_unit_test(positions_seen_before_are_no_new_events), cmocka_unit_test(a_gap_begins_another_block),
        cmocka_unit_test(small_blocks_share_a_frame), cmocka_unit_test(definitions_go_in_front), cmocka_unit_test(what_is_told_is_told_once), cmocka_unit_test(many_definitions_are_cut_into_frames),
        cmocka_unit_test(a_failing_sink_loses_nothing), cmocka_unit_test(a_discarded_block_costs_its_events_only),
        cmocka_unit_test(an_ended_thread_starts_anew), cmocka_unit_test(every_write_may_fail), cmocka_unit_test(the_index_tells_the_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
