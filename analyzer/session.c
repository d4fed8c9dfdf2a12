/* session.c - session folders: where they are, making one, the logs inside. */
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ghost/archive.h"
#include "ghost/log.h"

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

/* ---- the logs inside ---- */

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

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

static int logs_of_folder(const char *path, char ***paths, size_t *n, struct ghost_err *err)
{
    int ret = 0;
    DIR *dir = opendir(path);
    if (!dir)
        return ghost_fail(err, errno == ENOMEM ? GHOST_E_NOMEM : GHOST_E_IO, "cannot read the session folder %s: %s", path, strerror(errno));
    for (struct dirent *d; ret == 0 && (d = readdir(dir));)
        if (has_suffix(d->d_name, LOG_SUFFIX) && d->d_name[0] != '.')
            ret = add_log(paths, n, join(path, d->d_name), err);
    closedir(dir);
    return ret;
}

static int logs_of_archive(const char *path, char ***paths, size_t *n, struct ghost_err *err)
{
    int ret = 0;
    struct ghost_archive *a = ghost_archive_open(path, err);
    if (!a)
        return err && err->code ? err->code : GHOST_E_CORRUPT;
    for (size_t i = 0; ret == 0 && i < ghost_archive_count(a); i++)
        ret = add_log(paths, n, join(path, ghost_archive_entry(a, i)->name), err);
    ghost_archive_close(a);
    return ret;
}

int session_logs(const struct session *s, char ***paths, size_t *n, struct ghost_err *err)
{
    int ret;
    *paths = NULL;
    *n = 0;
    if (s->is_db)
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "%s is an analysis without its logs: this needs the logs", s->path);
    else if (s->is_file)
        ret = add_log(paths, n, strdup(s->path), err);
    else if (s->is_archive)
        ret = logs_of_archive(s->path, paths, n, err);
    else
        ret = logs_of_folder(s->path, paths, n, err);
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

uint64_t session_log_size(const char *path)
{
    struct stat st;
    struct ghost_log *log = NULL;
    if (stat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    if (errno == ENOTDIR)
        log = ghost_log_open(path, NULL);
    uint64_t size = log ? ghost_log_info(log)->size : 0;
    ghost_log_close(log);
    return size;
}
