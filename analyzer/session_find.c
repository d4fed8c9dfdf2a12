/* session_find.c - which sessions there are, and which one a name means. */
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ghost/archive.h"

#define LOG_SUFFIX ".ghost"
#define DB_SUFFIX ".db"

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for sessions");
}

static char *join(const char *folder, const char *name, const char *suffix)
{
    size_t n = strlen(folder) + strlen(name) + strlen(suffix) + 2;
    char *s = malloc(n);
    if (s)
        snprintf(s, n, "%s/%s%s", folder, name, suffix);
    return s;
}

void session_list_release(struct session_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->ids[i]);
    free(l->ids);
    free(l->forms);
    *l = (struct session_list){ 0 };
}

/* ---- listing ---- */

/* <digits>-<8 hex>; the time part is at most 18 digits, so it fits. */
static bool is_id(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    const char *hex = name + digits + 1;
    return digits > 0 && digits <= 18 && name[digits] == '-' && strspn(hex, "0123456789abcdef") == 8 && hex[8] == '\0';
}

/* What stands in the folder of sessions, by the end of its name. */
static const char *const suffixes[] = { [SESSION_FOLDER] = "", [SESSION_ARCHIVE] = GHOST_ARCHIVE_SUFFIX, [SESSION_DB] = DB_SUFFIX };
enum { FORMS = sizeof suffixes / sizeof *suffixes };

struct entry { char *id; int form; unsigned long long time; int64_t changed; };

static int newest_first(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    if (a->time != b->time)
        return a->time < b->time ? 1 : -1;
    if (a->changed != b->changed)
        return a->changed < b->changed ? 1 : -1;
    int by_id = strcmp(a->id, b->id);
    return by_id ? by_id : a->form - b->form;
}

/* Of things with one id the first form counts. */
static size_t without_doubles(struct entry *e, size_t n)
{
    size_t kept = 0;
    qsort(e, n, sizeof *e, newest_first);
    for (size_t i = 0; i < n; i++) {
        if (kept && strcmp(e[kept - 1].id, e[i].id) == 0)
            free(e[i].id);
        else
            e[kept++] = e[i];
    }
    return kept;
}

/* Sessions of the same second are ordered by their change time: stat only
 * those, so that a long list stays cheap. */
static void break_ties(int dir_fd, struct entry *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        char name[NAME_MAX + 1];
        bool tie = (i > 0 && e[i - 1].time == e[i].time) || (i + 1 < n && e[i + 1].time == e[i].time);
        snprintf(name, sizeof name, "%s%s", e[i].id, suffixes[e[i].form]);
        if (tie && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            e[i].changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    }
    qsort(e, n, sizeof *e, newest_first);
}

/* The id in a directory entry's name, as a new string; NULL: none (or no memory: *failed). */
static char *id_of(const struct dirent *d, int *form, bool *failed)
{
    const char *dot = strchr(d->d_name, '.');
    size_t n = dot ? (size_t)(dot - d->d_name) : strlen(d->d_name);
    bool folder = d->d_type == DT_DIR, file = d->d_type == DT_REG, unknown = d->d_type == DT_UNKNOWN;
    for (*form = 0; *form < FORMS; ++*form)
        if (strcmp(dot ? dot : "", suffixes[*form]) == 0)
            break;
    if (*form == FORMS || !(unknown || (*form == SESSION_FOLDER ? folder : file)))
        return NULL;
    char *id = strndup(d->d_name, n);
    *failed = !id;
    if (!id || is_id(id))
        return id;
    free(id);
    return NULL;
}

static int read_ids(DIR *dir, struct entry **entries, size_t *n, struct ghost_err *err)
{
    size_t cap = 0;
    for (struct dirent *d; (d = readdir(dir));) {
        int form;
        bool failed = false;
        char *id = id_of(d, &form, &failed);
        if (failed)
            return no_memory(err);
        if (!id)
            continue;
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            struct entry *grown = realloc(*entries, cap * sizeof *grown);
            if (!grown) {
                free(id);
                return no_memory(err);
            }
            *entries = grown;
        }
        (*entries)[(*n)++] = (struct entry){ id, form, strtoull(id, NULL, 10), 0 };
    }
    return 0;
}

