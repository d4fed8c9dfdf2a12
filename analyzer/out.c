/* out.c - output streams: closed pipes are normal, files appear whole. */
#include "out.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `mode`: of the file that it will replace. */
static int open_temporary(struct out *o, const char *path, mode_t mode, struct ghost_err *err)
{
    size_t n = strlen(path) + 12;
    o->path = strdup(path);
    o->temporary = malloc(n);
    if (!o->path || !o->temporary)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    snprintf(o->temporary, n, "%s.tmp-XXXXXX", path);
    int fd = mkstemp(o->temporary);
    if (fd < 0) {
        free(o->temporary);
        o->temporary = NULL;
        return ghost_fail(err, GHOST_E_IO, "cannot write %s: %s", path, strerror(errno));
    }
    fchmod(fd, mode);
    o->f = fdopen(fd, "w");
    if (!o->f)
        close(fd);
    return o->f ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
}

int out_open(struct out *o, const char *path, struct ghost_err *err)
{
    struct stat st;
    *o = (struct out){ 0 };
    signal(SIGPIPE, SIG_IGN);
    if (!path || strcmp(path, "-") == 0) {
        o->f = stdout;
        return 0;
    }
    /* a device or a pipe is written as it is: it cannot be replaced */
    bool there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        o->f = fopen(path, "w");
        return o->f ? 0 : ghost_fail(err, GHOST_E_IO, "cannot write %s: %s", path, strerror(errno));
    }
    int ret = open_temporary(o, path, there ? st.st_mode & 0777 : 0600, err);
    if (ret < 0)
        out_close(o, ret, NULL);
    return ret;
}

static int is_pipe(FILE *f)
{
    struct stat st;
    return fstat(fileno(f), &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

static int finish(struct out *o, struct ghost_err *err)
{
    const char *name = o->path ? o->path : "the output";
    errno = 0;
    int failed = fflush(o->f) != 0 || ferror(o->f);
    if (failed && is_pipe(o->f))     /* whatever failed earlier: nobody reads any more */
        return 0;
    if (!failed && o->temporary)
        failed = fsync(fileno(o->f)) != 0 || rename(o->temporary, o->path) != 0;
    return failed ? ghost_fail(err, GHOST_E_IO, "cannot write %s: %s", name, strerror(errno ? errno : EIO)) : 0;
}

int out_close(struct out *o, int ret, struct ghost_err *err)
{
    int finished = ret >= 0 && o->f ? finish(o, err) : ret;
    if (finished < 0 && o->temporary)
        unlink(o->temporary);
    if (o->f && o->f != stdout)
        fclose(o->f);
    free(o->path);
    free(o->temporary);
    *o = (struct out){ 0 };
    return finished < 0 ? finished : ret;
}
