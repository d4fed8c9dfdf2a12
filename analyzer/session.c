/* session.c - session folders: naming, listing, resolving. */
#include "session.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOG_SUFFIX ".ghost"

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for sessions");
}

static char *join(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 2;
    char *s = malloc(n);
    if (s)
        snprintf(s, n, "%s/%s", a, b);
    return s;
}

void session_release(struct session *s)
{
    free(s->id);
    free(s->path);
    *s = (struct session){ 0 };
}

void session_list_release(struct session_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->ids[i]);
    free(l->ids);
    *l = (struct session_list){ 0 };
}

static const char *home_dir(void)
{
    const char *home = getenv("HOME");
    if (home && *home)
        return home;
    struct passwd *pw = getpwuid(geteuid());
    return pw ? pw->pw_dir : NULL;
}

char *session_root(const char *data_dir, struct ghost_err *err)
{
    char *base = NULL, *root = NULL;
    if (!data_dir || !*data_dir)
        data_dir = getenv("GHOST_DATA_DIR");
    if (data_dir && *data_dir) {
        root = join(data_dir, "sessions");
    } else {
        const char *home = home_dir();
        if (!home) {
            ghost_fail(err, GHOST_E_NOT_FOUND,
                       "no home directory: HOME is not set. Set GHOST_DATA_DIR to the folder for sessions");
            return NULL;
        }
        base = join(home, ".ghost");
        root = base ? join(base, "sessions") : NULL;
    }
    free(base);
    if (!root)
        no_memory(err);
    return root;
}

/* ---- listing ---- */

/* <digits>-<8 hex>; the time part is at most 18 digits, so it fits. */
static bool is_id(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    const char *hex = name + digits + 1;
    return digits > 0 && digits <= 18 && name[digits] == '-' && strspn(hex, "0123456789abcdef") == 8 && hex[8] == '\0';
}

struct entry { char *id; unsigned long long time; int64_t changed; };

static int newest_first(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    if (a->time != b->time)
        return a->time < b->time ? 1 : -1;
    if (a->changed != b->changed)
        return a->changed < b->changed ? 1 : -1;
    return strcmp(a->id, b->id);
}

/* Sessions of the same second are ordered by their folder's change time:
 * stat only those, so that a long list stays cheap. */
static void break_ties(int dir_fd, struct entry *e, size_t n)
{
    qsort(e, n, sizeof *e, newest_first);
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        bool tie = (i > 0 && e[i - 1].time == e[i].time) || (i + 1 < n && e[i + 1].time == e[i].time);
        if (tie && fstatat(dir_fd, e[i].id, &st, AT_SYMLINK_NOFOLLOW) == 0)
            e[i].changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    }
    qsort(e, n, sizeof *e, newest_first);
}

static int read_ids(DIR *dir, struct entry **entries, size_t *n, struct ghost_err *err)
{
    size_t cap = 0;
    for (struct dirent *d; (d = readdir(dir));) {
        if (!is_id(d->d_name) || (d->d_type != DT_DIR && d->d_type != DT_UNKNOWN))
            continue;
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            struct entry *grown = realloc(*entries, cap * sizeof *grown);
            if (!grown)
                return no_memory(err);
            *entries = grown;
        }
        char *id = strdup(d->d_name);
        if (!id)
            return no_memory(err);
        (*entries)[(*n)++] = (struct entry){ id, strtoull(id, NULL, 10), 0 };
    }
    return 0;
}

int session_list(const char *data_dir, struct session_list *out, struct ghost_err *err)
{
    int ret = GHOST_E_NOMEM;
    struct entry *entries = NULL;
    size_t n = 0;
    DIR *dir = NULL;
    *out = (struct session_list){ 0 };
    char *root = session_root(data_dir, err);
    if (!root)
        return err && err->code ? err->code : GHOST_E_NOMEM;
    dir = opendir(root);
    if (!dir) {
        ret = errno == ENOENT ? 0 : ghost_fail(err, GHOST_E_IO, "cannot read the folder of sessions %s: %s", root, strerror(errno));
        goto out;
    }
    ret = read_ids(dir, &entries, &n, err);
    if (ret < 0)
        goto out;
    break_ties(dirfd(dir), entries, n);
    out->ids = malloc((n ? n : 1) * sizeof *out->ids);
    if (!out->ids) {
        ret = no_memory(err);
        goto out;
    }
    for (; out->n < n; out->n++) {
        out->ids[out->n] = entries[out->n].id;
        entries[out->n].id = NULL;
    }
out:
    for (size_t i = 0; i < n; i++)
        free(entries[i].id);
    free(entries);
    if (dir)
        closedir(dir);
    free(root);
    return ret;
}

