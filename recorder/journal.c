/* journal.c - definitions, kept in shared mapped chunks until the log has them
 * and, for the sake of forks, until the end of the process. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "recorder.h"

#define FIRST_CHUNK (64u * 1024)
#define LARGEST_CHUNK (8u * 1024 * 1024)
#define CHUNKS_MAX 1024u

struct chunk {
    struct ghost_defs_header *header;
    uint8_t *data;
    size_t capacity;
    uint64_t base;               /* bytes in all chunks before this one */
    uint64_t inherited;          /* bytes stored when this process was forked */
    bool in_memory;
};
/* Grown by the GIL's holder; the writer sees a chunk once `n_chunks` counts it. */
static struct chunk chunks[CHUNKS_MAX];
static uint32_t n_chunks;
uint64_t definitions_lost;       /* atomic; told as a LOSS at the end */

static void chunk_path(uint32_t i, char *path, size_t n)
{
    snprintf(path, n, "%.*s.%u.defs", PATH_MAX, recorder.base, i);
}

static size_t pages(size_t n) { return (n + GHOST_LIVE_DATA - 1) / GHOST_LIVE_DATA * GHOST_LIVE_DATA; }

static struct chunk *chunk_add(size_t capacity)
{
    char path[PATH_MAX + 32];
    if (n_chunks == CHUNKS_MAX)
        return NULL;
    struct chunk *c = &chunks[n_chunks];
    uint64_t base = n_chunks ? c[-1].base + c[-1].header->used : 0;

    chunk_path(n_chunks, path, sizeof(path));
    c->header = livefile_map(path, capacity, false, &c->in_memory);
    if (!c->header)
        return NULL;
    c->data = (uint8_t *)c->header + GHOST_LIVE_DATA;
    c->capacity = capacity;
    c->base = base;
    c->inherited = UINT64_MAX;
    struct ghost_live_common *h = &c->header->common;
    memcpy(h->magic, GHOST_DEFS_MAGIC, sizeof(h->magic));
    h->version = GHOST_LIVE_VERSION;
    h->order = GHOST_LIVE_ORDER;
    memcpy(h->process, recorder.process, sizeof(h->process));
    h->pid = (uint64_t)recorder.pid;
    h->capacity = capacity;
    __atomic_store_n(&n_chunks, n_chunks + 1, __ATOMIC_RELEASE);
    return c;
}

int journal_open(void) { return chunk_add(FIRST_CHUNK) ? 0 : -1; }

/* Kept free in every chunk for what has to be told at the end, when a full disk
 * gives no further chunk. */
#define LAST_WORDS 2048u

static void store(struct chunk *c, const uint8_t *records, size_t n)
{
    memcpy(c->data + c->header->used, records, n);
    __atomic_store_n(&c->header->used, c->header->used + n, __ATOMIC_RELEASE);
}

int journal_append_last(const uint8_t *records, size_t n)
{
    struct chunk *c = n_chunks ? &chunks[n_chunks - 1] : NULL;
    if (!c || c->capacity - c->header->used < n)
        return journal_append(records, n);
    store(c, records, n);
    return 0;
}

int journal_leave(const uint8_t *records, size_t n)
{
    for (uint32_t i = n_chunks; i-- > 0;)
        if (!chunks[i].in_memory && chunks[i].capacity - chunks[i].header->used >= n) {
            store(&chunks[i], records, n);
            return 0;
        }
    return -1;
}

int journal_append(const uint8_t *records, size_t n)
{
    struct chunk *c = n_chunks ? &chunks[n_chunks - 1] : NULL;
    if (!c)
        return -1;
    if (c->capacity - LAST_WORDS - c->header->used < n || c->capacity < LAST_WORDS + c->header->used) {
        size_t size = c->capacity * 2 > LARGEST_CHUNK ? LARGEST_CHUNK : c->capacity * 2;
        c = chunk_add(size > n + LAST_WORDS ? size : pages(n + LAST_WORDS));
        if (!c)
            return -1;
    }
    store(c, records, n);
    return 0;
}

int journal_append_buf(struct ghost_buf *b)
{
    int ret = b->failed ? -1 : journal_append(b->p, b->len);
    if (ret != 0)
        __atomic_add_fetch(&definitions_lost, 1, __ATOMIC_RELAXED);
    ghost_buf_release(b);
    return ret;
}

size_t journal_run(uint64_t taken, const uint8_t **run)
{
    uint32_t n = __atomic_load_n(&n_chunks, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t used = __atomic_load_n(&chunks[i].header->used, __ATOMIC_ACQUIRE);
        if (taken < chunks[i].base + used) {
            *run = chunks[i].data + (taken - chunks[i].base);
            return (size_t)(chunks[i].base + used - taken);
        }
    }
    return 0;
}

