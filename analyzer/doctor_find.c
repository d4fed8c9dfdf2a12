/* doctor_find.c - the interpreters of this machine, each once. */
#include "doctor.h"

#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

/* Program names that are interpreters: python3, python3.12, python3.13t, pypy3. */
static const char *const names[] = { "python3", "python", "python3.[0-9]", "python3.[0-9][0-9]", "python3.[0-9][0-9][dt]", "pypy3", NULL };

/* Where version managers keep interpreters: variable, folder under it, and
 * what is below. A variable that is not set has a default under HOME. */
static const struct { const char *variable, *in_home, *below; } managers[] = {
    { "PYENV_ROOT", ".pyenv", "versions/*/bin/python3" },
    { "UV_PYTHON_INSTALL_DIR", ".local/share/uv/python", "*/bin/python3" },
    { "ASDF_DATA_DIR", ".asdf", "installs/python/*/bin/python3" },
    { "CONDA_PREFIX", NULL, "bin/python3" },
};

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for interpreters");
}

/* A virtual environment is the interpreter it was made from. */
static bool is_known(const struct doctor_pythons *l, const struct doctor_python *p)
{
    char a[PATH_MAX], b[PATH_MAX];
    for (size_t i = 0; i < l->n; i++) {
        const struct doctor_python *other = &l->items[i];
        if (realpath(other->executable, a) && realpath(p->executable, b) && strcmp(a, b) == 0)
            return true;
    }
    return false;
}

/* `always`: keep it even when it does not run, to tell so. */
static int add(struct doctor_pythons *l, const char *path, bool always, struct ghost_err *err)
{
    struct doctor_python p = { .path = strdup(path) };
    if (!p.path)
        return no_memory(err);
    bool runs = doctor_ask(&p);
    if (runs ? is_known(l, &p) : !always) {
        free(p.path);
        return 0;
    }
    struct doctor_python *grown = realloc(l->items, (l->n + 1) * sizeof *grown);
    if (!grown) {
        free(p.path);
        return no_memory(err);
    }
    l->items = grown;
    grown[l->n++] = p;
    return 0;
}

static int add_matches(struct doctor_pythons *l, const char *folder, const char *pattern, struct ghost_err *err)
{
    char *path = NULL;
    glob_t found = { 0 };
    int ret = 0;
    if (asprintf(&path, "%s/%s", folder, pattern) < 0)
        return no_memory(err);
    if (glob(path, 0, NULL, &found) == 0)
        for (size_t i = 0; ret == 0 && i < found.gl_pathc; i++)
            ret = access(found.gl_pathv[i], X_OK) == 0 ? add(l, found.gl_pathv[i], false, err) : 0;
    globfree(&found);
    free(path);
    return ret;
}

static int add_folder(struct doctor_pythons *l, const char *folder, struct ghost_err *err)
{
    int ret = 0;
    for (const char *const *name = names; ret == 0 && *name; name++)
        ret = add_matches(l, folder, *name, err);
    return ret;
}

static int add_path(struct doctor_pythons *l, struct ghost_err *err)
{
    const char *path = getenv("PATH");
    char *copy = strdup(path ? path : "/usr/local/bin:/usr/bin:/bin"), *rest = copy;
    int ret = copy ? 0 : no_memory(err);
    for (char *folder; ret == 0 && (folder = strsep(&rest, ":"));)
        ret = add_folder(l, *folder ? folder : ".", err);
    free(copy);
    return ret;
}

static int add_managers(struct doctor_pythons *l, struct ghost_err *err)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < sizeof managers / sizeof *managers; i++) {
        const char *root = getenv(managers[i].variable), *home = getenv("HOME");
        char *made = NULL;
        if ((!root || !*root) && home && managers[i].in_home && asprintf(&made, "%s/%s", home, managers[i].in_home) < 0)
            return no_memory(err);
        if (made)
            root = made;
        if (root && *root)
            ret = add_matches(l, root, managers[i].below, err);
        free(made);
    }
    return ret;
}

static int add_named(struct doctor_pythons *l, const struct option_list *named, struct ghost_err *err)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < named->n; i++) {
        char *path = run_find_command(named->items[i]);
        ret = path ? add(l, path, true, err)
                   : ghost_fail(err, GHOST_E_NOT_FOUND, "--python %s: no such program", named->items[i]);
        free(path);
    }
    return ret;
}

int doctor_find(struct doctor_pythons *l, const struct option_list *named, struct ghost_err *err)
{
    const char *venv = getenv("VIRTUAL_ENV");
    *l = (struct doctor_pythons){ 0 };
    if (named->n)
        return add_named(l, named, err);
    int ret = venv && *venv ? add_matches(l, venv, "bin/python", err) : 0;
    if (ret == 0)
        ret = add_path(l, err);
    if (ret == 0)
        ret = add_managers(l, err);
    return ret;
}

void doctor_pythons_release(struct doctor_pythons *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->items[i].path);
    free(l->items);
    *l = (struct doctor_pythons){ 0 };
}
