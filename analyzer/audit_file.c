/* audit_file.c - a file to its audit, by what its first bytes are. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "ghost/log.h"

/* A read-only view of a file; empty files have none. */
struct view { const uint8_t *p; size_t n; };

static int view_open(struct view *v, const char *path, struct ghost_err *err)
{
    struct stat st;
    int ret = GHOST_E_IO, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *v = (struct view){ 0 };
    if (fd < 0 && errno == ENOTDIR)
        return ghost_fail(err, GHOST_E_NOT_FOUND, "%s is no file of its own. Of a log inside an archive the whole archive is audited", path);
    if (fd < 0)
        return ghost_fail(err, errno == ENOENT ? GHOST_E_NOT_FOUND : ret, "%s cannot be opened: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        ghost_fail(err, ret, "%s is not a regular file, so it cannot be audited", path);
        goto out;
    }
    v->n = (size_t)st.st_size;
    void *p = v->n ? mmap(NULL, v->n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (p == MAP_FAILED) {
        ghost_fail(err, ret, "%s cannot be mapped: %s", path, strerror(errno));
        goto out;
    }
    v->p = p;
    ret = 0;
out:
    close(fd);
    return ret;
}

static void view_close(struct view *v)
{
    if (v->p)
        munmap((void *)v->p, v->n);
}

/* ---- the forms ---- */

static bool begins(const struct view *v, size_t at, const char *magic, size_t n)
{
    return v->n >= at + n && memcmp(v->p + at, magic, n) == 0;
}

/* The log, and what a process has left in its rings and journal beside it. */
static int form_log(struct audit *a, const char *path, const struct view *v, struct ghost_err *err)
{
    struct ghost_buf tail = { 0 };
    int ret = audit_log(a, path, v->p, v->n, err);
    if (ret == 0)
        ret = ghost_live_tail(path, &tail, err);
    if (ret == 0 && tail.len) {
        audit_remark(a, "%s has live files beside it (events and definitions not yet in the log): %zu bytes of frames", path, tail.len);
        ret = audit_log(a, "(live files)", tail.p, tail.len, err);
    }
    ghost_buf_release(&tail);
    return ret;
}

static struct ghost_str text_of(const struct view *v)
{
    return (struct ghost_str){ (const char *)v->p, v->n < UINT32_MAX ? (uint32_t)v->n : UINT32_MAX };
}

static char first_mark(const struct view *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (!strchr(" \t\r\n", v->p[i]))
            return (char)v->p[i];
    return 0;
}

static int audit_view(struct audit *a, const char *path, const struct view *v, struct ghost_err *err)
{
    if (begins(v, 8, "GHOSTLOG", 8) || begins(v, 0, "\x28\xB5\x2F\xFD", 4))
        return form_log(a, path, v, err);
    if (begins(v, 8, "GHOSTARC", 8))
        return audit_log(a, path, v->p, v->n, err);
    if (begins(v, 0, "SQLite format 3", 16))
        return audit_database(a, path, v->p, v->n, err);
    if (first_mark(v) == '{' || first_mark(v) == '[')
        return audit_json(a, path, text_of(v), err);
    if (begins(v, 0, "fn_key,", 7))
        return audit_csv(a, path, text_of(v), err);
    return ghost_fail(err, GHOST_E_UNSUPPORTED, "%s is no log, database, archive, JSON or CSV export of Ghost, so there is nothing to prove about it", path);
}

int audit_file(struct audit *a, const char *path, struct ghost_err *err)
{
    struct view v;
    int ret = view_open(&v, path, err);
    if (ret == 0 && v.n == 0)
        audit_remark(a, "%s is empty", path);
    else if (ret == 0)
        ret = audit_view(a, path, &v, err);
    if (ret == 0) {
        a->files++;
        a->bytes += v.n;
    }
    view_close(&v);
    return ret == 0 && a->failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory during the audit of %s", path) : ret;
}
