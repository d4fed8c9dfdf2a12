/* u_reader.c - damaged files: the readable rest is used, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <cmocka.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "checked_log.h"
#include "format/frame.h"
#include "sample_log.h"

static struct ghost_buf whole;
static struct checked_log all;
static uint64_t frame_end[64], frame_events[64], n_frames;

static int count_events(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    (void)f;
    *(uint64_t *)self += b->n_seq;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    whole = sample_log(true);
    checked_log_read(&all, whole.p, whole.len);
    struct ghost_log *log = ghost_log_open_memory(whole.p, whole.len, NULL);
    struct ghost_decoder *d = ghost_decoder_new();
    struct ghost_frame f;
    uint64_t cursor = 0, events = 0;
    struct ghost_visitor v = { &events, NULL, count_events, NULL };
    while (ghost_log_next(log, &cursor, &f)) {
        ghost_frame_decode(d, &f, &v, NULL);
        frame_end[n_frames] = f.offset + f.size;
        frame_events[n_frames++] = events;
    }
    ghost_decoder_free(d);
    ghost_log_close(log);
    return n_frames > 3 && all.damaged == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    checked_log_release(&all);
    ghost_buf_release(&whole);
    return 0;
}

/* Ring positions of the frames that end before `at`. */
static uint64_t positions_before(uint64_t at)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < n_frames && frame_end[i] <= at; i++) n = frame_events[i];
    return n;
}

static void cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < whole.len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        struct checked_log c;
        memcpy(copy, whole.p, cut);
        checked_log_read(&c, copy, cut);
        assert_int_equal(c.code, 0);
        assert_int_equal(c.positions, positions_before(cut));
        bool between = cut == 0 || cut == 48 || cut == frame_end[n_frames - 1];
        for (uint64_t i = 0; i < n_frames; i++) between = between || cut == frame_end[i];
        assert_int_equal(c.truncated, !between);
        assert_int_equal(c.damaged, c.truncated);
        if (c.truncated) assert_int_equal(c.first.code, GHOST_E_TRUNCATED);
        checked_log_release(&c);
        free(copy);
    }
}

/* A flipped bit costs the frame it is in, and never makes up events. */
static void every_bit_flipped(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * whole.len; bit++) {
        struct checked_log c;
        size_t at = bit / 8;
        uint64_t frame = 0, lost = 0;
        while (frame < n_frames && frame_end[frame] <= at) frame++;
        if (at >= 48 && frame < n_frames) lost = frame_events[frame] - (frame ? frame_events[frame - 1] : 0);
        whole.p[at] ^= (uint8_t)(1u << bit % 8);
        checked_log_read(&c, whole.p, whole.len);
        whole.p[at] ^= (uint8_t)(1u << bit % 8);
        if (c.code != 0) {
            assert_true(at < 48 && c.code == GHOST_E_VERSION);      /* the header's checksum stands for its content */
            fail_msg("bit %zu: a damaged header is no version", bit);
        }
        if (all.positions - c.positions > lost) fail_msg("bit %zu: %llu positions lost, the frame has %llu", bit,
                                                         (unsigned long long)(all.positions - c.positions), (unsigned long long)lost);
        if (c.positions > all.positions) fail_msg("bit %zu: more events than there were", bit);
        if (c.positions < all.positions) assert_true(c.damaged > 0 && c.first.offset <= at && c.first.msg[0]);
        checked_log_release(&c);
    }
}

static void garbage_between_frames(void **state)
{
    struct ghost_buf b = { 0 };
    struct checked_log c;
    (void)state;
    buf_put(&b, whole.p, 48);
    for (uint64_t i = 0; i < n_frames; i++) {
        uint64_t begin = i ? frame_end[i - 1] : 48;
        buf_put(&b, "\x28\xB5\x2F\xFD garbage that begins like a frame \x50\x2A\x4D\x18\x05\0\0\0", 46);
        buf_put(&b, whole.p + begin, (size_t)(frame_end[i] - begin));
    }
    checked_log_read(&c, b.p, b.len);
    assert_int_equal(c.positions, all.positions);
    assert_int_equal(c.damaged, n_frames);
    checked_log_release(&c);
    ghost_buf_release(&b);
}

static void without_its_header(void **state)
{
    struct checked_log c;
    (void)state;
    checked_log_read(&c, whole.p + 48, whole.len - 48);
    assert_int_equal(c.code, 0);
    assert_int_equal(c.positions, all.positions);
    checked_log_release(&c);
    checked_log_read(&c, whole.p + 30, whole.len - 30);
    assert_int_equal(c.code, 0);
    assert_int_equal(c.positions, all.positions);
    assert_int_equal(c.damaged, 1);
    checked_log_release(&c);
}

