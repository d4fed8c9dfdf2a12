/* never_source.c - from names of files and folders to scanned modules. */
#include "never_source.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_DEPTH = 64 };

/* ---- names ---- */

static bool exists_in(const char *folder, size_t len, const char *name)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof path, "%.*s/%s", (int)len, folder, name) < (int)sizeof path && access(path, F_OK) == 0;
}

static char *keep(struct never_sources *s, const char *text, size_t n)
{
    char *p = arena_alloc(&s->arena, n + 1);
    if (p) {
        memcpy(p, text, n);
        p[n] = '\0';
    }
    return p;
}

/* /src/shop/web/__init__.py -> shop.web, when /src/shop has an __init__.py, too. */
static const char *module_name(struct never_sources *s, const char *path)
{
    size_t from = (size_t)(strrchr(path, '/') - path), end = strlen(path);
    end -= end > 3 && strcmp(path + end - 3, ".py") == 0 ? 3 : 0;
    const char *base = path + from + 1;
    if (strcmp(base, "__init__.py") == 0)
        end = from;
    for (size_t folder = from; folder > 0 && exists_in(path, folder, "__init__.py");) {
        while (folder > 0 && path[folder - 1] != '/')
            folder--;
        from = folder ? --folder : 0;
    }
    char *name = end > from + 1 ? keep(s, path + from + 1, end - from - 1) : keep(s, base, strlen(base));
    for (char *p = name; p && *p; p++)
        if (*p == '/')
            *p = '.';
    return name;
}

/* ---- finding files ---- */

static int add_file(struct never_sources *s, const char *path, struct ghost_err *err)
{
    char real[PATH_MAX];
    if (s->n >= NEVER_FILES_MAX)
        return ghost_fail(err, GHOST_E_LIMIT, "more than %u source files: name the folders of the application only", NEVER_FILES_MAX);
    if (!realpath(path, real))
        snprintf(real, sizeof real, "%s", path);
    if (!grow_array(&s->v, s->n, &s->cap, sizeof *s->v))
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for source files");
    s->v[s->n] = (struct never_file){ .path = keep(s, real, strlen(real)), .module = module_name(s, real) };
    s->n++;
    return s->arena.failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for source files") : 0;
}

static bool is_foreign(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return name[0] == '.' || strcmp(name, "__pycache__") == 0 || strcmp(name, "node_modules") == 0 || strcmp(name, "site-packages") == 0 ||
           (snprintf(path, sizeof path, "%s/%s/pyvenv.cfg", folder, name) < (int)sizeof path && access(path, F_OK) == 0);
}

static bool is_source(const char *name)
{
    size_t n = strlen(name);
    return n > 3 && strcmp(name + n - 3, ".py") == 0;
}

static int add_folder(struct never_sources *s, const char *folder, unsigned depth, struct ghost_err *err)
{
    DIR *d = opendir(folder);
    int ret = 0;
    if (!d)
        return ghost_fail(err, GHOST_E_IO, "cannot read the folder %s: %s", folder, strerror(errno));
    for (struct dirent *e; ret == 0 && (e = readdir(d)) != NULL;) {
        char path[PATH_MAX];
        struct stat st;
        if (snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= (int)sizeof path || lstat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH && !is_foreign(folder, e->d_name))
            ret = add_folder(s, path, depth + 1, err);
        else if (is_source(e->d_name) && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            ret = add_file(s, path, err);
    }
    closedir(d);
    return ret;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct never_file *)a)->path, ((const struct never_file *)b)->path);
}

static void unite(struct never_sources *s)
{
    uint32_t n = 0;
    if (s->n)
        qsort(s->v, s->n, sizeof *s->v, by_path);
    for (uint32_t i = 0; i < s->n; i++)
        if (!n || strcmp(s->v[n - 1].path, s->v[i].path) != 0)
            s->v[n++] = s->v[i];
    s->n = n;
}

/* ---- which tree is of which file ---- */

static bool is_str(struct ghost_str s, const char *text)
{
    return strlen(text) == s.len && memcmp(s.p, text, s.len) == 0;
}

