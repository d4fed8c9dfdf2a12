/* db_blocks.c - where the logs' blocks are, and which time and thread each is of. */
#include "db_write.h"

#include <string.h>

#include "db_sql.h"
#include "events_log.h"

static uint32_t process_of(const struct ghost_model *m, const char *log)
{
    for (uint32_t i = 0; i < m->n_processes; i++)
        if (strcmp(m->processes[i].log.p, log) == 0)
            return i;
    return GHOST_NONE;
}

/* Threads stand by process and number. */
static uint32_t thread_of(const struct ghost_model *m, uint32_t process, uint32_t number)
{
    uint32_t low = 0, high = m->n_threads;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct ghost_model_thread *t = &m->threads[middle];
        if (t->process < process || (t->process == process && t->id < number))
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->n_threads && m->threads[low].process == process && m->threads[low].id == number ? low : GHOST_NONE;
}

static void bind_index(sqlite3_stmt *q, int at, uint32_t n)
{
    if (n == GHOST_NONE)
        sqlite3_bind_null(q, at);
    else
        sqlite3_bind_int64(q, at, n);
}

static int write_block(sqlite3_stmt *q, const struct ghost_model *m, const struct events_block *b, uint32_t process, struct ghost_err *err)
{
    bind_index(q, 1, process);
    bind_index(q, 2, thread_of(m, process, b->thread));
    sqlite3_bind_int64(q, 3, (int64_t)b->offset);
    sqlite3_bind_int64(q, 4, b->tail);
    bind_index(q, 5, b->events ? b->events : GHOST_NONE);    /* a log without an index does not say */
    sqlite3_bind_int64(q, 6, (int64_t)b->begin);
    sqlite3_bind_int64(q, 7, (int64_t)b->end);
    if (sqlite3_step(q) != SQLITE_DONE)
        return db_sql_fail(sqlite3_db_handle(q), err, "writing the analysis");
    sqlite3_reset(q);
    return 0;
}

int db_write_blocks(sqlite3 *db, const struct session *s, const struct ghost_model *m, struct ghost_err *err)
{
    struct events *e = events_open(s, err);
    sqlite3_stmt *q = e ? db_sql_prepare(db, "INSERT INTO block(process, thread, \"offset\", tail, events, begin_ns, end_ns) VALUES (?, ?, ?, ?, ?, ?, ?)", err) : NULL;
    int ret = q ? 0 : err->code ? err->code : GHOST_E_STATE;
    uint32_t log = GHOST_NONE, process = GHOST_NONE;
    for (uint32_t i = 0; ret == 0 && i < e->blocks.n; i++) {
        const struct events_block *b = &e->blocks.v[i];
        if (b->log != log)
            process = process_of(m, e->logs[b->log].name);
        log = b->log;
        ret = write_block(q, m, b, process, err);
    }
    sqlite3_finalize(q);
    events_close(e);
    return ret;
}