void journal_written(uint64_t bytes)
{
    uint32_t n = __atomic_load_n(&n_chunks, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < n; i++) {
        if (bytes <= chunks[i].base)
            return;
        uint64_t used = __atomic_load_n(&chunks[i].header->used, __ATOMIC_ACQUIRE);
        uint64_t written = bytes - chunks[i].base;
        __atomic_store_n(&chunks[i].header->written, written < used ? written : used, __ATOMIC_RELEASE);
    }
}

uint64_t journal_size(void)
{
    return n_chunks ? chunks[n_chunks - 1].base + chunks[n_chunks - 1].header->used : 0;
}

/* Reads a varint of our own making; there is nothing to distrust. */
static uint64_t varint(const uint8_t **p)
{
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*p)++;
        v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return v;
    }
}

/* What belongs to one process only and is not handed down to a fork's child. */
static bool is_handed_down(uint64_t kind)
{
    return kind != GHOST_REC_META && kind != GHOST_REC_THREAD && kind != GHOST_REC_NOTE && kind != GHOST_REC_LOSS
           && kind != GHOST_REC_SAMPLED && kind != GHOST_REC_CHILD;
}

void journal_before_fork(void)
{
    if (recorder.forked) /* a child that has not recorded yet: what it inherited is all */
        return;
    for (uint32_t i = 0; i < n_chunks; i++)
        chunks[i].inherited = chunks[i].header->used;
}

void journal_after_fork_in_parent(void)
{
    if (recorder.forked)
        return;
    for (uint32_t i = 0; i < n_chunks; i++)
        chunks[i].inherited = UINT64_MAX;
}

/* The parent goes on writing to the mapping that the child still shares: what
 * counts is what was there at the fork. */
static uint64_t inherited_bytes(const struct chunk *c)
{
    uint64_t used = c->header->used;
    return used < c->inherited ? used : c->inherited;
}

int journal_reopen_in_child(void)
{
    struct chunk old[CHUNKS_MAX];
    uint32_t n_old = n_chunks;
    size_t bytes = FIRST_CHUNK;
    int ret = -1;

    memcpy(old, chunks, sizeof(old));
    for (uint32_t i = 0; i < n_old; i++)
        bytes += inherited_bytes(&old[i]);
    n_chunks = 0;
    if (!chunk_add(pages(bytes)))
        goto out;
    ret = 0;
    for (uint32_t i = 0; i < n_old; i++) {
        const uint8_t *p = old[i].data, *end = p + inherited_bytes(&old[i]);
        while (p < end) {
            const uint8_t *record = p;
            uint64_t kind = varint(&p);
            uint64_t len = varint(&p);
            p += len;
            if (is_handed_down(kind) && journal_append(record, (size_t)(p - record)) != 0)
                ret = -1;
        }
    }
out:
    for (uint32_t i = 0; i < n_old; i++)
        livefile_unmap(old[i].header, old[i].capacity, false);
    return ret;
}

struct ghost_ring_header *journal_ring_header(void)
{
    for (uint32_t i = 0; i < n_chunks; i++)
        for (uint32_t k = 0; !chunks[i].in_memory && k < GHOST_FILELESS_MAX; k++) {
            struct ghost_ring_header *h = &chunks[i].header->fileless[k];
            if (__atomic_load_n(&h->common.pid, __ATOMIC_ACQUIRE) == 0)
                return h; /* its user stores its pid there */
        }
    return NULL;
}

bool journal_has_ring(const struct ghost_ring_header *h)
{
    uint32_t n = __atomic_load_n(&n_chunks, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < n; i++) {
        const struct ghost_defs_header *page = chunks[i].header;
        if (h >= page->fileless && h < page->fileless + GHOST_FILELESS_MAX)
            return true;
    }
    return false;
}

bool journal_ring_gone(struct ghost_ring_header *h)
{
    struct ghost_live_common *c = &h->common;
    if (!journal_has_ring(h))
        return false;
    memset(c->magic, 0, sizeof(c->magic)); /* a reader's sign comes first */
    memset(c + 1, 0, sizeof(*h) - sizeof(*c));
    __atomic_store_n(&c->pid, 0, __ATOMIC_RELEASE);
    return true;
}

void journal_remove_files(void)
{
    char path[PATH_MAX + 32];
    for (uint32_t i = 0; i < n_chunks; i++) {
        if (chunks[i].in_memory)
            continue;
        chunk_path(i, path, sizeof(path));
        unlink(path);
    }
}
