/* clean_session.c - see clean_session.h. */
#include "clean_session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ghost/archive.h"

#define LATELY 3600          /* seconds */

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

static bool is_live(const char *name) { return has_suffix(name, ".ring") || has_suffix(name, ".defs"); }
static bool is_ours(const char *name) { return has_suffix(name, ".ghost") || is_live(name); }

/* The recorder names its files by the process: PID-HEX... A process of that number that
 * lives may be another by now; then the session stays a little longer. */
static bool process_lives(const char *name)
{
    char *end;
    long pid = strtol(name, &end, 10);
    return pid > 0 && *end == '-' && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static void add_file(struct clean_look *l, const struct stat *st, bool analysis)
{
    l->bytes += (uint64_t)st->st_size;
    if (!analysis && st->st_mtim.tv_sec > l->changed)
        l->changed = st->st_mtim.tv_sec;
}

static void look_into(int folder, struct clean_look *l)
{
    bool live = false;
    DIR *dir = fdopendir(folder);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        struct stat st;
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        bool file = fstatat(folder, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
        if (!file || !is_ours(d->d_name)) {
            l->foreign = true;
            continue;
        }
        add_file(l, &st, false);
        live |= is_live(d->d_name);
        l->running |= is_live(d->d_name) && process_lives(d->d_name);
    }
    l->running |= live && time(NULL) - l->changed < LATELY;
    if (dir)
        closedir(dir);
    else
        close(folder);
}

static const char *const ends_of_analysis[] = { "", "-wal", "-shm", "-journal" };
enum { N_ENDS = sizeof ends_of_analysis / sizeof *ends_of_analysis, NAME_BYTES = 128 };

/* "ID[.ghostpack].db" and what SQLite keeps beside it. */
static void analysis_name(char *name, const char *id, enum session_form form, const char *end)
{
    snprintf(name, NAME_BYTES, "%s%s.db%s", id, form == SESSION_ARCHIVE ? GHOST_ARCHIVE_SUFFIX : "", end);
}

bool clean_look(int root, const char *id, enum session_form form, struct clean_look *l)
{
    struct stat st;
    char name[NAME_BYTES];
    bool there = false;
    *l = (struct clean_look){ 0 };
    if (form == SESSION_FOLDER) {
        int folder = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        there = folder >= 0 && fstat(folder, &st) == 0;
        if (there)
            l->changed = st.st_mtim.tv_sec;
        if (folder >= 0)
            look_into(folder, l);
    } else if (form == SESSION_ARCHIVE) {
        snprintf(name, sizeof name, "%s" GHOST_ARCHIVE_SUFFIX, id);
        there = fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
        if (there)
            add_file(l, &st, false);
    }
    for (size_t i = 0; i < N_ENDS; i++) {
        analysis_name(name, id, form, ends_of_analysis[i]);
        if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        add_file(l, &st, form != SESSION_DB);
        there = true;
    }
    return there;
}

/* A file or link of that name; a folder is refused by the kernel. */
static int remove_file(int folder, const char *name) { return unlinkat(folder, name, 0) == 0 || errno == ENOENT ? 0 : -1; }

static int remove_folder(int root, const char *id)
{
    int ret = 0, folder = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
    if (!dir) {
        if (folder >= 0)
            close(folder);
        return errno == ENOENT ? 0 : -1;
    }
    for (struct dirent *d; (d = readdir(dir));) {
        struct stat st;
        bool file = fstatat(folder, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
        if (file && is_ours(d->d_name))
            ret |= remove_file(folder, d->d_name);
    }
    closedir(dir);
    return unlinkat(root, id, AT_REMOVEDIR) == 0 ? ret : -1;      /* ENOTEMPTY: what is not ours stays */
}

int clean_remove(int root, const char *id, enum session_form form)
{
    char name[NAME_BYTES];
    int ret = 0;
    if (form == SESSION_FOLDER) {
        ret = remove_folder(root, id);
    } else if (form == SESSION_ARCHIVE) {
        snprintf(name, sizeof name, "%s" GHOST_ARCHIVE_SUFFIX, id);
        ret = remove_file(root, name);
    }
    for (size_t i = 0; ret == 0 && i < N_ENDS; i++) {
        analysis_name(name, id, form, ends_of_analysis[i]);
        ret = remove_file(root, name);
    }
    return ret;
}
