/* model_children.c - forked processes whose parent says that they began a log, and whose log is
 * not in the session: a note of the parent. */
#include <stdio.h>
#include <string.h>
#include "format/base.h"
#include "model_build.h"

static bool is_child(const struct ghost_model_process *p, const char *pid, const char *parent)
{
    struct ghost_str its_pid = ghost_model_meta(p, "pid"), its_parent = ghost_model_meta(p, "parent");
    return its_pid.len == strlen(pid) && memcmp(its_pid.p, pid, its_pid.len) == 0
        && its_parent.len == strlen(parent) && memcmp(its_parent.p, parent, its_parent.len) == 0;
}

/* A number that was used twice is missing once, if one of the two logs is. */
static bool is_missing(const struct build *b, uint32_t at, const char *pid)
{
    const struct build_child *c = &b->children.v[at];
    char parent[33];
    uint32_t told = 0, found = 0;
    hex_text(parent, b->processes.v[c->process].identity, 16);
    for (uint32_t i = 0; i <= at; i++)
        told += b->children.v[i].process == c->process && b->children.v[i].pid == c->pid;
    for (uint32_t i = 0; i < b->processes.n; i++)
        found += is_child(&b->processes.v[i], pid, parent);
    return told > found;
}

int build_lost_children(struct build *b)
{
    for (uint32_t i = 0; i < b->children.n; i++) {
        char pid[24], detail[32];
        int n = snprintf(pid, sizeof pid, "%llu", (unsigned long long)b->children.v[i].pid);
        if (n < 0 || !is_missing(b, i, pid))
            continue;
        snprintf(detail, sizeof detail, "process %s", pid);
        struct ghost_model_note *note = LIST_ADD(&b->notes);
        if (!note)
            return GHOST_E_NOMEM;
        *note = (struct ghost_model_note){ b->children.v[i].process, GHOST_NOTE_CHILD_LOST, 1,
                                           build_str(b, (struct ghost_str){ detail, (uint32_t)strlen(detail) }) };
    }
    return b->arena.failed ? GHOST_E_NOMEM : 0;
}
