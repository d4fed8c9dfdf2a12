/* archive.c - many logs in one file: finding them (docs/format.md, 9). */
#include "ghost/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive_frame.h"
#include "base.h"
#include "varint.h"

#define DIRECTORY_MAX (64u << 20)         /* bytes; a million logs */

struct ghost_archive {
    int fd;
    uint64_t size;
    char *session;
    struct ghost_archive_entry *entries; size_t n, cap;
    bool whole;
};

static bool read_at(int fd, void *to, size_t n, uint64_t at)
{
    for (char *p = to; n;) {
        ssize_t got = pread(fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static int open_file(const char *path, struct ghost_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        ghost_fail(err, errno == ENOENT ? GHOST_E_NOT_FOUND : GHOST_E_IO, "%s cannot be opened: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return fd;
    ghost_fail(err, GHOST_E_USAGE, "%s is not a regular file; an archive is one", path);
    close(fd);
    return -1;
}

bool ghost_archive_probe(const char *path)
{
    uint8_t head[16];
    int fd = open_file(path, NULL);
    if (fd < 0) return false;
    bool found = read_at(fd, head, sizeof head, 0) && archive_head_begins(head);
    close(fd);
    return found;
}

/* ---- what is inside ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ghost_archive_entry *)a)->name, ((const struct ghost_archive_entry *)b)->name);
}

static int add_entry(struct ghost_archive *a, struct ghost_str name, uint64_t offset, uint64_t size)
{
    char *copy = strndup(name.p, name.len);
    if (!copy || !array_grow(&a->entries, &a->cap, a->n + 1, sizeof *a->entries)) {
        free(copy);
        return GHOST_E_NOMEM;
    }
    a->entries[a->n++] = (struct ghost_archive_entry){ copy, offset, size };
    return 0;
}

static void forget_entries(struct ghost_archive *a)
{
    while (a->n) free((char *)a->entries[--a->n].name);
}

/* The entries of a directory: names that may stand in an archive, logs that lie
 * within the file one behind the other. */
static int read_entries(struct ghost_archive *a, struct cursor *c)
{
    uint64_t end = 0;
    size_t n = get_count(c, UINT32_MAX, 4);
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < n; i++) {
        uint64_t offset = end + get_max(c, a->size - end), size = get_max(c, a->size - offset);
        size_t length = get_count(c, ARCHIVE_NAME_MAX, 1);
        const uint8_t *p = get_bytes(c, length);
        struct ghost_str name = { (const char *)p, (uint32_t)length };
        if (c->bad || !archive_name_good(name)) return GHOST_E_CORRUPT;
        ret = add_entry(a, name, offset, size);
        end = offset + size;
    }
    return ret == 0 && c->bad ? GHOST_E_CORRUPT : ret;
}

static int read_directory(struct ghost_archive *a)
{
    uint8_t tail[8], *frame;
    int ret = GHOST_E_CORRUPT;
    if (a->size < sizeof tail || !read_at(a->fd, tail, sizeof tail, a->size - sizeof tail) || memcmp(tail + 4, "GDIR", 4) != 0) return ret;
    uint64_t whole = load_le(tail, 4);
    if (whole > DIRECTORY_MAX || whole > a->size || !(frame = malloc((size_t)whole + 1))) return ret;
    struct cursor c;
    if (read_at(a->fd, frame, (size_t)whole, a->size - whole) && archive_directory_open(frame, (size_t)whole, &c)) ret = read_entries(a, &c);
    free(frame);
    if (ret != 0) forget_entries(a);
    return ret;
}

/* ---- without a directory: every log has a frame in front of it ---- */

#define PIECE ((size_t)1 << 20)

/* The log before ends where the next one's frame begins. */
static void end_last(struct ghost_archive *a, uint64_t at)
{
    if (a->n) a->entries[a->n - 1].size = at - a->entries[a->n - 1].offset;
}

static int search_piece(struct ghost_archive *a, const uint8_t *p, size_t n, size_t useful, uint64_t base)
{
    int ret = 0;
    for (size_t at = 8; ret == 0 && at < useful + 8 && at + 8 <= n; at++) {
        const uint8_t *found = memmem(p + at, n - at, "GHOSTMEM", 8);
        struct ghost_str name;
        if (!found || (size_t)(found - p) >= useful + 8) break;
        at = (size_t)(found - p);
        const uint8_t *frame = found - 8;
        if (!archive_member_decode(frame, n - (size_t)(frame - p), &name)) continue;
        uint64_t begin = base + (uint64_t)(frame - p);
        end_last(a, begin);
        uint64_t log = begin + load_le(frame + 4, 4) + 8;
        ret = add_entry(a, name, log, a->size - log);
    }
    return ret;
}

static int search(struct ghost_archive *a)
{
    int ret = 0;
    uint8_t *p = malloc(PIECE + ARCHIVE_HEAD_MAX);
    if (!p) return GHOST_E_NOMEM;
    for (uint64_t at = 0; ret == 0 && at < a->size; at += PIECE) {
        uint64_t left = a->size - at;
        size_t n = left < PIECE + ARCHIVE_HEAD_MAX ? (size_t)left : PIECE + ARCHIVE_HEAD_MAX;
        if (!read_at(a->fd, p, n, at)) break;
        ret = search_piece(a, p, n, n < PIECE ? n : PIECE, at);
    }
    free(p);
    return ret;
}

/* ---- the public verbs ---- */

static int read_head(struct ghost_archive *a, struct ghost_err *err)
{
    uint8_t head[ARCHIVE_HEAD_MAX];
    struct archive_head h;
    size_t n = a->size < sizeof head ? (size_t)a->size : sizeof head;
    if (!read_at(a->fd, head, n, 0) || n < 16 || !archive_head_begins(head)) return ghost_fail(err, GHOST_E_CORRUPT, "no archive of `ghost pack`");
    if (!archive_head_decode(head, n, &h)) return 0;         /* only the session's name is lost */
    if (h.oldest_reader > ARCHIVE_VERSION)
        return ghost_fail(err, GHOST_E_VERSION, "this archive needs a ghost that reads archive version %u; this one reads up to %d: upgrade ghost",
                          h.oldest_reader, ARCHIVE_VERSION);
    a->session = strndup(h.session.p, h.session.len);
    return a->session ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while an archive was opened");
}

struct ghost_archive *ghost_archive_open(const char *path, struct ghost_err *err)
{
    struct stat st;
    struct ghost_archive *a = calloc(1, sizeof *a);
    if (!a) {
        ghost_fail(err, GHOST_E_NOMEM, "out of memory while an archive was opened");
        return NULL;
    }
    a->fd = open_file(path, err);
    if (a->fd >= 0 && fstat(a->fd, &st) == 0) {
        a->size = (uint64_t)st.st_size;
        if (read_head(a, err) == 0) {
            int ret = read_directory(a);
            a->whole = ret == 0;
            if (ret == GHOST_E_CORRUPT) ret = search(a);
            if (a->n) qsort(a->entries, a->n, sizeof *a->entries, by_name);
            if (ret == 0) return a;
            ghost_fail(err, ret, "out of memory while the archive %s was opened", path);
        }
    }
    ghost_archive_close(a);
    return NULL;
}

void ghost_archive_close(struct ghost_archive *a)
{
    if (!a) return;
    forget_entries(a);
    free(a->entries);
    free(a->session);
    if (a->fd >= 0) close(a->fd);
    free(a);
}

const char *ghost_archive_session(const struct ghost_archive *a) { return a->session ? a->session : ""; }
bool ghost_archive_whole(const struct ghost_archive *a) { return a->whole; }
size_t ghost_archive_count(const struct ghost_archive *a) { return a->n; }
const struct ghost_archive_entry *ghost_archive_entry(const struct ghost_archive *a, size_t i) { return &a->entries[i]; }

const struct ghost_archive_entry *ghost_archive_find(const struct ghost_archive *a, const char *name)
{
    struct ghost_archive_entry key = { name, 0, 0 };
    return a->n ? bsearch(&key, a->entries, a->n, sizeof key, by_name) : NULL;
}
