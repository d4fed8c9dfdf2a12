/* db_source.c - names, sizes and digests of a session's files. */
#include "db_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "db_sql.h"

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking at the session's files");
}

void db_sources_release(struct db_sources *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        free(s->v[i].name);
        free(s->v[i].path);
    }
    free(s->v);
    *s = (struct db_sources){ 0 };
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n > k && strcmp(name + n - k, suffix) == 0;
}

static bool is_live(const char *name) { return ends_in(name, ".ring") || ends_in(name, ".defs"); }

/* ---- bytes ---- */

static bool digest(struct db_source *f)
{
    enum { PIECE = 1 << 18 };
    char *piece = malloc(PIECE);
    XXH3_state_t *state = XXH3_createState();
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = -1;
    if (!piece || !state || fd < 0)
        goto out;
    XXH3_64bits_reset(state);
    while ((n = read(fd, piece, PIECE)) > 0)
        XXH3_64bits_update(state, piece, (size_t)n);
    f->digest = XXH3_64bits_digest(state);
    f->digested = n == 0;
out:
    if (fd >= 0)
        close(fd);
    XXH3_freeState(state);
    free(piece);
    return n == 0;
}

/* ---- looking ---- */

/* A file that went away meanwhile (a process that ends removes its live files) is none. */
static int add(struct db_sources *s, uint32_t *cap, const char *folder, const char *name, struct ghost_err *err)
{
    struct stat st;
    size_t n = strlen(folder) + strlen(name) + 2;
    if (s->n == *cap) {
        *cap = *cap ? *cap * 2 : 16;
        struct db_source *grown = realloc(s->v, *cap * sizeof *grown);
        if (!grown)
            return no_memory(err);
        s->v = grown;
    }
    struct db_source f = { .name = strdup(name), .path = malloc(n), .live = is_live(name) };
    if (!f.name || !f.path) {
        free(f.name);
        free(f.path);
        return no_memory(err);
    }
    snprintf(f.path, n, "%s/%s", folder, name);
    if (lstat(f.path, &st) != 0 || !S_ISREG(st.st_mode) || (f.live && !digest(&f))) {
        free(f.name);
        free(f.path);
        return 0;
    }
    f.bytes = (uint64_t)st.st_size;
    f.mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
    s->v[s->n++] = f;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct db_source *)a)->name, ((const struct db_source *)b)->name);
}

/* `stem`: only NAME.ghost and its live files; NULL: all. */
static int look(struct db_sources *s, const char *folder, const char *stem, struct ghost_err *err)
{
    uint32_t cap = 0;
    int ret = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return ghost_fail(err, GHOST_E_IO, "cannot read the folder %s: %s", folder, strerror(errno));
    for (struct dirent *d; ret == 0 && (d = readdir(dir));) {
        bool ours = d->d_name[0] != '.' && (ends_in(d->d_name, ".ghost") || is_live(d->d_name));
        if (ours && (!stem || strncmp(d->d_name, stem, strlen(stem)) == 0))
            ret = add(s, &cap, folder, d->d_name, err);
    }
    closedir(dir);
    if (s->n)
        qsort(s->v, s->n, sizeof *s->v, by_name);
    return ret;
}

int db_sources_read(struct db_sources *s, const struct session *session, struct ghost_err *err)
{
    uint32_t cap = 0;
    int ret;
    *s = (struct db_sources){ 0 };
    if (session->is_db)
        return 0;
    if (!session->is_file && !session->is_archive) {
        ret = look(s, session->path, NULL, err);
    } else {
        char *folder = strdup(session->path), *slash = folder ? strrchr(folder, '/') : NULL;
        if (!slash) {
            free(folder);
            return folder ? ghost_fail(err, GHOST_E_STATE, "not an absolute path: %s", session->path) : no_memory(err);
        }
        *slash = '\0';
        char *name = slash + 1, *suffix = name + strlen(name) - strlen("ghost");
        if (session->is_member) {        /* its archive is the file */
            char *archive = strrchr(folder, '/');
            *archive = '\0';
            ret = add(s, &cap, folder, archive + 1, err);
        } else if (session->is_archive) {
            ret = add(s, &cap, folder, name, err);
        } else {
            *suffix = '\0';              /* NAME. begins the names of its live files, too */
            ret = look(s, *folder ? folder : "/", name, err);
        }
        free(folder);
    }
    if (ret < 0)
        db_sources_release(s);
    return ret;
}

bool db_sources_same(const struct db_sources *a, const struct db_sources *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct db_source *f = &a->v[i], *g = &b->v[i];
        if (strcmp(f->name, g->name) != 0 || f->bytes != g->bytes)
            return false;
        if (f->live ? f->digest != g->digest : f->mtime_ns != g->mtime_ns)
            return false;
    }
    return true;
}

/* ---- keeping ---- */

int db_sources_write(struct db_sources *s, sqlite3 *db, struct ghost_err *err)
{
    sqlite3_stmt *q = db_sql_prepare(db, "INSERT INTO source(file, bytes, mtime_ns, digest) VALUES (?, ?, ?, ?)", err);
    int ret = q ? 0 : GHOST_E_STATE;
    for (uint32_t i = 0; ret == 0 && i < s->n; i++) {
        struct db_source *f = &s->v[i];
        if (!f->digested)
            digest(f);                   /* unreadable: its digest will never match, the change time may */
        sqlite3_bind_text(q, 1, f->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 2, (int64_t)f->bytes);
        sqlite3_bind_int64(q, 3, (int64_t)f->mtime_ns);
        if (f->digested)
            sqlite3_bind_int64(q, 4, (int64_t)f->digest);
        else
            sqlite3_bind_null(q, 4);
        if (sqlite3_step(q) != SQLITE_DONE)
            ret = db_sql_fail(db, err, "writing the analysis");
        sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    return ret;
}

static bool is_the_one(struct db_source *f, sqlite3_stmt *q)
{
    struct ghost_str name = db_sql_str(q, 0);
    if (strcmp(name.p, f->name) != 0 || (uint64_t)sqlite3_column_int64(q, 1) != f->bytes)
        return false;
    if (!f->live && (uint64_t)sqlite3_column_int64(q, 2) == f->mtime_ns)
        return true;
    if (sqlite3_column_type(q, 3) != SQLITE_INTEGER || (!f->digested && !digest(f)))
        return false;
    return (uint64_t)sqlite3_column_int64(q, 3) == f->digest;
}

bool db_sources_match(struct db_sources *s, sqlite3 *db)
{
    sqlite3_stmt *q = db_sql_prepare(db, "SELECT file, bytes, mtime_ns, digest FROM source ORDER BY file", NULL);
    bool same = q != NULL;
    uint32_t i = 0;
    int step = SQLITE_DONE;
    while (same && (step = sqlite3_step(q)) == SQLITE_ROW) {
        same = i < s->n && is_the_one(&s->v[i], q);
        i++;
    }
    sqlite3_finalize(q);
    return same && step == SQLITE_DONE && i == s->n;
}
