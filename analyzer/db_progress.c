/* db_progress.c - one line on stderr: share, rate, time left. */
#include "db_progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "term.h"

#define PATIENCE_NS 700000000u           /* nothing is shown before */
#define REDRAW_NS 100000000u

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void db_progress_begin(struct db_progress *p)
{
    *p = (struct db_progress){ .started = now_ns(), .terminal = isatty(STDERR_FILENO) };
}

/* Time to draw? Then *spent is the time since the beginning. */
static bool due(struct db_progress *p, uint64_t *spent)
{
    uint64_t now = now_ns();
    *spent = now - p->started;
    if (!p->terminal || *spent < PATIENCE_NS || now - p->drawn < REDRAW_NS)
        return false;
    p->drawn = now;
    p->shown = true;
    return true;
}

void db_progress_bytes(void *self, uint64_t done, uint64_t total)
{
    struct db_progress *p = self;
    uint64_t spent;
    char of[HUMAN], rate[HUMAN], left[HUMAN];
    if (!total || !done || !due(p, &spent))
        return;
    double speed = (double)done / ((double)spent / 1e9);
    uint64_t rest = total > done ? (uint64_t)((double)(total - done) / speed * 1e9) : 0;
    fprintf(stderr, "\r\033[Kanalysing: %3.0f%% of %s, %s/s, %s left", 100.0 * (double)done / (double)total,
            human_bytes(of, total), human_bytes(rate, (uint64_t)speed), human_span(left, rest));
    fflush(stderr);
}

static void draw_rows(struct db_progress *p, uint64_t done)
{
    uint64_t spent;
    char rows[HUMAN], rate[HUMAN], left[HUMAN];
    if (!done || !due(p, &spent))
        return;
    double speed = (double)done / ((double)spent / 1e9);
    fprintf(stderr, "\r\033[Kwriting: %s rows, %s/s", human_count(rows, done), human_count(rate, (uint64_t)speed));
    if (p->rows > done)
        fprintf(stderr, ", %3.0f%%, %s left", 100.0 * (double)done / (double)p->rows,
                human_span(left, (uint64_t)((double)(p->rows - done) / speed * 1e9)));
    fflush(stderr);
}

static int on_steps(void *self)
{
    struct db_progress *p = self;
    /* changes are counted when a statement ends; the id of the last row is known at once */
    draw_rows(p, (uint64_t)(p->one_table ? sqlite3_last_insert_rowid(p->db) : sqlite3_total_changes64(p->db)));
    return 0;
}

void db_progress_follow(struct db_progress *p, sqlite3 *db, bool one_table, uint64_t rows)
{
    enum { STEPS = 1000000 };
    p->rows = rows;
    p->db = db;
    p->one_table = one_table;
    p->started = now_ns();
    if (p->terminal)
        sqlite3_progress_handler(db, STEPS, on_steps, p);
}

void db_progress_end(struct db_progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
