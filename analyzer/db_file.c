/* db_file.c - temporary file, lock, rename. */
#include "db_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db_sql.h"
#include "db_vfs.h"

/* ---- names ---- */

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_temporary(const char *entry, const char *name)
{
    size_t n = strlen(name), k = strlen(entry);
    return entry[0] == '.' && k > n + 6 && strncmp(entry + 1, name, n) == 0 && entry[n + 1] == '.' && strcmp(entry + k - 4, ".tmp") == 0;
}

/* ---- what killed writers left ---- */

static void remove_unlocked(int folder, const char *entry)
{
    int fd = openat(folder, entry, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, entry, 0);
    close(fd);
}

void db_clean_temporaries(const char *path)
{
    char *folder = folder_of(path);
    DIR *dir = folder ? opendir(folder) : NULL;
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (is_temporary(d->d_name, name_of(path)))
            remove_unlocked(dirfd(dir), d->d_name);
    if (dir)
        closedir(dir);
    free(folder);
}

/* ---- writing ---- */

/* Locked, and still the file of that name: another's clean-up may have come
 * between making and locking it. */
static bool lock(const struct db_file *f)
{
    struct stat mine, there;
    return flock(f->fd, LOCK_EX | LOCK_NB) == 0 && fstat(f->fd, &mine) == 0 && stat(f->temporary, &there) == 0 &&
           mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

static int make_temporary(struct db_file *f, struct ghost_err *err)
{
    char *folder = folder_of(f->path);
    size_t n = strlen(f->path) + 48;
    int ret = GHOST_E_NOMEM;
    for (int attempt = 0; folder && attempt < 8; attempt++) {
        free(f->temporary);
        f->temporary = malloc(n);
        if (!f->temporary)
            break;
        snprintf(f->temporary, n, "%s/.%s.%ld-XXXXXX.tmp", folder, name_of(f->path), (long)getpid());
        f->fd = mkostemps(f->temporary, 4, O_CLOEXEC);
        if (f->fd < 0) {
            ret = ghost_fail(err, errno == ENOSPC ? GHOST_E_FULL : GHOST_E_IO, "cannot write in %s: %s", folder, strerror(errno));
            free(f->temporary);
            f->temporary = NULL;
            break;
        }
        if (lock(f)) {
            ret = 0;
            break;
        }
        close(f->fd);
        f->fd = -1;
        ret = ghost_fail(err, GHOST_E_IO, "cannot lock a temporary file in %s", folder);
    }
    free(folder);
    return ret == GHOST_E_NOMEM ? ghost_fail(err, ret, "out of memory while writing the analysis") : ret;
}

static void give_up(struct db_file *f)
{
    sqlite3_close(f->db);
    if (f->temporary)
        unlink(f->temporary);
    if (f->fd >= 0)
        close(f->fd);
    free(f->temporary);
    free(f->path);
    *f = (struct db_file){ .fd = -1 };
}

/* Nothing is journaled or synced on the way: a file that is not complete is thrown away. */
static const char bulk[] = "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
                           "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; BEGIN";

static int open_temporary(struct db_file *f, struct ghost_err *err)
{
    int reserved = DB_PAGE_RESERVED;
    const char *vfs = db_vfs(err);
    if (!vfs)
        return GHOST_E_STATE;
    if (sqlite3_open_v2(f->temporary, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs) != SQLITE_OK ||
        sqlite3_file_control(f->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved) != SQLITE_OK)
        return db_sql_fail(f->db, err, "opening the analysis for writing");
    return 0;
}

int db_file_begin(struct db_file *f, const char *path, struct ghost_err *err)
{
    *f = (struct db_file){ .path = strdup(path), .fd = -1 };
    db_clean_temporaries(path);
    int ret = f->path ? make_temporary(f, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory while writing the analysis");
    if (ret == 0)
        ret = open_temporary(f, err);
    if (ret == 0)
        ret = db_sql_exec(f->db, bulk, err);
    if (ret < 0)
        give_up(f);
    return ret;
}

static int sync_folder(const char *path)
{
    char *folder = folder_of(path);
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int ret = fd >= 0 ? fsync(fd) : -1;
    if (fd >= 0)
        close(fd);
    free(folder);
    return ret;
}

static int publish(struct db_file *f, struct ghost_err *err)
{
    int ret = db_sql_exec(f->db, "COMMIT", err);
    if (ret == 0 && sqlite3_close(f->db) != SQLITE_OK)
        ret = ghost_fail(err, GHOST_E_STATE, "the analysis is still in use while being closed");
    if (ret < 0)
        return ret;
    f->db = NULL;
    struct stat st;
    if (lstat(f->path, &st) == 0 && S_ISREG(st.st_mode))
        fchmod(f->fd, st.st_mode & 0777);    /* someone has shared the one before */
    if (fsync(f->fd) != 0 || rename(f->temporary, f->path) != 0)
        return ghost_fail(err, errno == ENOSPC ? GHOST_E_FULL : GHOST_E_IO, "cannot write %s: %s", f->path, strerror(errno));
    free(f->temporary);
    f->temporary = NULL;
    sync_folder(f->path);                /* if this does not last, the analysis is made again */
    return 0;
}

int db_file_end(struct db_file *f, int ret, struct ghost_err *err)
{
    if (ret >= 0) {
        int published = publish(f, err);
        ret = published < 0 ? published : ret;
    }
    give_up(f);
    return ret;
}

/* ---- reading ---- */

/* file:PATH?immutable=1 : the file is never changed in place, so no locks are
 * needed and a folder without write access will do. */
static char *uri_of(const char *path)
{
    char *uri = malloc(strlen(path) * 3 + 32), *p = uri;
    if (!uri)
        return NULL;
    p += snprintf(p, 8, "file:");
    for (; *path; path++) {
        if (strchr("%?#", *path))
            p += snprintf(p, 4, "%%%02x", (unsigned char)*path);
        else
            *p++ = *path;
    }
    snprintf(p, 16, "?immutable=1");
    return uri;
}

sqlite3 *db_file_open(const char *path, struct ghost_err *err)
{
    sqlite3 *db = NULL;
    char *uri = uri_of(path);
    if (!uri) {
        ghost_fail(err, GHOST_E_NOMEM, "out of memory while opening %s", path);
        return NULL;
    }
    const char *vfs = db_vfs(err);
    int code = vfs ? sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, vfs) : SQLITE_ERROR;
    free(uri);
    if (code == SQLITE_OK)
        return db;
    if (vfs)
        db_sql_fail(db, err, "opening the analysis");
    sqlite3_close(db);
    return NULL;
}
