/* live.h - the files a recorded process keeps mapped while it runs.
 *
 * They exist so that a kill loses nothing: a recording thread stores events in
 * a ring file and definitions go to a journal file, both mapped MAP_SHARED, so
 * the bytes are the kernel's the moment they are stored. The writer thread
 * copies them into the log and only then moves `tail` / `written`. After a
 * clean end the files are removed; after a crash they stay, and a reader takes
 * what lies between tail and head as if the writer had written it.
 *
 * File names in the session folder, where NAME is the log's name without
 * ".ghost" (<pid>-<8 hex>):
 *   NAME.ghost          the log
 *   NAME.<n>.ring       n-th ring, n from 1; whose it is stands in its header (a
 *                       thread may have several, one after another)
 *   NAME.<n>.defs       n-th chunk of the definition journal, n from 0
 *
 * Numbers are in the machine's own byte order; `order` tells which (a reader
 * of the other kind swaps). Every field is naturally aligned. The first page
 * is the header, data begin at GHOST_LIVE_DATA. */
#ifndef GHOST_LIVE_H
#define GHOST_LIVE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define GHOST_LIVE_DATA 4096u
#define GHOST_LIVE_ORDER 0x01020304u
#define GHOST_RING_MAGIC "GHOSTRNG"
#define GHOST_DEFS_MAGIC "GHOSTDEF"

struct ghost_live_common {
    char magic[8];
    uint32_t version;         /* GHOST_LIVE_VERSION */
    uint32_t order;           /* GHOST_LIVE_ORDER as the writer stores it */
    uint8_t process[16];      /* same as in the log's header */
    uint64_t pid;
    uint64_t capacity;        /* ring: events (a power of two); journal: bytes */
};

#define GHOST_RING_THREAD_GONE 1u
#define GHOST_RING_LEFT 2u                       /* the thread goes on in a larger ring */
struct ghost_ring_header {
    struct ghost_live_common common;             /* offset 0 */
    uint32_t thread;                             /* 48: thread number */
    uint32_t seeds;                              /* 52: events at the ring's beginning that only tell what was open then */
    uint64_t os_tid;                             /* 56 */
    uint64_t start_tick;                         /* 64 */
    uint64_t tick_ns_q32;                        /* 72: ns per tick, 32.32 fixed point */
    uint64_t anchor_tick, anchor_mono, anchor_real; /* 80, 88, 96 */
    char pad1[128 - 104];
    /* written by the recording thread only */
    _Alignas(64) uint64_t head;                  /* 128: events stored, ever */
    uint64_t lost;                               /* events dropped, ever */
    uint64_t lost_first_tick, lost_last_tick;    /* span of the drops not yet in the log */
    uint64_t ended;                              /* 0, or one of GHOST_RING_* */
    uint64_t lost_cause;                         /* enum ghost_loss_cause of the last drop */
    char pad2[256 - 176];
    /* written by the writer thread only */
    _Alignas(64) uint64_t tail;                  /* 256: events that are in the log, ever */
    uint64_t lost_logged;                        /* of `lost`, those told in a LOSS record */
};
static_assert(offsetof(struct ghost_ring_header, head) == 128, "ring layout");
static_assert(offsetof(struct ghost_ring_header, tail) == 256, "ring layout");

#define GHOST_FILELESS_MAX 11u
struct ghost_defs_header {
    struct ghost_live_common common;             /* offset 0 */
    char pad1[128 - 48];
    _Alignas(64) uint64_t used;                  /* 128: bytes of whole records stored */
    char pad2[256 - 136];
    _Alignas(64) uint64_t written;               /* 256: bytes that are in the log */
    char pad3[576 - 264];
    /* 576: headers of rings that have no file, for no disk had room for it: what is in such a
     * ring ends with its process, how much it was stands here. Magic of zeros: none. */
    struct ghost_ring_header fileless[GHOST_FILELESS_MAX];
};
static_assert(offsetof(struct ghost_defs_header, used) == 128, "journal layout");
static_assert(offsetof(struct ghost_defs_header, written) == 256, "journal layout");
static_assert(offsetof(struct ghost_defs_header, fileless) == 576, "journal layout");
static_assert(sizeof(struct ghost_defs_header) == GHOST_LIVE_DATA, "journal layout");

#endif