static int list_of(struct entry *e, size_t n, struct session_list *out, struct ghost_err *err)
{
    out->ids = malloc((n ? n : 1) * sizeof *out->ids);
    out->forms = malloc(n ? n : 1);
    if (!out->ids || !out->forms)
        return no_memory(err);
    for (; out->n < n; out->n++) {
        out->ids[out->n] = e[out->n].id;
        out->forms[out->n] = (unsigned char)e[out->n].form;
        e[out->n].id = NULL;
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
    n = without_doubles(entries, n);
    break_ties(dirfd(dir), entries, n);
    ret = list_of(entries, n, out, err);
out:
    for (size_t i = 0; i < n; i++)
        free(entries[i].id);
    free(entries);
    if (ret < 0)
        session_list_release(out);
    if (dir)
        closedir(dir);
    free(root);
    return ret;
}

static int set_form(struct session *s, int form)
{
    s->is_archive = form == SESSION_ARCHIVE;
    s->is_db = form == SESSION_DB;
    return 0;
}

int session_of_list(const char *root, const struct session_list *l, size_t i, struct session *out, struct ghost_err *err)
{
    *out = (struct session){ .id = strdup(l->ids[i]), .path = join(root, l->ids[i], suffixes[l->forms[i]]) };
    if (out->id && out->path)
        return set_form(out, l->forms[i]);
    session_release(out);
    return no_memory(err);
}

/* ---- resolving ---- */

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

/* What a path is of. */
enum path_form { PATH_NOTHING, PATH_FOLDER, PATH_LOG, PATH_ARCHIVE, PATH_DB };

static enum path_form form_of_path(const char *path, const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        return PATH_FOLDER;
    if (has_suffix(path, LOG_SUFFIX))
        return PATH_LOG;
    if (has_suffix(path, DB_SUFFIX))
        return PATH_DB;
    return ghost_archive_probe(path) ? PATH_ARCHIVE : PATH_NOTHING;
}

/* Takes over `real`. */
static int fill(struct session *out, char *real, enum path_form form, struct ghost_err *err)
{
    const char *slash = strrchr(real, '/'), *base = slash && slash[1] ? slash + 1 : real;
    const char *suffix = form == PATH_LOG ? LOG_SUFFIX : form == PATH_DB ? DB_SUFFIX : form == PATH_ARCHIVE ? GHOST_ARCHIVE_SUFFIX : "";
    out->path = real;
    out->id = strdup(base);
    out->is_file = form == PATH_LOG;
    out->is_archive = form == PATH_ARCHIVE;
    out->is_db = form == PATH_DB;
    if (!out->id)
        return no_memory(err);
    if (*suffix && has_suffix(out->id, suffix))
        out->id[strlen(out->id) - strlen(suffix)] = '\0';
    return 1;
}

/* The session whose analysis a database is, when it stands beside it: FOLDER.db,
 * ARCHIVE.db, LOG.db. */
static char *session_of_db(const char *db, enum path_form *form)
{
    struct stat st;
    char *path = malloc(strlen(db) + sizeof GHOST_ARCHIVE_SUFFIX);
    if (!path)
        return NULL;
    size_t n = strlen(db) - strlen(DB_SUFFIX);
    memcpy(path, db, n);
    static const char *const ends[] = { "", GHOST_ARCHIVE_SUFFIX };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        memcpy(path + n, ends[i], strlen(ends[i]) + 1);
        *form = stat(path, &st) == 0 ? form_of_path(path, &st) : PATH_NOTHING;
        if (*form != PATH_NOTHING && *form != PATH_DB)
            return path;
    }
    free(path);
    return NULL;
}

/* ARCHIVE/NAME.ghost: a log inside an archive. */
static int resolve_member(const char *name, struct session *out, struct ghost_err *err)
{
    struct ghost_err why = GHOST_ERR_INIT;
    char *path = strdup(name), *slash = path ? strrchr(path, '/') : NULL;
    if (!slash) {
        free(path);
        return path ? 0 : no_memory(err);
    }
    *slash = '\0';
    struct ghost_archive *a = ghost_archive_probe(path) ? ghost_archive_open(path, &why) : NULL;
    bool found = a && ghost_archive_find(a, slash + 1);
    ghost_archive_close(a);
    char *real = found ? realpath(path, NULL) : NULL, *member = real ? join(real, slash + 1, "") : NULL;
    free(real);
    *slash = '/';
    if (found) {
        free(path);
        out->is_member = 1;
        return member ? fill(out, member, PATH_LOG, err) : no_memory(err);
    }
    free(path);
    return 0;
}

/* Fills `out` when `name` is a path; 1 yes, 0 no such path, negative on error. */
static int resolve_path(const char *name, struct session *out, struct ghost_err *err)
{
    struct stat st;
    bool looks_like_path = strchr(name, '/') || has_suffix(name, LOG_SUFFIX) || has_suffix(name, DB_SUFFIX)
        || has_suffix(name, GHOST_ARCHIVE_SUFFIX) || strcmp(name, ".") == 0;
    if (stat(name, &st) != 0) {
        int failed = errno, ret = failed == ENOTDIR ? resolve_member(name, out, err) : 0;
        if (ret != 0 || !looks_like_path)
            return ret;
        return ghost_fail(err, GHOST_E_NOT_FOUND, "there is no session at %s: %s", name, strerror(failed));
    }
    enum path_form form = form_of_path(name, &st);
    if (form == PATH_NOTHING && looks_like_path)
        return ghost_fail(err, GHOST_E_NOT_FOUND, "%s is neither a session folder nor a .ghost log, an archive of `ghost pack` or a database", name);
    if (form == PATH_NOTHING || (form == PATH_FOLDER && !looks_like_path && !is_id(name)))
        return 0;
    char *real = realpath(name, NULL);
    if (!real)
        return ghost_fail(err, GHOST_E_IO, "cannot find out where %s is: %s", name, strerror(errno));
    enum path_form of_db;
    char *beside = form == PATH_DB ? session_of_db(real, &of_db) : NULL;
    if (!beside)
        return fill(out, real, form, err);
    free(real);
    return fill(out, beside, of_db, err);
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

static int pick(const struct session_list *l, const char *name, size_t *at, struct ghost_err *err)
{
    size_t matches = 0, len = strlen(name);
    for (size_t i = 0; i < l->n; i++) {
        if (strncmp(l->ids[i], name, len) != 0)
            continue;
        *at = i;
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
    size_t at = 0;
    *out = (struct session){ 0 };
    int ret = name ? resolve_path(name, out, err) : 0;
    if (ret != 0)
        goto out;
    ret = session_list(data_dir, &list, err);
    if (ret < 0)
        goto out;
    root = session_root(data_dir, err);
    if (!root)
        ret = GHOST_E_NOMEM;
    else if (name)
        ret = pick(&list, name, &at, err);
    else if (!list.n)
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "nothing has been recorded in %s yet. Record with: ghost run app.py", root);
    if (ret == 0)
        ret = session_of_list(root, &list, at, out, err);
out:
    if (ret < 0)
        session_release(out);
    session_list_release(&list);
    free(root);
    return ret < 0 ? ret : 0;
}
