/* u_out_of_memory.c - the n-th allocation fails, for every n: writer and reader say
 * so, crash on nothing, and what was refused can be given again. */
/* ldflags: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "checked_log.h"
#include "memory_sink.h"
#include "sample_log.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static unsigned long allocations, fail_at;     /* 0: none fails */
static bool refuse(void) { return fail_at && ++allocations == fail_at; }
void *__wrap_malloc(size_t n) { return refuse() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return refuse() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return refuse() ? NULL : __real_realloc(p, n); }

/* A sink that needs no memory of its own. */
static uint8_t file[1 << 20];
static size_t file_n;
static int file_write(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    (void)self;
    (void)err;
    memcpy(file + file_n, bytes, n);
    file_n += n;
    return 0;
}

static void writing(void **state)
{
    struct ghost_sink sink = { NULL, file_write };
    unsigned long failures = 0;
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct ghost_writer_config cfg = { { 1, 2, 3 }, 0, 8 };
        struct checked_log c;
        file_n = 0;
        allocations = 0;
        fail_at = n;
        struct ghost_writer *w = ghost_writer_new(&cfg, &sink, NULL);
        int ret = w ? sample_write(w, true) : GHOST_E_NOMEM;
        bool failed = allocations >= fail_at;
        fail_at = 0;
        failures += failed;
        if (failed && ret != 0) assert_int_equal(ret, GHOST_E_NOMEM);
        if (!failed) assert_int_equal(ret, 0);
        ghost_writer_free(w);
        if (w) {
            checked_log_read(&c, file, file_n);
            assert_int_equal(c.damaged, 0);
            assert_int_equal(c.positions, sample_n_steps);      /* the second try took what the first could not */
            checked_log_release(&c);
        }
        if (!failed) break;
    }
    assert_true(failures > 20);
}

static int pass_def(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    (void)d;
    (void)f;
    ++*(uint64_t *)self;
    return 0;
}

static int pass_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    (void)f;
    *(uint64_t *)self += b->n_events;
    return 0;
}

static void reading(void **state)
{
    struct ghost_buf b = sample_log(true);
    uint64_t whole = 0;
    (void)state;
    for (unsigned long n = 0;; n++) {
        uint64_t seen = 0, cursor = 0;
        struct ghost_visitor v = { &seen, pass_def, pass_block, NULL };
        struct ghost_frame f;
        bool refused = false;
        allocations = 0;
        fail_at = n;                                            /* 0: the measure */
        struct ghost_log *log = ghost_log_open_memory(b.p, b.len, NULL);
        struct ghost_decoder *d = ghost_decoder_new();
        while (log && d && ghost_log_next(log, &cursor, &f)) {
            int ret = ghost_frame_decode(d, &f, &v, NULL);
            if (ret == 0) continue;
            assert_int_equal(ret, GHOST_E_NOMEM);               /* never told as damage */
            refused = true;
        }
        bool failed = fail_at && allocations >= fail_at;
        fail_at = 0;
        if (n == 0) whole = seen;
        if (!failed) assert_int_equal(seen, whole);
        else assert_true(!log || !d || refused || seen == whole);
        ghost_decoder_free(d);
        ghost_log_close(log);
        if (n && !failed) break;
    }
    ghost_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(writing), cmocka_unit_test(reading) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
