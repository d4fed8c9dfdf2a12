/* hook.h - the contract of a hook backend.
 *
 * A backend makes the interpreter call capture.h. Backends are whole: one file
 * each, chosen in one place (hook.c), with the reason told when the first
 * choice cannot be had. install and remove run under the GIL; `why` points to
 * a static text when install fails. */
#ifndef GHOST_HOOK_H
#define GHOST_HOOK_H

#include "pycompat.h"

struct hook {
    const char *name;            /* META key `hook` */
    int (*install)(const char **why);
    void (*remove)(void);
    /* Begins to listen to a body that runs already; NULL when this backend
     * cannot tell the end of such a body. */
    int (*adopt)(PyCodeObject *code);
    /* stacks_followed has become true: from now on stacks_follow() before every event
     * (stacks.h). NULL when the backend asks stacks_followed itself. Sets no exception. */
    void (*follow_stacks)(void);
};

extern const struct hook hook_evalframe, hook_monitoring, hook_profile;

/* Installs the best backend of this interpreter, or the one named; NULL and
 * *why when none works. */
const struct hook *hook_install(const char *wanted, const char **why);

/* Tells the installed backend, if there is one. */
void hook_follow_stacks(void);

#endif
