/* bigstack.c - see bigstack.h. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "bigstack.h"
#include "recorder.h"

#define SEGMENT_BYTES (16u * 1024 * 1024)
#define GUARD_BYTES 4096u
/* What C code called from the deepest frame may still use: a quarter of the
 * thread's own stack, within these bounds. */
#define MARGIN_MIN (64u * 1024)
#define MARGIN_MAX (1024u * 1024)
#define SEGMENTS_MAX 256u        /* 4 GiB of address space: 8 million frames */

struct segment { struct segment *below; char *base; };
static __thread struct segment *spare __attribute__((tls_model("initial-exec")));
static uint32_t n_segments;      /* atomic */

uintptr_t bigstack_limit(void)
{
    pthread_attr_t attr;
    void *base = NULL;
    size_t size = 0;

    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return 0;
    int bad = pthread_attr_getstack(&attr, &base, &size);
    pthread_attr_destroy(&attr);
    if (bad || !base)
        return 0;
    size_t margin = size / 4;
    margin = margin < MARGIN_MIN ? MARGIN_MIN : margin > MARGIN_MAX ? MARGIN_MAX : margin;
    return (uintptr_t)base + margin;
}

static struct segment *segment_take(void)
{
    struct segment *s = spare;
    if (s) {
        spare = s->below;
        return s;
    }
    if (__atomic_add_fetch(&n_segments, 1, __ATOMIC_RELAXED) > SEGMENTS_MAX)
        goto none;
    char *p = mmap(NULL, SEGMENT_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (p == MAP_FAILED)
        goto none;
    if (mprotect(p, GUARD_BYTES, PROT_NONE) != 0 || !(s = malloc(sizeof(*s)))) {
        munmap(p, SEGMENT_BYTES);
        goto none;
    }
    s->base = p;
    return s;
none:
    __atomic_sub_fetch(&n_segments, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void segment_free(struct segment *s)
{
    munmap(s->base, SEGMENT_BYTES);
    free(s);
    __atomic_sub_fetch(&n_segments, 1, __ATOMIC_RELAXED);
}

/* One segment is kept: recursion that swings around the border would map and
 * unmap at every call. */
static void segment_give(struct segment *s)
{
    if (spare) {
        segment_free(s);
        return;
    }
    s->below = NULL;
    spare = s;
}

__attribute__((noinline)) static void *switch_and_call(void *top, void *(*fn)(void *, void *, long), void *a, void *b, long c)
{
    /* Asking for it makes the compiler keep a frame pointer: unwinders then find
     * the caller although the stack pointer moved elsewhere. */
    __asm__ volatile("" : : "r"(__builtin_frame_address(0)));
#if defined(__x86_64__)
    void *result;
    register void *saved __asm__("rbx");
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "movq %[top], %%rsp\n\t"
                     "call *%[fn]\n\t"
                     "movq %%rbx, %%rsp"
                     : "=a"(result), "=&r"(saved), "+D"(a), "+S"(b), "+d"(c)
                     : [top] "r"(top), [fn] "r"(fn)
                     : "rcx", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                       "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return result;
#elif defined(__aarch64__)
    register void *x0 __asm__("x0") = a;
    register void *x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register void *f __asm__("x9") = (void *)fn;
    register void *t __asm__("x10") = top;
    __asm__ volatile("mov x19, sp\n\t"
                     "mov sp, x10\n\t"
                     "blr x9\n\t"
                     "mov sp, x19"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(f), "+r"(t)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19",
                       "x30", "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18",
                       "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
    return x0;
#else
    (void)top, (void)fn, (void)a, (void)b, (void)c;
    return NULL;
#endif
}

int bigstack_call(void *(*fn)(void *, void *, long), void *a, void *b, long c, void **result)
{
#if defined(__x86_64__) || defined(__aarch64__)
    struct segment *s = segment_take();
    if (!s)
        return 0;
    uintptr_t before = lane.stack_low;
    lane.stack_low = (uintptr_t)s->base + GUARD_BYTES + MARGIN_MAX;
    *result = switch_and_call(s->base + SEGMENT_BYTES - 64, fn, a, b, c);
    lane.stack_low = before;
    segment_give(s);
    return 1;
#else
    (void)fn, (void)a, (void)b, (void)c, (void)result;
    return 0;
#endif
}
