/* Raw events against the model, figure by figure; limits, filters, clocks that go back. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/events_import.h"
#include "analyzer/pipeline.h"
#include "memory_sink.h"
#include "sample_log.h"

static char folder[64], path[96];

static int setup(void **state)
{
    (void)state;
    memcpy(folder, "/tmp/u_events_XXXXXX", sizeof "/tmp/u_events_XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/7-00000007.ghost", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static struct session write_log(const struct ghost_buf *b)
{
    struct session s;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, b->p, b->len) == (ssize_t)b->len);
    close(fd);
    assert_int_equal(session_resolve(NULL, path, &s, NULL), 0);
    return s;
}

/* ---- imported rows against the model ---- */

static sqlite3 *import(const struct session *s, const struct ghost_model *m, struct events_import_options o, uint64_t *rows)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, events_table_sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(events_import(db, s, m, &o, rows, NULL), 0);
    return db;
}

struct sums { uint64_t count, total, self, min, max, suspended; };

/* Rows of these kinds with these indices (GHOST_NONE: NULL). */
static struct sums sums_of(sqlite3 *db, unsigned kind, uint32_t signature, uint32_t caller, uint32_t type, bool adopted)
{
    sqlite3_stmt *q;
    static const char sql[] = "SELECT count(*), sum(latency), sum(self), min(latency), max(latency), sum(suspended) FROM event"
                              " WHERE kind = ? AND signature IS ? AND caller IS ? AND (type IS ? OR ? IN (1, 11)) AND (call IS NULL) = ?";
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    uint32_t values[] = { kind, signature, caller, type, kind, adopted };
    for (int i = 0; i < 6; i++)
        if (values[i] != GHOST_NONE)
            sqlite3_bind_int64(q, i + 1, values[i]);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    struct sums s;
    uint64_t *to[] = { &s.count, &s.total, &s.self, &s.min, &s.max, &s.suspended };
    for (int i = 0; i < 6; i++)
        *to[i] = (uint64_t)sqlite3_column_int64(q, i);
    sqlite3_finalize(q);
    return s;
}

static uint64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    uint64_t n = (uint64_t)sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void compare_outcomes(sqlite3 *db, const struct ghost_model *m)
{
    static const unsigned kinds[GHOST_END_COUNT] = {
        [GHOST_END_RETURN] = EVENT_RETURN, [GHOST_END_RAISED] = EVENT_RAISED, [GHOST_END_PASSED] = EVENT_PASSED,
        [GHOST_END_CLOSED] = EVENT_CLOSED, [GHOST_END_ABANDONED] = EVENT_ABANDON, [GHOST_END_YIELD] = EVENT_YIELD,
    };
    uint64_t told = 0;
    for (uint32_t i = 0; i < m->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &m->outcomes[i];
        const struct ghost_model_edge *e = &m->edges[o->edge];
        if (o->end == GHOST_END_CAUGHT)
            continue;
        struct sums s = sums_of(db, kinds[o->end], e->signature, e->caller, o->type, e->adopted);
        assert_int_equal(s.count, o->count);
        assert_int_equal(s.total, o->total);
        assert_int_equal(s.self, o->self);
        assert_int_equal(s.suspended, o->suspended);
        assert_int_equal(s.min, o->min);
        assert_int_equal(s.max, o->max);
        told += o->count;
    }
    assert_int_equal(number(db, "SELECT count(*) FROM event WHERE kind IN (2, 3, 4, 5, 6, 11)"), told);
}

static void compare(sqlite3 *db, const struct ghost_model *m)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < m->n_edges; i++) {
        const struct ghost_model_edge *e = &m->edges[i];
        if (!e->adopted)
            assert_int_equal(sums_of(db, EVENT_CALL, e->signature, e->caller, GHOST_NONE, false).count, e->calls);
        calls += e->calls;
    }
    assert_int_equal(number(db, "SELECT count(*) FROM event WHERE kind = 1"), calls);
    compare_outcomes(db, m);
    for (uint32_t i = 0; i < m->n_rows; i++) {
        char sql[160];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM event WHERE kind = 1 AND function = %u AND thread = %u", m->rows[i].function, m->rows[i].thread);
        assert_int_equal(number(db, sql), m->rows[i].calls);
    }
    assert_int_equal(number(db, "SELECT count(*) FROM event WHERE kind < 11"), m->events);
    assert_int_equal(number(db, "SELECT count(*) FROM event WHERE kind = 9 AND type = 0"), m->n_marks ? m->marks[0].count : 0);
    assert_int_equal(number(db, "SELECT count(*) FROM event a JOIN event b ON b.id = a.id + 1 WHERE b.time < a.time"), 0);
    assert_int_equal(number(db, "SELECT max(id) - count(*) FROM event"), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM event WHERE process IS NULL OR (function IS NULL) <> (kind IN (9, 10))"), 0);
}

static void rows_are_the_model(void **state)
{
    (void)state;
    for (unsigned finish = 0; finish < 2; finish++) {        /* blocks from the index, blocks from a scan */
        struct ghost_buf b = sample_log(finish);
        struct session s = write_log(&b);
        struct ghost_model *m = pipeline_run(&s, &(struct pipeline_options){ .jobs = 1 }, NULL);
        uint64_t rows;
        sqlite3 *db = import(&s, m, (struct events_import_options){ .limit = UINT64_MAX }, &rows);
        assert_true(m->events > 20 && rows >= m->events);
        assert_true(number(db, "SELECT count(*) FROM event WHERE kind > 10") >= 3);   /* each of the conclusions is in it */
        compare(db, m);
        sqlite3_close(db);
        ghost_model_free(m);
        session_release(&s);
        ghost_buf_release(&b);
    }
}

