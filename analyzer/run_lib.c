/* run_lib.c - Ghost's library folder, and the environment that leads Python to it. */
#include "run.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOOT "/boot"

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while preparing the environment");
}

/* The folder `base`+`tail` made absolute, when it holds the bootstrap. */
static char *check_lib(const char *base, const char *tail)
{
    char *path = NULL, *real = NULL, *boot = NULL;
    if (asprintf(&path, "%s%s", base, tail) < 0)
        return NULL;
    real = realpath(path, NULL);
    if (real && asprintf(&boot, "%s" BOOT "/sitecustomize.py", real) < 0)
        boot = NULL;
    if (!boot || access(boot, R_OK) != 0) {
        free(real);
        real = NULL;
    }
    free(boot);
    free(path);
    return real;
}

char *run_lib_dir(struct ghost_err *err)
{
    static const char *const beside[] = { "/lib", "/../lib/ghost" };   /* build tree, installed */
    const char *chosen = getenv("GHOST_LIB_DIR");
    char exe[PATH_MAX];
    char *lib = NULL;
    if (chosen && *chosen) {
        lib = check_lib(chosen, "");
        if (!lib)
            ghost_fail(err, GHOST_E_NOT_FOUND, "GHOST_LIB_DIR is %s, which has no boot/sitecustomize.py", chosen);
        return lib;
    }
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n > 0) {
        exe[n] = '\0';
        *strrchr(exe, '/') = '\0';
        for (size_t i = 0; !lib && i < sizeof beside / sizeof *beside; i++)
            lib = check_lib(exe, beside[i]);
    }
    if (!lib)
        ghost_fail(err, GHOST_E_NOT_FOUND, "the recorders are in neither %s/lib nor %s/../lib/ghost. Build them with "
                   "`make`, or set GHOST_LIB_DIR to the folder that has boot/", n > 0 ? exe : ".", n > 0 ? exe : ".");
    return lib;
}

/* ---- environment ---- */

/* PYTHONPATH begins with our boot folder; what stood there follows. */
static int set_python_path(const char *lib, struct ghost_err *err)
{
    const char *old = getenv("PYTHONPATH");
    char *path = NULL;
    int ret = GHOST_E_UNSUPPORTED;
    if (strchr(lib, ':'))
        return ghost_fail(err, GHOST_E_UNSUPPORTED, "%s has a colon in its name, which PYTHONPATH cannot express. "
                          "Move Ghost, or set GHOST_LIB_DIR to a copy", lib);
    size_t n = strlen(lib) + strlen(BOOT);
    if (asprintf(&path, "%s" BOOT "%s%s", lib, old && *old ? ":" : "", old ? old : "") < 0)
        return no_memory(err);
    bool already = old && strncmp(old, path, n) == 0 && (old[n] == ':' || !old[n]);
    ret = already || setenv("PYTHONPATH", path, 1) == 0 ? 0 : no_memory(err);
    free(path);
    return ret;
}

/* The options already hold what the environment said, so what they leave open
 * is not to come through: a flag can take a variable back. */
static int set_text(const char *name, const char *value, struct ghost_err *err)
{
    int failed = value ? setenv(name, value, 1) : unsetenv(name);
    return failed ? no_memory(err) : 0;
}

/* Patterns as one variable. */
static int set_list(const char *name, const struct option_list *list, struct ghost_err *err)
{
    size_t size = 1;
    for (size_t i = 0; i < list->n; i++)
        size += strlen(list->items[i]) + 1;
    char *text = calloc(1, size);
    if (!text)
        return no_memory(err);
    char *end = text;
    for (size_t i = 0; i < list->n; i++)
        end = stpcpy(stpcpy(end, i ? ":" : ""), list->items[i]);
    int ret = set_text(name, list->n ? text : NULL, err);
    free(text);
    return ret;
}

static int set_number(const char *name, double value, struct ghost_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "%.15g", value);
    return set_text(name, value == 0 ? NULL : text, err);
}

int run_environment(const char *lib, const char *session_dir, const struct run_filter *f, struct ghost_err *err)
{
    int ret = set_python_path(lib, err);
    if (ret == 0)
        ret = set_list("GHOST_INCLUDE", &f->include, err);
    if (ret == 0)
        ret = set_list("GHOST_EXCLUDE", &f->exclude, err);
    if (ret == 0)
        ret = set_text("GHOST_ALL", f->all ? "1" : NULL, err);
    if (ret == 0)
        ret = set_number("GHOST_FLUSH", (double)f->flush_ms / 1000, err);
    if (ret == 0)
        ret = set_text("GHOST_ON_FULL", f->on_full, err);
    if (ret == 0)
        ret = set_number("GHOST_MAX_LOG", (double)f->max_log, err);
    if (ret == 0)
        ret = set_number("GHOST_DEEP", (double)f->deep, err);
    if (ret == 0)
        ret = set_text("GHOST_HOW", "run", err);
    if (ret == 0)
        ret = set_text("GHOST_SESSION_DIR", session_dir, err);
    if (ret == 0)
        ret = set_text("GHOST_RECORD", "1", err);
    unsetenv("GHOST_MAIN");              /* of an outer recording */
    return ret;
}

void run_environment_off(void)
{
    unsetenv("GHOST_RECORD");            /* of an outer recording: it has another session */
    unsetenv("GHOST_SESSION_DIR");
}