static void what_is_no_log(void **state)
{
    struct checked_log c;
    (void)state;
    checked_log_read(&c, "SQLite format 3, or anything else that is long enough for a header", 66);
    assert_int_equal(c.code, GHOST_E_CORRUPT);
    checked_log_release(&c);
}

/* A header by hand: version, oldest reader, and `more` bytes that this reader does
 * not know. */
static size_t make_header(uint8_t *p, uint16_t version, uint16_t oldest, size_t more)
{
    memset(p, 0, 48 + more);
    memcpy(p, "\x50\x2A\x4D\x18", 4);
    store_le(p + 4, 40 + more, 4);
    memcpy(p + 8, "GHOSTLOG", 8);
    store_le(p + 16, version, 2);
    store_le(p + 18, oldest, 2);
    store_le(p + 40, XXH64(p + 8, 32, 0), 8);
    return 48 + more;
}

static void versions(void **state)
{
    static const struct { uint16_t version, oldest; int code; } cases[] = {
        { 1, 1, 0 }, { 2, 2, 0 }, { 9, 2, 0 }, { 9, 3, GHOST_E_VERSION }, { 0, 0, GHOST_E_VERSION },
    };
    uint8_t file[4096];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct checked_log c;
        size_t n = make_header(file, cases[i].version, cases[i].oldest, 16 * i);
        memcpy(file + n, whole.p + 48, whole.len - 48);
        checked_log_read(&c, file, n + whole.len - 48);
        assert_int_equal(c.code, cases[i].code);
        assert_int_equal(c.positions, c.code ? 0 : all.positions);
        if (c.code) assert_non_null(strstr(c.first.msg, "ghost"));
        checked_log_release(&c);
    }
}

static void unknown_records(void **state)
{
    static const uint8_t optional[] = { 99, 3, 1, 2, 3, 7, 3, 1, 1, 'm' }, required[] = { 7, 3, 1, 1, 'm', 98, 0, 7, 3, 2, 1, 'n' };
    struct { const uint8_t *p; size_t n; int code; uint64_t defs; } cases[] = {
        { optional, sizeof optional, 0, 1 }, { required, sizeof required, GHOST_E_VERSION, 1 },
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ZSTD_CCtx *z = ZSTD_createCCtx();
        struct ghost_buf content = { 0 }, frame = { 0 };
        struct checked_log c = { .decoder = ghost_decoder_new() };
        struct ghost_visitor v = { &c, checked_def, checked_block, NULL };
        struct ghost_err err = GHOST_ERR_INIT;
        ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
        buf_put(&content, cases[i].p, cases[i].n);
        assert_int_equal(frame_compress(z, &content, NULL, &frame, NULL), 0);
        struct ghost_frame f = { frame.p, frame.len, 4711, false };
        assert_int_equal(ghost_frame_decode(c.decoder, &f, &v, &err), cases[i].code);
        assert_int_equal(c.defs, cases[i].defs);              /* what stood before the fault was visited */
        if (cases[i].code) {
            assert_int_equal(err.offset, 4711);
            assert_non_null(strstr(err.msg, "newer"));
        }
        checked_log_release(&c);
        ghost_buf_release(&content);
        ghost_buf_release(&frame);
        ZSTD_freeCCtx(z);
    }
}

/* zstd frames that are not of our kind: without checksum, or above the limits. */
static void foreign_frames(void **state)
{
    uint8_t content[100] = { 7, 3, 1, 1, 'm' }, frame[256];
    struct ghost_decoder *d = ghost_decoder_new();
    struct ghost_visitor v = { NULL, NULL, NULL, NULL };
    (void)state;
    struct ghost_frame f = { frame, ZSTD_compress(frame, sizeof frame, content, 5, 1), 0, false };
    assert_int_equal(ghost_frame_decode(d, &f, &v, NULL), GHOST_E_CORRUPT);
    size_t huge = CONTENT_MAX + 1;
    uint8_t *zeros = calloc(1, huge), *packed = malloc(ZSTD_compressBound(huge));
    ZSTD_CCtx *z = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    f = (struct ghost_frame){ packed, ZSTD_compress2(z, packed, ZSTD_compressBound(huge), zeros, huge), 0, false };
    assert_int_equal(ghost_frame_decode(d, &f, &v, NULL), GHOST_E_CORRUPT);
    ZSTD_freeCCtx(z);
    free(zeros);
    free(packed);
    ghost_decoder_free(d);
}