/* shop.web.views -> does the path end with shop/web/views.py (or its package's file)? */
static bool ends_like(struct ghost_str path, const char *module)
{
    size_t n = strlen(module), tail = path.len > 3 && memcmp(path.p + path.len - 3, ".py", 3) == 0 ? 3 : 0;
    size_t init = sizeof "/__init__.py" - 1, end = path.len - tail;
    if (path.len > init && memcmp(path.p + path.len - init, "/__init__.py", init) == 0)
        end = path.len - init;
    if (end < n || (end > n && path.p[end - n - 1] != '/'))
        return false;
    for (size_t i = 0; i < n; i++)
        if (path.p[end - n + i] != (module[i] == '.' ? '/' : module[i]))
            return false;
    return true;
}

/* The same file, or, when it was recorded elsewhere, the same module at a path that ends alike. */
static bool is_of(const struct never_file *f, const struct ghost_def_tree *tree)
{
    return is_str(tree->file, f->path) || (is_str(tree->module, f->module) && ends_like(tree->file, f->module));
}

static int compare_module(struct ghost_str a, const char *b)
{
    size_t n = strlen(b);
    int r = memcmp(a.p, b, a.len < n ? a.len : n);
    return r ? r : (a.len > n) - (a.len < n);
}

static void match(struct never_sources *s, const struct ghost_model *m)
{
    for (uint32_t i = 0; s->n && i < m->n_trees; i++) {  /* by path */
        char path[PATH_MAX], real[PATH_MAX];
        struct ghost_str file = m->trees[i].tree->file;
        struct never_file key = { .path = path };
        snprintf(path, sizeof path, "%.*s", (int)file.len, file.p);
        if (realpath(path, real))
            key.path = real;
        struct never_file *f = bsearch(&key, s->v, s->n, sizeof *s->v, by_path);
        if (f)
            f->executed = true;
    }
    for (uint32_t k = 0; k < s->n; k++) {                /* by module: trees stand in that order */
        uint32_t low = 0, high = m->n_trees;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (compare_module(m->trees[middle].tree->module, s->v[k].module) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < m->n_trees && compare_module(m->trees[low].tree->module, s->v[k].module) == 0; low++)
            s->v[k].executed = s->v[k].executed || is_of(&s->v[k], m->trees[low].tree);
    }
}

const struct pyscan_node *never_sources_find(const struct never_sources *s, const struct ghost_def_tree *tree, struct ghost_str qualname, uint32_t line)
{
    char path[PATH_MAX], real[PATH_MAX];
    if (!s->n)
        return NULL;                     /* without a look at the disk */
    snprintf(path, sizeof path, "%.*s", (int)tree->file.len, tree->file.p);
    const struct never_file key = { .path = realpath(path, real) ? real : path };
    const struct never_file *f = bsearch(&key, s->v, s->n, sizeof *s->v, by_path);
    for (uint32_t i = 0; i < s->n && !f; i++)
        if (is_of(&s->v[i], tree))
            f = &s->v[i];
    for (uint32_t i = 1; f && i < f->scan.n; i++) {
        const struct pyscan_node *n = &f->scan.v[i];
        if (n->first_line == line && n->qualname.len == qualname.len && memcmp(n->qualname.p, qualname.p, qualname.len) == 0)
            return n;
    }
    return NULL;
}

/* ---- all ---- */

int never_sources_load(struct never_sources *s, const char *const *names, size_t n, const struct ghost_model *m, struct ghost_err *err)
{
    int ret = 0;
    *s = (struct never_sources){ 0 };
    for (size_t i = 0; i < n && ret == 0; i++) {
        struct stat st;
        if (stat(names[i], &st) != 0)
            ret = ghost_fail(err, GHOST_E_NOT_FOUND, "cannot read the source %s: %s", names[i], strerror(errno));
        else
            ret = S_ISDIR(st.st_mode) ? add_folder(s, names[i], 0, err) : add_file(s, names[i], err);
    }
    if (ret == 0)
        unite(s);
    for (uint32_t i = 0; i < s->n && ret == 0; i++) {
        struct ghost_err why = GHOST_ERR_INIT;
        if (pyscan_file(&s->v[i].scan, s->v[i].path, &why) < 0)
            s->v[i].error = keep(s, why.msg, strlen(why.msg));
        if (why.code == GHOST_E_NOMEM)
            ret = ghost_fail(err, why.code, "%s", why.msg);
    }
    if (ret == 0)
        match(s, m);
    else
        never_sources_release(s);
    return ret;
}

void never_sources_release(struct never_sources *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        pyscan_release(&s->v[i].scan);
    free(s->v);
    arena_release(&s->arena);
    *s = (struct never_sources){ 0 };
}