static void limits_and_filters(void **state)
{
    struct ghost_buf b = sample_log(true);
    struct session s = write_log(&b);
    struct ghost_model *m = pipeline_run(&s, &(struct pipeline_options){ .jobs = 1 }, NULL);
    static const struct { uint64_t less; struct events_filter filter; bool any; } cases[] = {
        { 1, { 0 }, false }, { 0, { 0 }, true }, { 1, { .thread = 1 }, true }, { 0, { .thread = 77 }, false }, { 0, { .process = "7" }, true },
        { 0, { .process = "8" }, false }, { 0, { .functions = { { EVENTS_ANY_NAME, true, "no*such" } }, .n_functions = 1 }, false },
        { 0, { .functions = { { EVENTS_ANY_NAME, true, "*" } }, .n_functions = 1 }, true }, { 0, { .to = 1 }, false },
        { UINT64_MAX, { 0 }, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t rows, limit = cases[i].less > m->events ? 0 : m->events - cases[i].less;
        sqlite3 *db = import(&s, m, (struct events_import_options){ limit, cases[i].filter }, &rows);
        assert_int_equal(rows != 0, cases[i].any);
        assert_int_equal(number(db, "SELECT count(*) FROM event"), rows);
        if (cases[i].filter.thread == 1)
            assert_int_equal(number(db, "SELECT count(DISTINCT thread) FROM event"), 1);
        sqlite3_close(db);
    }
    ghost_model_free(m);
    session_release(&s);
    ghost_buf_release(&b);
}

/* ---- clocks ---- */

/* One thread, a block of two events at each of the real times, 1000 ticks of 1 ns apart. */
static struct ghost_buf log_at(const uint64_t *real, size_t n)
{
    struct memory_sink sink = { 0 };
    struct ghost_sink to = memory_sink(&sink);
    struct ghost_writer *w = ghost_writer_new(&(struct ghost_writer_config){ { 1 }, 0, 0 }, &to, NULL);
    for (size_t i = 0; i < n; i++) {
        uint64_t tick = 1000 * (i + 1);
        struct ghost_event e[] = { sample_event(tick, GHOST_EV_CALL, 1, 1, 0), sample_event(tick + 10, GHOST_EV_RETURN, 1, 0, 1) };
        ghost_writer_clock(w, UINT64_C(1) << 32, (struct ghost_anchor){ tick, tick, real[i] });
        assert_int_equal(ghost_writer_events(w, 1, 2 * i, e, 2, NULL), 0);
        assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    }
    ghost_writer_free(w);
    return sink.bytes;
}

static void check_clock(const uint64_t *real, size_t n, bool ordered)
{
    struct ghost_buf b = log_at(real, n);
    struct session s = write_log(&b);
    struct events *e = events_open(&s, NULL);
    struct events_cursor *c = events_begin(e, &(struct events_filter){ 0 }, NULL);
    struct event_row row;
    uint64_t last = 0, seen = 0, back = 0;
    assert_int_equal(events_info(e)->ordered, ordered);
    assert_int_equal(events_info(e)->blocks, n);
    while (events_next(c, &row, NULL) > 0) {
        uint64_t own = real[seen / 2] + (seen % 2 ? 10 : 0);
        back += row.time < last;
        if (ordered)
            assert_true(row.time - own < 1000);              /* moved by no more than the noise */
        else
            assert_int_equal(row.time, own);
        last = row.time;
        seen++;
    }
    assert_int_equal(seen, 2 * n);
    assert_int_equal(back != 0, !ordered);
    assert_int_equal(events_cost(c).decoded, n);
    events_end(c);
    events_close(e);
    session_release(&s);
    ghost_buf_release(&b);
}

static void clocks_that_go_back(void **state)
{
    const uint64_t t = UINT64_C(1700000000000000000), hour = UINT64_C(3600000000000);
    (void)state;
    check_clock((uint64_t[]){ t, t + 1000, t + 5000 }, 3, true);
    check_clock((uint64_t[]){ t, t - 500, t + 5000 }, 3, true);          /* noise: the second waits for the first */
    check_clock((uint64_t[]){ t, t - hour, t - hour + 50 }, 3, false);   /* set back: times stay as they were told */
}

static void a_range_of_time(void **state)
{
    const uint64_t t = UINT64_C(1700000000000000000);
    uint64_t real[50];
    struct event_row row;
    (void)state;
    for (size_t i = 0; i < 50; i++)
        real[i] = t + 1000000 * i;
    struct ghost_buf b = log_at(real, 50);
    struct session s = write_log(&b);
    struct events *e = events_open(&s, NULL);
    struct events_cursor *c = events_begin(e, &(struct events_filter){ .from = real[20], .to = real[22] + 10 }, NULL);
    uint64_t n = 0;
    while (events_next(c, &row, NULL) > 0) {
        assert_true(row.time >= real[20] && row.time < real[22] + 10);
        n++;
    }
    assert_int_equal(n, 5);                                              /* the last return is at the end: outside */
    assert_int_equal(events_cost(c).decoded, 3);
    assert_int_equal(events_cost(c).skipped, 47);
    events_end(c);
    events_close(e);
    session_release(&s);
    ghost_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_model), cmocka_unit_test(limits_and_filters), cmocka_unit_test(clocks_that_go_back),
        cmocka_unit_test(a_range_of_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
