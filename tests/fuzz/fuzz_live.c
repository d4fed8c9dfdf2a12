/* fuzz_live.c - ring and journal files of any content beside a log of any
 * content: the tail either is a sound sequence of frames or an error.
 *
 * Input: u8 number of files (up to 4), then for each: u8 what (0 log, 1 and 2
 * ring, 3 journal), u16 length, bytes. The bytes of a ring or journal are laid
 * over a valid header, so that the fuzzer need not find that first. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "checked_log.h"
#include "ghost/version.h"

static char folder[64];

static void cleanup(void)
{
    static const char *const names[] = { "7-00000007.ghost", "7-00000007.1.ring", "7-00000007.2.ring", "7-00000007.0.defs" };
    char path[128];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

static void remove_folder(void)
{
    cleanup();
    rmdir(folder);
}

static void put(const char *name, const void *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/7-00000007.%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n) abort();
    close(fd);
}

/* Header of a small ring or journal with `n` bytes of the input over its numbers,
 * and the rest of the input as its data. */
static void put_live(const char *name, unsigned what, const uint8_t *p, size_t n)
{
    uint8_t file[GHOST_LIVE_DATA + 4096] = { 0 };
    struct ghost_live_common c = { .version = GHOST_LIVE_VERSION, .order = GHOST_LIVE_ORDER, .capacity = what == 3 ? 4096 : 256 };
    static const size_t fields[] = { 40, 48, 128, 136, 256, 264 };
    memcpy(c.magic, what == 3 ? GHOST_DEFS_MAGIC : GHOST_RING_MAGIC, 8);
    memcpy(file, &c, sizeof c);
    size_t data = n < 6 ? 0 : n - 6;
    uint64_t head = what == 3 ? data : data / 16;
    uint32_t thread = what;
    memcpy(file + 48, &thread, sizeof thread);
    memcpy(file + 128, &head, sizeof head);
    for (size_t i = 0; i < 6 && i < n; i++)
        if (p[i]) file[fields[i] + (p[i] & 7)] ^= p[i];
    size_t fileless = offsetof(struct ghost_defs_header, fileless), headers = GHOST_LIVE_DATA - fileless;
    if (what == 3 && data) memcpy(file + fileless, p + (n - data), data < headers ? data : headers);
    if (data) memcpy(file + GHOST_LIVE_DATA, p + (n - data), data < 4096 ? data : 4096);
    put(name, file, sizeof file);
}

static void put_file(unsigned what, const uint8_t *p, size_t n)
{
    static const char *const names[] = { "ghost", "1.ring", "2.ring", "0.defs" };
    if (what == 0) put(names[0], p, n);
    else put_live(names[what], what, p, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ghost_buf tail = { 0 };
    struct ghost_err err = GHOST_ERR_INIT;
    char path[128];
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/fuzz_live_XXXXXX");
        if (!mkdtemp(folder)) abort();
        atexit(remove_folder);
    }
    struct cursor c = { data, data + size, false };
    put_file(0, NULL, 0);
    for (uint64_t i = get_fixed(&c, 1) & 3; !c.bad; i--) {
        unsigned what = (unsigned)get_fixed(&c, 1) & 3;
        size_t n = (size_t)get_fixed(&c, 2);
        if (n > cursor_left(&c)) n = cursor_left(&c);
        put_file(what, get_bytes(&c, n), n);
        if (i == 0) break;
    }
    snprintf(path, sizeof path, "%s/7-00000007.ghost", folder);
    int ret = ghost_live_tail(path, &tail, &err);
    if ((ret == 0) != (err.code == 0)) abort();
    if (ret == 0 && tail.len) {
        struct checked_log log;
        checked_log_read(&log, tail.p, tail.len);
        if (log.code || log.damaged) {
            fprintf(stderr, "fuzz_live: the tail does not decode: %s\n", log.first.msg);
            abort();
        }
        checked_log_release(&log);
    }
    ghost_buf_release(&tail);
    cleanup();
    return 0;
}
