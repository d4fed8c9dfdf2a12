/* family.c - what a forked child tells its parent: that it began a log, or that it could not, and
 * what it lost when it has no file to tell it in.
 *
 * A child's log can be lost, or never come to be (no disk, no rights, no descriptors); then
 * nothing in the session would say that there was such a process. So parent and child share
 * some memory: the child stores its state there, the parent's log tells it at the end
 * (CHILD, LOSS). The last SLOTS children are known; what older ones lost is added up.
 *
 * A child's ring without a file has its header there, too: when the child is killed or leaves
 * by os._exit, the header still tells how many events were in it (`told` is set by a child that
 * came to its end and told this itself). Pages of it are touched on a full disk only. */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "recorder.h"

#define SLOTS 1024u
#define RINGS 1024u

enum state { FORKED, BEGAN, FAILED };
struct slot { uint64_t lost; uint64_t tick; int32_t pid; uint32_t state; };
struct kept { struct ghost_ring_header header; int32_t pid; uint32_t told; }; /* pid 0: free */

struct family {
    uint32_t n_kept;             /* entries of `kept` that were ever taken; atomic */
    struct slot slots[SLOTS];
    struct kept kept[RINGS];
};

static struct family *children;  /* of this process, in a forked one its parent's until it has a log; NULL: no memory */
static struct family *parents;   /* NULL in a process that was not forked */
static struct family *grandparents; /* not needed, but for the headers of inherited rings */
static struct slot *mine;        /* in the parent's */
static uint32_t n_forks;
static uint64_t forgotten_lost;

void family_open(void)
{
    void *p = mmap(NULL, sizeof(*children), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    children = p == MAP_FAILED ? NULL : p;
    n_forks = 0;
    forgotten_lost = 0;
}

/* ---- in the child ---- */

void family_in_child(void)
{
    if (parents != children)
        grandparents = parents;
    parents = children;
    mine = parents ? &parents->slots[(n_forks - 1) % SLOTS] : NULL;
    if (mine)
        mine->pid = getpid();
}

/* Its slot may be another's by now. */
static struct slot *my_slot(void) { return mine && mine->pid == recorder.pid ? mine : NULL; }

void family_log_begun(void)
{
    struct slot *s = my_slot();
    if (s) {
        s->lost = 0; /* its own log tells it */
        s->state = BEGAN;
    }
    if (grandparents)
        munmap(grandparents, sizeof(*grandparents));
    grandparents = NULL;
    family_open();
}

void family_no_log(void)
{
    struct slot *s = mine && mine->pid == getpid() ? mine : NULL;
    if (s) {
        s->lost++;
        s->state = FAILED;
    }
}

void family_lost(uint64_t events)
{
    struct slot *s = my_slot();
    if (s)
        s->lost += events;
}

struct ghost_ring_header *family_ring_header(void)
{
    for (uint32_t i = 0; parents && i < RINGS; i++) {
        struct kept *k = &parents->kept[i];
        int32_t nobody = 0;
        if (!__atomic_compare_exchange_n(&k->pid, &nobody, (int32_t)recorder.pid, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            continue;
        for (uint32_t n = __atomic_load_n(&parents->n_kept, __ATOMIC_RELAXED); n <= i;)
            __atomic_compare_exchange_n(&parents->n_kept, &n, i + 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
        return &k->header;
    }
    return NULL;
}

static void let_go(struct kept *k)
{
    memset(&k->header, 0, sizeof(k->header));
    k->told = 0;
    __atomic_store_n(&k->pid, 0, __ATOMIC_RELEASE);
}

void family_ring_gone(struct ghost_ring_header *h)
{
    let_go((struct kept *)((char *)h - offsetof(struct kept, header)));
}

void family_rings_told(void)
{
    for (uint32_t i = 0; parents && i < __atomic_load_n(&parents->n_kept, __ATOMIC_ACQUIRE); i++)
        if (parents->kept[i].pid == recorder.pid)
            __atomic_store_n(&parents->kept[i].told, 1, __ATOMIC_RELEASE);
}

/* ---- in the parent ---- */

/* Has this child ended, whether somebody has waited for it or not? */
static bool is_gone(pid_t pid)
{
    siginfo_t info = { 0 };
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        return info.si_pid == pid;
    return kill(pid, 0) != 0;
}

/* What children that are gone had in rings of which they could tell nobody. */
static uint64_t lost_with_children(void)
{
    uint64_t lost = 0;
    for (uint32_t i = 0; children && i < __atomic_load_n(&children->n_kept, __ATOMIC_ACQUIRE); i++) {
        struct kept *k = &children->kept[i];
        int32_t pid = __atomic_load_n(&k->pid, __ATOMIC_ACQUIRE);
        if (!pid || !is_gone(pid))
            continue;
        if (!k->told)
            lost += ring_unlogged(&k->header);
        let_go(k);
    }
    return lost;
}

void family_before_fork(void)
{
    if (!children)
        return;
    struct slot *s = &children->slots[n_forks++ % SLOTS];
    forgotten_lost += s->lost + lost_with_children();
    *s = (struct slot){ .tick = clock_tick() };
}

void family_tell(struct ghost_buf *b)
{
    uint64_t lost = forgotten_lost + lost_with_children();
    for (uint32_t i = 0; children && i < SLOTS; i++) {
        const struct slot *s = &children->slots[i];
        if (s->pid && s->state == BEGAN)
            ghost_encode_child(b, &(struct ghost_def_child){ .pid = (uint64_t)s->pid, .tick = s->tick });
        lost += s->lost;
    }
    if (lost)
        ghost_encode_loss(b, &(struct ghost_def_loss){ .cause = GHOST_LOSS_NO_LOG, .count = lost });
}