/* Nothing but beginnings of frames, each of which claims much: bounded work. */
static void hostile_magic_everywhere(void **state)
{
    size_t n = 4 << 20;
    uint8_t *p = malloc(n);
    struct checked_log c;
    /* single segment, checksum, 4-byte content size of 16 MiB, then one RLE block of 128 KiB */
    static const uint8_t one[] = { 0x28, 0xB5, 0x2F, 0xFD, 0xA4, 0, 0, 0, 1, 2, 0, 0x10, 0 };
    (void)state;
    for (size_t i = 0; i < n; i++) p[i] = one[i % sizeof one];
    memcpy(p, whole.p, 48);
    checked_log_read(&c, p, n);
    assert_int_equal(c.positions, 0);
    checked_log_release(&c);
    free(p);
}

static void files(void **state)
{
    char folder[] = "/tmp/u_reader_XXXXXX", path[64], link_path[64];
    struct ghost_err err = GHOST_ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/1-00000001.ghost", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    assert_null(ghost_log_open(path, &err));
    assert_int_equal(err.code, GHOST_E_NOT_FOUND);
    assert_null(ghost_log_open(folder, NULL));
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(whole.p, 1, whole.len, f), whole.len);
    struct ghost_log *log;
    fflush(f);
    assert_non_null(log = ghost_log_open(path, NULL));
    fwrite("more", 1, 4, f);                    /* the file grows: this reader does not see it */
    fclose(f);
    assert_int_equal(ghost_log_info(log)->size, whole.len);
    ghost_log_close(log);
    assert_int_equal(symlink(path, link_path), 0);
    err = (struct ghost_err)GHOST_ERR_INIT;
    assert_null(ghost_log_open(link_path, &err));
    assert_int_equal(err.code, GHOST_E_USAGE);
    unlink(link_path);
    assert_int_equal(mkfifo(link_path, 0600), 0);
    assert_null(ghost_log_open(link_path, NULL));   /* and does not hang */
    unlink(link_path);
    unlink(path);
    rmdir(folder);
}

/* The log, `hole` bytes that mean nothing, and the log's frames once more. */
static void put_twice(const char *path, uint32_t hole)
{
    uint8_t skip[8] = { 0x53, 0x2A, 0x4D, 0x18 };
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    store_le(skip + 4, hole - 8, 4);
    assert_int_equal(write(fd, whole.p, whole.len), (ssize_t)whole.len);
    assert_int_equal(write(fd, skip, sizeof skip), (ssize_t)sizeof skip);
    assert_int_equal(pwrite(fd, whole.p, whole.len, (off_t)(whole.len + hole)), (ssize_t)whole.len);
    close(fd);
}

/* A file that loses its end while it is open: small ones are not concerned, of
 * large ones the rest is used and the missing bytes are told. */
static void cut_while_open(void **state)
{
    static const struct { uint32_t hole; bool small; } cases[] = { { 100, true }, { 20u << 20, false } };
    char path[] = "/tmp/u_reader_XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    close(fd);
    for (size_t i = 0; i < 2; i++)
        for (uint64_t keep = 0; keep < whole.len; keep += whole.len / 7) {
            uint64_t size = 2 * whole.len + cases[i].hole, cursor = 0, end = 0, sound = 0, cut = 0;
            struct ghost_frame f;
            put_twice(path, cases[i].hole);
            struct ghost_log *log = ghost_log_open(path, NULL);
            assert_non_null(log);
            assert_int_equal(ghost_log_info(log)->size, size);
            assert_int_equal(ghost_log_next(log, &cursor, &f), 1);
            assert_int_equal(truncate(path, (off_t)keep), 0);
            while (ghost_log_next(log, &cursor, &f)) {
                assert_true(f.offset >= end);
                end = f.offset + f.size;
                sound += f.bytes != NULL;
                cut += f.truncated;
            }
            assert_int_equal(cut > 0, !cases[i].small);
            if (cases[i].small) assert_int_equal(sound, 2 * n_frames - 1);
            else assert_true(sound < n_frames && end == size);
            ghost_log_close(log);
        }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_at_every_byte), cmocka_unit_test(every_bit_flipped), cmocka_unit_test(garbage_between_frames),
        cmocka_unit_test(without_its_header), cmocka_unit_test(what_is_no_log), cmocka_unit_test(versions),
        cmocka_unit_test(unknown_records), cmocka_unit_test(foreign_frames), cmocka_unit_test(hostile_magic_everywhere),
        cmocka_unit_test(files), cmocka_unit_test(cut_while_open),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
