/* livefile_read.h - the ring and journal files of a process that runs, or ran, as
 * copies in memory: checked, bounded, byte order set right. */
#ifndef LIVEFILE_READ_H
#define LIVEFILE_READ_H

#include "base.h"
#include "ghost/log.h"

struct live_ring {
    uint32_t thread;
    uint64_t first_seq;          /* position of ev[0] */
    struct ghost_event *ev; size_t n;
    uint64_t tick_ns_q32;
    struct ghost_anchor anchor;
    struct ghost_def_loss lost;  /* count 0: nothing that the log does not know */
};

/* A ring that had no file: its events are gone, but for those that a block covers. */
struct live_fileless {
    uint32_t thread, cause;
    uint64_t first_seq, end_seq; /* positions of what the writer had not taken */
    uint64_t dropped;            /* events that it had no room for */
};

struct live_files {
    struct live_ring *rings; size_t n_rings, rings_cap;
    struct live_fileless *fileless; size_t n_fileless, fileless_cap;
    struct ghost_buf records;    /* of the journal, in order, whole and decodable ones only */
    uint64_t records_refused;    /* bytes or records of the journal that are unusable */
    uint64_t unusable;           /* files that are no live files of this process, or damaged */
};

/* Reads all live files beside `log_path`. `process` is the identity in the log's
 * header (NULL: unknown, any fits). Rings first, journal after them: a definition
 * is always stored before the events that use it. 0 also when there are none. */
int live_files_read(struct live_files *l, const char *log_path, const uint8_t *process, struct ghost_err *err);
void live_files_release(struct live_files *l);

#endif
