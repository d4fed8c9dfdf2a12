/* family.c - what a forked child tells its parent: that it began a log, or that it could not, and
 * what it lost when it has no file to tell it in.
 *
 * A child's log can be lost, or never come to be (no disk, no rights, no descriptors); then
 * nothing in the session would say that there was such a process. So parent and child share
 * some memory: the child stores its state there, the parent's log tells it at the end
 * (CHILD, LOSS). The last SLOTS children are known; what older ones lost is added up. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "clock.h"
#include "recorder.h"

#define SLOTS 1024u

enum state { FORKED, BEGAN, FAILED };
struct slot { uint64_t lost; uint64_t tick; int32_t pid; uint32_t state; };

static struct slot *slots;       /* of this process's children; NULL: no memory */
static struct slot *mine;        /* in the parent's; NULL in a process that was not forked */
static uint32_t n_forks;
static uint64_t forgotten_lost;

void family_open(void)
{
    void *p = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    slots = p == MAP_FAILED ? NULL : p;
    n_forks = 0;
    forgotten_lost = 0;
}

void family_before_fork(void)
{
    if (!slots)
        return;
    struct slot *s = &slots[n_forks++ % SLOTS];
    forgotten_lost += s->lost;
    *s = (struct slot){ .tick = clock_tick() };
}

void family_in_child(void)
{
    mine = slots ? &slots[(n_forks - 1) % SLOTS] : NULL;
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
    family_open(); /* the parent's stays mapped: `mine` is in it */
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

void family_tell(struct ghost_buf *b)
{
    uint64_t lost = forgotten_lost;
    for (uint32_t i = 0; slots && i < SLOTS; i++) {
        const struct slot *s = &slots[i];
        if (s->pid && s->state == BEGAN)
            ghost_encode_child(b, &(struct ghost_def_child){ .pid = (uint64_t)s->pid, .tick = s->tick });
        lost += s->lost;
    }
    if (lost)
        ghost_encode_loss(b, &(struct ghost_def_loss){ .cause = GHOST_LOSS_NO_LOG, .count = lost });
}