/* ---- making ---- */

static int make_dirs(char *path, struct ghost_err *err)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        int failed = mkdir(path, 0700) != 0 && errno != EEXIST && errno != EISDIR;
        int saved = errno;
        if (failed) {
            int ret = ghost_fail(err, GHOST_E_IO, "cannot make the folder %s: %s. Set GHOST_DATA_DIR to a folder you may write",
                                 path, strerror(saved));
            if (slash)
                *slash = '/';
            return ret;
        }
        if (!slash)
            return 0;
        *slash = '/';
    }
}

int session_create(const char *data_dir, struct session *out, struct ghost_err *err)
{
    *out = (struct session){ 0 };
    char *root = session_root(data_dir, err);
    if (!root)
        return err && err->code ? err->code : GHOST_E_NOMEM;
    int ret = make_dirs(root, err);
    for (int attempt = 0; ret == 0 && attempt < 16; attempt++) {
        char id[48];
        uint32_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            random = (uint32_t)getpid() * 2654435761u + (uint32_t)clock() + (uint32_t)attempt;
        snprintf(id, sizeof id, "%lld-%08x", (long long)time(NULL), random);
        char *path = join(root, id);
        if (!path) {
            ret = no_memory(err);
        } else if (mkdir(path, 0700) == 0) {
            out->id = strdup(id);
            out->path = path;
            ret = out->id ? 0 : no_memory(err);
            goto out;
        } else if (errno != EEXIST) {
            ret = ghost_fail(err, GHOST_E_IO, "cannot make the session folder %s: %s. Set GHOST_DATA_DIR to a folder you may write",
                             path, strerror(errno));
        }
        free(path);
    }
    if (ret == 0)
        ret = ghost_fail(err, GHOST_E_IO, "cannot find a free session name in %s", root);
out:
    if (ret < 0)
        session_release(out);
    free(root);
    return ret;
}

/* ---- resolving ---- */

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

/* Fills `out` when `name` is a path; 1 yes, 0 no such path, negative on error. */
static int resolve_path(const char *name, struct session *out, struct ghost_err *err)
{
    struct stat st;
    bool looks_like_path = strchr(name, '/') || has_suffix(name, LOG_SUFFIX) || strcmp(name, ".") == 0;
    if (stat(name, &st) != 0) {
        if (!looks_like_path)
            return 0;
        return ghost_fail(err, GHOST_E_NOT_FOUND, "there is no session at %s: %s", name, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode) && !has_suffix(name, LOG_SUFFIX)) {
        if (!looks_like_path)
            return 0;
        return ghost_fail(err, GHOST_E_NOT_FOUND, "%s is neither a session folder nor a .ghost log", name);
    }
    if (S_ISDIR(st.st_mode) && !looks_like_path && !is_id(name))
        return 0;
    char *real = realpath(name, NULL);
    if (!real)
        return ghost_fail(err, GHOST_E_IO, "cannot find out where %s is: %s", name, strerror(errno));
    const char *slash = strrchr(real, '/');
    const char *base = slash && slash[1] ? slash + 1 : real;
    out->is_file = !S_ISDIR(st.st_mode);
    out->id = strdup(base);
    out->path = real;
    if (!out->id)
        return no_memory(err);
    if (out->is_file)
        out->id[strlen(out->id) - strlen(LOG_SUFFIX)] = '\0';
    return 1;
}

/* "a, b, c and 12 more" of the ids that satisfy the prefix (NULL: all). */
static void list_some(char *text, size_t size, const struct session_list *l, const char *prefix)
{
    size_t shown = 0, more = 0, used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < l->n; i++) {
        if (prefix && strncmp(l->ids[i], prefix, strlen(prefix)) != 0)
            continue;
        if (shown == 5 || used + 40 > size) {
            more++;
            continue;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", shown++ ? ", " : "", l->ids[i]);
    }
    if (more && used < size)
        snprintf(text + used, size - used, " and %zu more", more);
}

