/* reader.c - a log file as a sequence of frames, damaged places included.
 *
 * A file can be cut while it is open. So files are copied while that is cheap; a large one
 * is mapped (guard.h: what it loses reads as zeros), and its length is asked again before each
 * frame, to tell a cut from damage. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "decoder.h"
#include "frame.h"
#include "ghost/archive.h"
#include "ghost/version.h"
#include "guard.h"
#include "varint.h"

#define COPIED_MAX ((size_t)16 << 20)

struct ghost_log {
    const uint8_t *bytes;
    size_t size;                 /* bytes that are there */
    size_t opened_size;          /* at the opening: the file may grow meanwhile, or lose its end */
    void *pages; size_t mapped;  /* the memory to give back and its bytes, 0 none */
    bool guarded;                /* a mapping of the file, not a copy */
    uint64_t begin;              /* in the file */
    int fd;                      /* of a file that may shrink, else -1 */
    struct ghost_decoder *probe; /* to tell frames from what looks like one */
    uint64_t patience;           /* bytes of work that finding the way back may still cost */
    struct ghost_log_info info;
    uint8_t *index; size_t index_size;   /* a copy of the blocks' entries */
};

/* ---- opening ---- */

/* A file that was just begun: a part of a header that has been right so far. */
static bool begins_like_header(const uint8_t *p, size_t n)
{
    static const uint8_t head[16] = { 0x50, 0x2A, 0x4D, 0x18, HEADER_BYTES - 8, 0, 0, 0, 'G', 'H', 'O', 'S', 'T', 'L', 'O', 'G' };
    return n == 0 || memcmp(p, head, n < sizeof head ? n : sizeof head) == 0;
}

static int open_header(struct ghost_log *log, struct ghost_err *err)
{
    struct frame_header h;
    uint64_t cursor = 0;
    struct ghost_frame f;
    if (header_decode(log->bytes, log->size, &h)) {
        log->info.version = h.version;
        memcpy(log->info.process, h.process, sizeof h.process);
        log->info.packed = h.recorded != 0;
        if (h.recorded) log->info.recorded = h.recorded;
        if (h.oldest_reader > GHOST_LOG_VERSION)
            return ghost_fail_at(err, GHOST_E_VERSION, 16, "this log needs a ghost that reads format version %u; this one (" GHOST_VERSION
                                 ") reads up to %d: upgrade ghost", h.oldest_reader, GHOST_LOG_VERSION);
        if (h.version < GHOST_LOG_OLDEST_READABLE)
            return ghost_fail_at(err, GHOST_E_VERSION, 16, "this log has format version %u; this ghost reads from %d on: use an older ghost",
                                 h.version, GHOST_LOG_OLDEST_READABLE);
        return 0;
    }
    if (log->size < HEADER_BYTES && begins_like_header(log->bytes, log->size)) return 0;
    /* A damaged header costs the process's identity, not its events. */
    while (ghost_log_next(log, &cursor, &f))
        if (f.bytes) return 0;
    return ghost_fail_at(err, GHOST_E_CORRUPT, 0, "no Ghost log: neither its header nor any frame can be read");
}

static void give_back(void *pages, size_t mapped, bool guarded)
{
    if (guarded) guard_unmap(pages, mapped);
    else if (mapped) munmap(pages, mapped);
}

/* `pages` is what was mapped for it: `mapped` bytes (0: nothing). */
static struct ghost_log *log_new(const void *bytes, size_t n, void *pages, size_t mapped, bool guarded, struct ghost_err *err)
{
    struct frame_index x;
    struct ghost_log *log = calloc(1, sizeof *log);
    if (!log || !(log->probe = ghost_decoder_new())) {
        ghost_fail(err, GHOST_E_NOMEM, "out of memory while a log was opened");
        give_back(pages, mapped, guarded);
        free(log);
        return NULL;
    }
    log->bytes = bytes;
    log->size = log->opened_size = n;
    log->fd = -1;
    log->patience = (UINT64_C(1) << 30) + 8 * (uint64_t)n;
    log->pages = pages;
    log->mapped = mapped;
    log->guarded = guarded;
    log->info.size = log->info.recorded = n;
    if (open_header(log, err) != 0) {
        ghost_log_close(log);
        return NULL;
    }
    if (!index_decode(log->bytes, n, &x)) return log;
    log->info.finished = true;
    log->info.events = x.events;
    log->info.lost = x.lost;
    log->info.n_blocks = x.n_blocks;
    log->info.start_real_ns = x.start_real_ns;
    log->info.end_real_ns = x.end_real_ns;
    if (x.n_entries && (log->index = malloc(x.n_entries))) {      /* without it a reader scans */
        memcpy(log->index, x.entries, x.n_entries);
        log->index_size = x.n_entries;
    }
    return log;
}

