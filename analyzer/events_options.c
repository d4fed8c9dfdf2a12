/* events_options.c - see events_options.h. */
#include "events_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_count(const char *text, uint64_t *n)
{
    char *end;
    errno = 0;
    *n = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno ? 0 : GHOST_E_USAGE;
}

int events_options_limit(const char *text, uint64_t *limit, struct ghost_err *err)
{
    *limit = strcmp(text, "all") == 0 ? UINT64_MAX : 0;
    if (*limit || strcmp(text, "none") == 0 || parse_count(text, limit) == 0)
        return 0;
    return ghost_fail(err, GHOST_E_USAGE, "--events takes all, none or a number of events, not '%s'", text);
}

int events_options_filter(const struct events_options *o, const struct session *s, struct events_filter *f, struct ghost_err *err)
{
    *f = (struct events_filter){ .any_function = { o->function.items, o->function.n }, .any_thread = { o->thread.items, o->thread.n },
                                 .any_process = { o->process.items, o->process.n } };
    for (size_t i = 0; i < o->thread.n; i++) {
        uint64_t thread = 0;
        if (parse_count(o->thread.items[i], &thread) < 0 || thread == 0 || thread > UINT32_MAX)
            return ghost_fail(err, GHOST_E_USAGE, "--thread takes the number of a thread, counted from 1 in each process, not '%s'", o->thread.items[i]);
    }
    return when_range(s, o->from, o->to, &f->from, &f->to, err);
}
