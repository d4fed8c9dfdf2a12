/* hook.c - which backend, in order of preference. */
#include <string.h>
#include "hook.h"
#include "pycompat.h"
#include "recorder.h"

static const struct hook *const backends[] = {
#if COMPAT_HAS_MONITORING
    &hook_monitoring,
#else
    &hook_evalframe,
#endif
    &hook_profile,
};

static const struct hook *installed;

void hook_follow_stacks(void)
{
    if (installed && installed->follow_stacks)
        installed->follow_stacks();
}

const struct hook *hook_install(const char *wanted, const char **why)
{
    const char *first_reason = NULL;
    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        const struct hook *h = backends[i];
        if (wanted && *wanted && strcmp(wanted, h->name) != 0)
            continue;
        if (h->install(why) == 0) {
            if (h == &hook_profile)
                recorder_note(GHOST_NOTE_HOOK_PROFILE, first_reason ? first_reason : "asked for by GHOST_HOOK");
            return installed = h;
        }
        if (!first_reason)
            first_reason = *why;
    }
    *why = first_reason ? first_reason : "no hook of that name on this interpreter";
    return NULL;
}