int ghost_log_index(const struct ghost_log *log, struct ghost_index_cursor *cursor, struct ghost_index_entry *e)
{
    if (!log->index || cursor->done == log->info.n_blocks) return 0;
    struct cursor c = { log->index + cursor->at, log->index + log->index_size, false };
    cursor->offset += get_max(&c, log->size);
    e->offset = cursor->offset;
    e->thread = (uint32_t)get_max(&c, UINT32_MAX);
    e->events = get_varint(&c);
    e->begin_real = log->info.start_real_ns + (uint64_t)get_zigzag(&c);
    e->length_ns = get_varint(&c);
    if (c.bad || e->offset >= log->size) return 0;
    cursor->at = (uint64_t)(c.p - log->index);
    cursor->done++;
    return 1;
}

struct ghost_log *ghost_log_open_memory(const void *bytes, size_t n, struct ghost_err *err)
{
    return log_new(bytes, n, NULL, 0, false, err);
}

/* A private copy, as a shared mapping: who gives its pages back loses nothing.
 * *n is how much could be read. */
static void *copy_file(int fd, uint64_t begin, size_t *n)
{
    size_t want = *n;
    uint8_t *p = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return p;
    for (*n = 0; *n < want;) {
        ssize_t got = pread(fd, p + *n, want - *n, (off_t)(begin + *n));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        *n += (size_t)got;
    }
    return p;
}

/* Bytes [begin, begin + whole) of a regular file as a log. */
static struct ghost_log *open_part(int fd, const char *path, uint64_t begin, size_t whole, struct ghost_err *err)
{
    size_t n = whole, shift = (size_t)(begin % (uint64_t)sysconf(_SC_PAGESIZE));
    uint8_t *map = whole > COPIED_MAX ? guard_map(fd, begin - shift, whole + shift) : NULL, *p = NULL;
    if (!map && n) p = copy_file(fd, begin, &n);
    if (p == MAP_FAILED) {
        ghost_fail(err, GHOST_E_IO, "%s cannot be read into memory: %s", path, strerror(errno));
        return NULL;
    }
    struct ghost_log *log = map ? log_new(map + shift, n, map, whole + shift, true, err) : log_new(p, n, p, whole, false, err);
    if (!log) return NULL;
    log->opened_size = whole;
    log->begin = begin;
    if (map) log->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return log;
}

static struct ghost_log *open_fd(int fd, const char *path, struct ghost_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        ghost_fail(err, GHOST_E_IO, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        ghost_fail(err, GHOST_E_USAGE, "%s is not a regular file; a Ghost log is one", path);
        return NULL;
    }
    return open_part(fd, path, 0, (size_t)st.st_size, err);
}

/* ARCHIVE/NAME.ghost */
static struct ghost_log *open_member(const char *path, struct ghost_err *err)
{
    struct ghost_log *log = NULL;
    const char *slash = strrchr(path, '/');
    char *archive = slash ? strndup(path, (size_t)(slash - path)) : NULL;
    struct ghost_archive *a = archive ? ghost_archive_open(archive, err) : NULL;
    const struct ghost_archive_entry *e = a ? ghost_archive_find(a, slash + 1) : NULL;
    int fd = e ? open(archive, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd >= 0) log = open_part(fd, path, e->offset, (size_t)e->size, err);
    else if (a) ghost_fail(err, GHOST_E_NOT_FOUND, "there is no log %s in the archive %s", slash + 1, archive);
    if (fd >= 0) close(fd);
    ghost_archive_close(a);
    free(archive);
    return log;
}