static int not_found(const char *name, const struct session_list *l, struct ghost_err *err)
{
    char near[256] = "";
    for (size_t len = strlen(name); len > 2 && !near[0]; len--) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%.*s", (int)(len < 60 ? len : 60), name);
        list_some(near, sizeof near, l, prefix);
    }
    if (!near[0] && l->n)
        return ghost_fail(err, GHOST_E_NOT_FOUND, "no session '%s'. The newest is %s; see: ghost sessions", name, l->ids[0]);
    if (!near[0])
        return ghost_fail(err, GHOST_E_NOT_FOUND, "no session '%s': nothing has been recorded yet. Record with: ghost run app.py", name);
    return ghost_fail(err, GHOST_E_NOT_FOUND, "no session '%s'. Near: %s. See: ghost sessions", name, near);
}

static int pick(const struct session_list *l, const char *name, const char **id, struct ghost_err *err)
{
    size_t matches = 0, len = strlen(name);
    for (size_t i = 0; i < l->n; i++) {
        if (strncmp(l->ids[i], name, len) != 0)
            continue;
        *id = l->ids[i];
        if (l->ids[i][len] == '\0')
            return 0;
        matches++;
    }
    if (matches == 1 && len > 0)
        return 0;
    if (matches == 0 || len == 0)
        return not_found(name, l, err);
    char near[256];
    list_some(near, sizeof near, l, name);
    return ghost_fail(err, GHOST_E_AMBIGUOUS, "'%s' begins the names of %zu sessions: %s. Give more of it", name, matches, near);
}

int session_resolve(const char *data_dir, const char *name, struct session *out, struct ghost_err *err)
{
    struct session_list list = { 0 };
    char *root = NULL;
    const char *id = NULL;
    *out = (struct session){ 0 };
    int ret = name ? resolve_path(name, out, err) : 0;
    if (ret != 0)
        goto out;
    ret = session_list(data_dir, &list, err);
    if (ret < 0)
        goto out;
    root = session_root(data_dir, err);
    if (!root) {
        ret = GHOST_E_NOMEM;
    } else if (name) {
        ret = pick(&list, name, &id, err);
    } else if (list.n) {
        id = list.ids[0];
    } else {
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "nothing has been recorded in %s yet. Record with: ghost run app.py", root);
    }
    if (ret < 0)
        goto out;
    out->id = strdup(id);
    out->path = join(root, id);
    if (!out->id || !out->path)
        ret = no_memory(err);
out:
    if (ret < 0)
        session_release(out);
    session_list_release(&list);
    free(root);
    return ret < 0 ? ret : 0;
}

/* ---- the logs inside ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void session_logs_release(char **paths, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(paths[i]);
    free(paths);
}

static int add_log(char ***paths, size_t *n, char *path, struct ghost_err *err)
{
    char **grown = path ? realloc(*paths, (*n + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(path);
        return no_memory(err);
    }
    *paths = grown;
    (*paths)[(*n)++] = path;
    return 0;
}

int session_logs(const struct session *s, char ***paths, size_t *n, struct ghost_err *err)
{
    int ret = 0;
    *paths = NULL;
    *n = 0;
    if (s->is_file)
        return add_log(paths, n, strdup(s->path), err);
    DIR *dir = opendir(s->path);
    if (!dir)
        return ghost_fail(err, GHOST_E_IO, "cannot read the session folder %s: %s", s->path, strerror(errno));
    for (struct dirent *d; ret == 0 && (d = readdir(dir));)
        if (has_suffix(d->d_name, LOG_SUFFIX) && d->d_name[0] != '.')
            ret = add_log(paths, n, join(s->path, d->d_name), err);
    closedir(dir);
    if (ret < 0) {
        session_logs_release(*paths, *n);
        *paths = NULL;
        *n = 0;
        return ret;
    }
    if (*n)
        qsort(*paths, *n, sizeof **paths, by_name);
    return 0;
}
