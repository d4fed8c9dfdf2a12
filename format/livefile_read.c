/* livefile_read.c - see livefile_read.h. The files belong to another process,
 * which may be running, may have been killed while it wrote, or may be hostile:
 * they are read with pread (a mapping would fault if one is cut), and no number
 * in them is believed beyond the file's size. */
#include "livefile_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "defcodec.h"
#include "ghost/live.h"
#include "ghost/version.h"
#include "varint.h"

#define RING_EVENTS_MAX (1u << 24)        /* of one ring */
#define EVENTS_MAX (UINT64_C(1) << 26)    /* of all rings: 1 GiB */
#define JOURNAL_MAX (UINT64_C(1) << 28)   /* bytes of all chunks */
#define FILES_MAX 65536u

struct file { uint64_t number; bool ring; };
struct listing { struct file *files; size_t n, cap; };

/* ---- which files ---- */

static int by_kind_and_number(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    if (x->ring != y->ring) return x->ring ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* "NAME.<n>.ring" or "NAME.<n>.defs" */
static bool parse_name(const char *file, const char *name, size_t n_name, struct file *f)
{
    if (strncmp(file, name, n_name) != 0 || file[n_name] != '.') return false;
    const char *p = file + n_name + 1, *digits = p;
    f->number = 0;
    while (*p >= '0' && *p <= '9' && p - digits < 18) f->number = 10 * f->number + (uint64_t)(*p++ - '0');
    if (p == digits || (digits[0] == '0' && p - digits > 1)) return false;   /* one spelling for each number */
    f->ring = strcmp(p, ".ring") == 0;
    return f->ring || strcmp(p, ".defs") == 0;
}

static int list(struct listing *l, DIR *folder, const char *name, size_t n_name, struct ghost_err *err)
{
    struct dirent *e;
    while ((e = readdir(folder))) {
        struct file f;
        if (!parse_name(e->d_name, name, n_name, &f)) continue;
        if (l->n == FILES_MAX) return ghost_fail(err, GHOST_E_LIMIT, "more than %u live files of one process; move some away", FILES_MAX);
        if (!array_grow(&l->files, &l->cap, l->n + 1, sizeof *l->files)) return ghost_fail(err, GHOST_E_NOMEM, "out of memory for the list of live files");
        l->files[l->n++] = f;
    }
    if (l->n) qsort(l->files, l->n, sizeof *l->files, by_kind_and_number);
    return 0;
}

/* ---- one file ---- */

struct source { int fd; uint64_t size; bool swap; };

static bool read_at(const struct source *s, void *to, size_t n, uint64_t at)
{
    char *p = to;
    while (n) {
        ssize_t got = pread(s->fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static uint64_t swap64(const struct source *s, uint64_t v) { return s->swap ? __builtin_bswap64(v) : v; }
static uint32_t swap32(const struct source *s, uint32_t v) { return s->swap ? __builtin_bswap32(v) : v; }

/* The header of either kind of file. Tells the byte order; false when the file is
 * not what its name says. */
static bool read_header(struct source *s, void *header, size_t n, const char *magic, const uint8_t *process)
{
    struct ghost_live_common c;
    struct stat st;
    if (fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)GHOST_LIVE_DATA) return false;
    s->size = (uint64_t)st.st_size - GHOST_LIVE_DATA;
    if (!read_at(s, header, n, 0)) return false;
    memcpy(&c, header, sizeof c);
    s->swap = c.order == __builtin_bswap32(GHOST_LIVE_ORDER);
    return memcmp(c.magic, magic, sizeof c.magic) == 0 && swap32(s, c.order) == GHOST_LIVE_ORDER
        && swap32(s, c.version) == GHOST_LIVE_VERSION && (!process || memcmp(c.process, process, sizeof c.process) == 0);
}

/* A file that its process has made but not filled yet holds nothing. */
static bool not_begun(const struct source *s)
{
    static const char nothing[8];
    char magic[sizeof nothing];
    return !read_at(s, magic, sizeof magic, 0) || memcmp(magic, nothing, sizeof magic) == 0;
}

/* ---- rings ---- */

static uint64_t nonnegative(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

struct ring_numbers { uint64_t head, tail, capacity; };

static struct ring_numbers ring_numbers(const struct source *s, const struct ghost_ring_header *h)
{
    return (struct ring_numbers){ swap64(s, h->head), swap64(s, h->tail), swap64(s, h->common.capacity) };
}

static bool ring_sane(const struct source *s, const struct ring_numbers *r)
{
    return r->capacity && (r->capacity & (r->capacity - 1)) == 0 && r->capacity <= RING_EVENTS_MAX
        && r->capacity <= s->size / sizeof(struct ghost_event) && r->tail <= r->head && r->head - r->tail <= r->capacity;
}

static bool copy_events(const struct source *s, const struct ring_numbers *r, struct live_ring *ring)
{
    size_t n = (size_t)(r->head - r->tail), at = (size_t)(r->tail & (r->capacity - 1));
    size_t first = n < r->capacity - at ? n : (size_t)r->capacity - at;
    if (n == 0) return true;
    ring->ev = malloc(n * sizeof *ring->ev);
    if (!ring->ev) return false;
    ring->n = n;
    if (!read_at(s, ring->ev, first * sizeof *ring->ev, GHOST_LIVE_DATA + at * sizeof *ring->ev)) return false;
    if (!read_at(s, ring->ev + first, (n - first) * sizeof *ring->ev, GHOST_LIVE_DATA)) return false;
    for (size_t i = 0; s->swap && i < n; i++)
        ring->ev[i] = (struct ghost_event){ swap64(s, ring->ev[i].time_kind), swap64(s, ring->ev[i].what) };
    return true;
}

/* Events that the writer took and freed while they were copied may have been
 * overwritten; they are in the log by now. */
static bool drop_freed(struct source *s, const struct ring_numbers *before, struct live_ring *ring)
{
    struct ghost_ring_header h;
    if (!read_at(s, &h, sizeof h, 0)) return false;
    uint64_t tail = swap64(s, h.tail);
    ring->first_seq = before->tail;
    if (tail < before->tail) return false;
    uint64_t freed = tail - before->tail;
    if (freed > ring->n) freed = ring->n;
    memmove(ring->ev, ring->ev + freed, (ring->n - (size_t)freed) * sizeof *ring->ev);
    ring->n -= (size_t)freed;
    ring->first_seq += freed;
    return true;
}

static bool read_ring(struct source *s, const uint8_t *process, struct live_ring *ring, uint64_t *room)
{
    struct ghost_ring_header h;
    if (!read_header(s, &h, sizeof h, GHOST_RING_MAGIC, process)) return false;
    struct ring_numbers r = ring_numbers(s, &h);
    ring->thread = swap32(s, h.thread);
    if (!ring_sane(s, &r) || ring->thread == 0 || r.head - r.tail > *room) return false;
    if (!copy_events(s, &r, ring)) return false;
    if (ring->n && !drop_freed(s, &r, ring)) return false;
    if (!ring->n) ring->first_seq = r.head;
    *room -= ring->n;
    ring->tick_ns_q32 = swap64(s, h.tick_ns_q32);
    ring->anchor = (struct ghost_anchor){ swap64(s, h.anchor_tick), swap64(s, h.anchor_mono), swap64(s, h.anchor_real) };
    uint64_t lost = swap64(s, h.lost), logged = swap64(s, h.lost_logged), cause = swap64(s, h.lost_cause);
    ring->lost = (struct ghost_def_loss){ ring->thread, cause && cause <= UINT32_MAX ? (uint32_t)cause : GHOST_LOSS_RING_FULL,
                                          nonnegative(lost, logged), swap64(s, h.lost_first_tick), swap64(s, h.lost_last_tick) };
    return true;
}

/* ---- the journal ---- */

/* Takes the records that a log may hold and that decode: one that does not would
 * spoil the frame it goes into. */
static bool take_records(struct live_files *l, const uint8_t *p, size_t n)
{
    struct def_scratch scratch = { 0 };
    struct cursor c = { p, p + n, false };
    bool ok = true;
    while (c.p < c.end && ok) {
        const uint8_t *begin = c.p;
        uint64_t kind = get_varint(&c);
        size_t size = get_count(&c, RECORD_MAX, 1);
        const uint8_t *payload = get_bytes(&c, size);
        struct ghost_def d;
        const char *why;
        if (c.bad) {
            l->records_refused++;
            break;
        }
        if (!def_known(kind) || kind == GHOST_REC_END || def_decode(&scratch, (uint32_t)kind, payload, size, &d, &why) != 0) {
            l->records_refused++;
            continue;
        }
        buf_put(&l->records, begin, (size_t)(c.p - begin));
        ok = !l->records.failed;
    }
    def_scratch_release(&scratch);
    return ok;
}

/* The headers in the journal's first page of rings that have no file. */
static int read_fileless(struct live_files *l, const struct source *s, const struct ghost_defs_header *page)
{
    for (size_t i = 0; i < GHOST_FILELESS_MAX; i++) {
        const struct ghost_ring_header *h = &page->fileless[i];
        static const char nothing[8];
        uint64_t head = swap64(s, h->head), tail = swap64(s, h->tail), seeds = swap32(s, h->seeds);
        uint32_t thread = swap32(s, h->thread);
        if (memcmp(h->common.magic, nothing, sizeof nothing) == 0) continue;
        if (memcmp(h->common.magic, GHOST_RING_MAGIC, 8) != 0 || thread == 0 || tail > head || head - tail > RING_EVENTS_MAX) {
            l->unusable++;
            continue;
        }
        if (!array_grow(&l->fileless, &l->fileless_cap, l->n_fileless + 1, sizeof *l->fileless)) return GHOST_E_NOMEM;
        uint64_t first = seeds > tail ? seeds : tail, cause = swap64(s, h->lost_cause);
        l->fileless[l->n_fileless++] = (struct live_fileless){
            thread, cause && cause <= UINT32_MAX ? (uint32_t)cause : GHOST_LOSS_WRITE_FAILED, first, first > head ? first : head,
            nonnegative(swap64(s, h->lost), swap64(s, h->lost_logged)) };
    }
    return 0;
}

static int read_journal(struct live_files *l, struct source *s, const uint8_t *process)
{
    struct ghost_defs_header h;
    if (!read_header(s, &h, sizeof h, GHOST_DEFS_MAGIC, process)) return GHOST_E_CORRUPT;
    if (read_fileless(l, s, &h) != 0) return GHOST_E_NOMEM;
    uint64_t written = swap64(s, h.written), used = swap64(s, h.used), capacity = swap64(s, h.common.capacity);
    if (written > used || used > capacity || used > s->size || used - written > JOURNAL_MAX - l->records.len) return GHOST_E_CORRUPT;
    if (written == used) return 0;
    uint8_t *copy = malloc((size_t)(used - written));
    if (!copy) return GHOST_E_NOMEM;
    int ret = GHOST_E_CORRUPT;
    if (read_at(s, copy, (size_t)(used - written), GHOST_LIVE_DATA + written))
        ret = take_records(l, copy, (size_t)(used - written)) ? 0 : GHOST_E_NOMEM;
    free(copy);
    return ret;
}

/* ---- all of them ---- */

static int read_file(struct live_files *l, int folder, const char *name, const struct file *f, const uint8_t *process, uint64_t *room)
{
    char path[NAME_MAX + 64];
    struct source s = { 0 };
    int ret = GHOST_E_CORRUPT;
    snprintf(path, sizeof path, "%s.%llu.%s", name, (unsigned long long)f->number, f->ring ? "ring" : "defs");
    s.fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (s.fd < 0) return errno == ENOENT ? 0 : GHOST_E_IO;     /* gone meanwhile: all of it is in the log */
    if (not_begun(&s)) {
        ret = 0;
    } else if (!f->ring) {
        ret = read_journal(l, &s, process);
    } else if (!array_grow(&l->rings, &l->rings_cap, l->n_rings + 1, sizeof *l->rings)) {
        ret = GHOST_E_NOMEM;
    } else {
        struct live_ring ring = { 0 };
        if (read_ring(&s, process, &ring, room)) {
            l->rings[l->n_rings++] = ring;
            ret = 0;
        } else {
            free(ring.ev);
        }
    }
    close(s.fd);
    return ret;
}

/* The path's folder, and the log's name without ".ghost". */
static DIR *open_folder(const char *log_path, char *name, size_t n)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(log_path, '/'), *base = slash ? slash + 1 : log_path;
    size_t length = strlen(base);
    if (length > 6 && strcmp(base + length - 6, ".ghost") == 0) length -= 6;
    else length = 0;
    if (length == 0 || length >= n) return NULL;
    memcpy(name, base, length);
    name[length] = '\0';
    if (!slash) return opendir(".");
    length = slash == log_path ? 1 : (size_t)(slash - log_path);
    if (length >= sizeof folder) return NULL;
    memcpy(folder, log_path, length);
    folder[length] = '\0';
    return opendir(folder);
}

int live_files_read(struct live_files *l, const char *log_path, const uint8_t *process, struct ghost_err *err)
{
    char name[NAME_MAX];
    struct listing files = { 0 };
    uint64_t room = EVENTS_MAX;
    DIR *folder = open_folder(log_path, name, sizeof name);
    if (!folder) return 0;                /* no folder, or no name that live files could have */
    int ret = list(&files, folder, name, strlen(name), err);
    for (size_t i = 0; ret == 0 && i < files.n; i++) {
        int got = read_file(l, dirfd(folder), name, &files.files[i], process, &room);
        if (got == GHOST_E_NOMEM) ret = ghost_fail(err, got, "out of memory for the live files of %s", log_path);
        else if (got != 0) l->unusable++;
    }
    free(files.files);
    closedir(folder);
    return ret;
}

void live_files_release(struct live_files *l)
{
    for (size_t i = 0; i < l->n_rings; i++) free(l->rings[i].ev);
    free(l->rings);
    free(l->fileless);
    ghost_buf_release(&l->records);
    *l = (struct live_files){ 0 };
}