struct ghost_log *ghost_log_open(const char *path, struct ghost_err *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOTDIR) return open_member(path, err);
    if (fd < 0) {
        if (errno == ELOOP) ghost_fail(err, GHOST_E_USAGE, "%s is a symbolic link; give the file itself", path);
        else ghost_fail(err, errno == ENOENT ? GHOST_E_NOT_FOUND : GHOST_E_IO, "%s cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    struct ghost_log *log = open_fd(fd, path, err);
    close(fd);
    return log;
}

void ghost_log_close(struct ghost_log *log)
{
    if (!log) return;
    give_back(log->pages, log->mapped, log->guarded);
    if (log->fd >= 0) close(log->fd);
    ghost_decoder_free(log->probe);
    free(log->index);
    free(log);
}

const struct ghost_log_info *ghost_log_info(const struct ghost_log *log) { return &log->info; }

/* ---- frames ---- */

static bool magic_at(const uint8_t *p)
{
    uint32_t magic = (uint32_t)load_le(p, 4);
    return magic == 0xFD2FB528u || (magic & 0xFFFFFFF0u) == 0x184D2A50u;
}

/* What follows a sound frame is another or the end of the file. */
static bool followed_well(const struct ghost_log *log, uint64_t end)
{
    size_t size;
    if (end == log->size) return true;
    return frame_probe(log->bytes + end, log->size - end, &size) != FRAME_NONE;
}

static bool ours(const uint8_t *p, size_t n)
{
    return n >= 16 && (memcmp(p + 8, "GHOSTLOG", 8) == 0 || memcmp(p + 8, "GHOSTIDX", 8) == 0);
}

/* A frame that can be relied on at `at`; after damage nothing is taken on its
 * looks. */
static enum frame_kind sound_frame(const struct ghost_log *log, uint64_t at, bool doubtful, size_t *size)
{
    const uint8_t *p = log->bytes + at;
    enum frame_kind kind = frame_probe(p, log->size - at, size);
    if (kind == FRAME_DATA && (doubtful || !followed_well(log, at + *size)))
        return decoder_trusts(log->probe, p, *size) ? FRAME_DATA : FRAME_NONE;
    if (kind == FRAME_SKIPPABLE && (doubtful || !followed_well(log, at + *size)))
        return ours(p, *size) && followed_well(log, at + *size) ? FRAME_SKIPPABLE : FRAME_NONE;
    return kind;
}

/* Hostile bytes can look like a frame everywhere, and unpacking each costs far
 * more than the bytes it stands in. */
static bool patient(struct ghost_log *log, uint64_t at)
{
    size_t left = log->size - at;
    unsigned long long content = ZSTD_getFrameContentSize(log->bytes + at, left);
    uint64_t cost = 64 + (left < COMPRESSED_MAX ? left : COMPRESSED_MAX) / 16 + (content <= CONTENT_MAX ? content : 0);
    if (cost > log->patience) return false;
    log->patience -= cost;
    return true;
}

/* The next place from `at` on where a sound frame starts, or the end. */
static uint64_t resync(struct ghost_log *log, uint64_t at)
{
    size_t size;
    for (; at + 4 <= log->size; at++) {
        if (!magic_at(log->bytes + at)) continue;
        if (!patient(log, at)) break;
        enum frame_kind kind = sound_frame(log, at, true, &size);
        if (kind == FRAME_DATA || kind == FRAME_SKIPPABLE) return at;
    }
    return log->size;
}

static void notice_cut(struct ghost_log *log)
{
    struct stat st;
    if (log->fd >= 0 && fstat(log->fd, &st) == 0 && (uint64_t)st.st_size < log->begin + log->size)
        log->size = (uint64_t)st.st_size > log->begin ? (size_t)((uint64_t)st.st_size - log->begin) : 0;
}

int ghost_log_next(struct ghost_log *log, uint64_t *cursor, struct ghost_frame *f)
{
    notice_cut(log);
    while (*cursor < log->size) {
        uint64_t at = *cursor;
        size_t size = 0;
        enum frame_kind kind = sound_frame(log, at, false, &size);
        if (kind == FRAME_SKIPPABLE) {
            *cursor = at + size;
            continue;
        }
        if (kind == FRAME_DATA) {
            *f = (struct ghost_frame){ log->bytes + at, size, at, false };
            *cursor = at + size;
            return 1;
        }
        uint64_t next = resync(log, at + 1);
        *f = (struct ghost_frame){ NULL, (size_t)(next - at), at, kind == FRAME_CUT && next == log->size };
        *cursor = next;
        return 1;
    }
    if (*cursor >= log->opened_size) return 0;
    *f = (struct ghost_frame){ NULL, (size_t)(log->opened_size - *cursor), *cursor, true };   /* cut since the opening */
    *cursor = log->opened_size;
    return 1;
}

int ghost_log_copy(struct ghost_log *log, const struct ghost_sink *to, struct ghost_err *err)
{
    int ret = 0;
    for (size_t at = 0, n; ret == 0 && at < log->size; at += n) {
        n = log->size - at < COPIED_MAX ? log->size - at : COPIED_MAX;
        ret = to->write(to->self, log->bytes + at, n, err);
        notice_cut(log);         /* afterwards: zeros may have been copied */
    }
    if (ret == 0 && log->size < log->opened_size) ret = ghost_fail(err, GHOST_E_TRUNCATED, "a log was cut while it was copied");
    return ret;
}
