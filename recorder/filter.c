/* filter.c - shall this code be recorded?
 *
 * Asked once per code object. Without options: application code, which is all
 * that is not Python's standard library, not an installed package and not
 * frozen into the interpreter. With --include only what matches (installed
 * packages too); --exclude always wins; --all takes everything. Ghost's own
 * bootstrap is never recorded. */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <string.h>
#include "recorder.h"

static bool under(const char *file, const char *dir)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    return n > 0 && strncmp(file, dir, n) == 0 && (file[n] == '/' || file[n] == '\0' || n == 1);
}

static bool under_any(const char *file, const struct name_list *dirs)
{
    for (size_t i = 0; i < dirs->n; i++)
        if (under(file, dirs->items[i]))
            return true;
    return false;
}

/* A pattern with a slash is about paths, else about module names. A pattern
 * without wildcards also stands for all that is inside. */
static bool matches(const char *pattern, const struct filter_subject *s)
{
    bool wild = strpbrk(pattern, "*?[") != NULL;
    if (strchr(pattern, '/')) {
        const char *file = s->file[0] == '<' && s->globals_file ? s->globals_file : s->file;
        return wild ? fnmatch(pattern, file, 0) == 0 : strcmp(pattern, file) == 0 || under(file, pattern);
    }
    size_t n = strlen(pattern);
    return wild ? fnmatch(pattern, s->module, 0) == 0
                : strncmp(s->module, pattern, n) == 0 && (s->module[n] == '\0' || s->module[n] == '.');
}

static bool matches_any(const struct name_list *patterns, const struct filter_subject *s)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (matches(patterns->items[i], s))
            return true;
    return false;
}

static bool is_installed(const char *file)
{
    return strstr(file, "/site-packages/") || strstr(file, "/dist-packages/");
}

static bool is_application(const struct recorder_config *cfg, const struct filter_subject *s)
{
    const char *file = s->file;
    if (strncmp(file, "<frozen ", 8) == 0)
        return false;
    if (file[0] == '<') { /* made at run time: it belongs to the file that made it */
        if (!s->globals_file)
            return strncmp(s->module, "namedtuple_", 11) != 0; /* collections.namedtuple's own */
        file = s->globals_file;
    }
    return !is_installed(file) && !under_any(file, &cfg->site) && !under_any(file, &cfg->stdlib);
}

bool filter_records(const struct recorder_config *cfg, const struct filter_subject *s)
{
    if (cfg->boot_dir && under(s->file, cfg->boot_dir))
        return false;
    if (matches_any(&cfg->exclude, s))
        return false;
    if (cfg->include.n)
        return matches_any(&cfg->include, s);
    return cfg->all || is_application(cfg, s);
}
