/* fork.c - what may happen around a fork.
 *
 * Before: the writer thread is joined, so no lock of ours (or of malloc or zstd)
 * is held by a thread that the child will not have, and so that CPython 3.12+,
 * which counts threads to warn about forks, sees what it would see without us.
 * Child: memory of its own is marked, nothing else; its log begins at its next
 * event. Parent: the writer comes back at the next event. */
#include "recorder.h"

static void before(void)
{
    drain_stop();
    journal_before_fork();
    family_before_fork();
    pthread_mutex_lock(&ring_lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&ring_lock);
    journal_after_fork_in_parent();
    lane.stop = lane.pos;
}

static void in_child(void)
{
    pthread_mutex_unlock(&ring_lock); /* locked by before(), on this thread */
    if (recorder.state == RECORDER_ON)
        recorder.forked = true;
    lane.stop = lane.pos = 0;
    lane.ring = NULL;
    lane.busy = false;
    ring_disown_all();
    stacks_forget();
    family_in_child();
}

int fork_install(void)
{
    static bool installed;
    if (installed)
        return 0;
    installed = true;
    return pthread_atfork(before, in_parent, in_child) == 0 ? 0 : -1;
}
