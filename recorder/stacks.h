/* stacks.h - threads that go to and fro between several Python stacks: greenlets.
 *
 * A greenlet (gevent, eventlet, SQLAlchemy's asyncio) has frames of its own and shares
 * the thread with others; a switch is no event. So once the package is imported, each
 * callback looks whose stack it runs on, and each stack has a lane of its own: in the log
 * it is a thread. A stack is known by the first chunk of its frames' memory
 * (PyThreadState.datastack_chunk), which greenlet exchanges at a switch.
 * docs/decisions/0020. Under the GIL, if nothing else is said. */
#ifndef GHOST_STACKS_H
#define GHOST_STACKS_H

#include "pycompat.h"
#include "recorder.h"

extern bool stacks_followed; /* once true, stacks_follow() stands before every event */

/* capture_first_sight's: begins to follow when `code` is greenlet's module. Sets no exception. */
void stacks_notice(const PyCodeObject *code);
void stacks_begin(void);                     /* the package is there already */
void stacks_switch(const PyThreadState *ts) __attribute__((cold));

/* Makes `lane` the running stack's. */
static inline void stacks_follow(const PyThreadState *ts)
{
    if (unlikely(ts->datastack_chunk != lane.chunk))
        stacks_switch(ts);
}

#endif
