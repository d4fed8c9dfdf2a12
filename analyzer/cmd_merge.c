/* cmd_merge.c - ghost merge: sessions of many hosts and days as one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "ghost/archive.h"
#include "pack_archive.h"
#include "term.h"

struct merge_options { const char *output, *into, *data_dir; uint64_t level; };

static int collect(const struct merge_options *o, int n, char **names, struct pack_logs *logs, struct ghost_err *err)
{
    int ret = 0;
    for (int i = 0; ret == 0 && i < n; i++) {
        struct session s;
        ret = session_resolve(o->data_dir, names[i], &s, err);
        if (ret < 0)
            return ret;
        ret = pack_add(logs, &s, err);
        session_release(&s);
    }
    if (ret == 0 && logs->n == 0)
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "these sessions hold no log that can be merged");
    return ret;
}

/* ---- --into ---- */

/* Two that merge into one archive at once would each leave out what the other added: one at a time in a
 * folder. The folder itself is locked, the archive is another file afterwards. Returns a descriptor. */
static int lock_folder(const char *path, struct ghost_err *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (!folder)
        ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    else if (fd < 0)
        ghost_fail(err, GHOST_E_IO, "cannot open the folder %s: %s", folder, strerror(errno));
    while (fd >= 0 && flock(fd, LOCK_EX) != 0)
        if (errno != EINTR)
            break;                       /* a file system without locks */
    free(folder);
    return fd >= 0 ? fd : err->code;
}

/* What is in the archive already. It will be replaced, so all of it must be readable. */
static int collect_own(const struct session *s, struct pack_logs *logs, struct ghost_err *err)
{
    struct ghost_archive *a = ghost_archive_open(s->path, err);
    bool whole = a && ghost_archive_whole(a);
    ghost_archive_close(a);
    int ret = !a ? err->code : pack_add(logs, s, err);
    if (ret == 0 && (!whole || logs->unreadable))
        ret = ghost_fail(err, GHOST_E_CORRUPT, "%s is damaged and is left as it is. What can be read of it goes into another archive with: ghost merge %s ... -o FILE",
                         s->path, s->path);
    return ret;
}

/* The archive's path (malloc'd), and its logs if it is there. */
static int open_into(const struct merge_options *o, char **path, int *lock, struct pack_logs *logs, struct ghost_err *err)
{
    struct session s = { 0 };
    struct ghost_err why = GHOST_ERR_INIT;
    bool there = session_resolve(o->data_dir, o->into, &s, &why) == 0;
    if (!there && (why.code != GHOST_E_NOT_FOUND || access(o->into, F_OK) == 0))
        return ghost_fail(err, why.code, "%s", why.msg);
    int ret = there && !s.is_archive ? ghost_fail(err, GHOST_E_USAGE, "--into takes an archive, and %s is none. Make one with: ghost merge %s ... -o FILE",
                                                  s.path, o->into) : 0;
    if (ret == 0 && !(*path = strdup(there ? s.path : o->into)))
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (ret == 0)
        ret = *lock = lock_folder(*path, err);
    if (ret >= 0 && access(*path, F_OK) == 0) {      /* perhaps made while we waited */
        session_release(&s);
        ret = session_resolve(o->data_dir, *path, &s, err);
        ret = ret < 0 ? ret : collect_own(&s, logs, err);
    }
    session_release(&s);
    return ret < 0 ? ret : 0;
}

static int check_usage(const struct merge_options *o, int argc, struct ghost_err *err)
{
    if (!o->output == !o->into)
        return ghost_fail(err, GHOST_E_USAGE, "ghost merge needs -o FILE, the archive to write, or --into FILE, the one to add to. See: ghost merge --help");
    if (argc == 0)
        return ghost_fail(err, GHOST_E_USAGE, "ghost merge needs the sessions to merge. See: ghost merge --help");
    if (o->level > 22)
        return ghost_fail(err, GHOST_E_USAGE, "--level is zstd's: 1 (fast) to 22 (small), 0 for the default of %d", GHOST_PACK_LEVEL);
    return 0;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct merge_options *o = options;
    struct pack_logs logs = { 0 };
    struct pack_result r;
    char a[HUMAN], b[HUMAN], *into = NULL;
    int lock = -1, ret = check_usage(o, argc, err);
    if (ret == 0 && o->into)
        ret = open_into(o, &into, &lock, &logs, err);
    const char *output = into ? into : o->output;
    if (ret == 0)
        ret = collect(o, argc, argv, &logs, err);
    if (ret == 0)
        ret = pack_write(&logs, "merged", output, (int)o->level, &r, err);
    if (ret == 0)
        fprintf(stderr, "%s: %s logs, %s\n", output, human_count(a, r.logs), human_bytes(b, r.bytes));
    if (ret == 0 && logs.doubles)
        fprintf(stderr, "%s logs were given more than once and count once.\n", human_count(a, logs.doubles));
    ret = ret == 0 ? logs.unreadable > 0 : ret;
    pack_release(&logs);
    if (lock >= 0)
        close(lock);
    free(into);
    return ret;
}

static const struct option options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = offsetof(struct merge_options, output), .arg = "FILE", .help = "the archive to write" },
    { .name = "into", .kind = OPTION_FILE, .at = offsetof(struct merge_options, into), .arg = "FILE",
      .help = "instead: an archive to add the sessions to; made when it is not there" },
    { .name = "level", .kind = OPTION_COUNT, .at = offsetof(struct merge_options, level), .arg = "N", .fallback = "0",
      .help = "zstd's level, 1 to 22; 0: 12, and logs that are packed already are copied" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct merge_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_merge = {
    .name = "merge",
    .summary = "sessions of many hosts and days as one",
    .usage = "SESSION...",
    .about = "Writes the logs of several sessions (folders, archives, merged ones) into one archive,\n"
             "which is analysed like any session. The order and the grouping do not matter: the\n"
             "same logs give the same file, byte for byte. A log that is given twice counts once\n"
             "(of two copies the fuller one). Hosts stay apart: `ghost export` names each process's.\n"
             "With --into an archive grows, day by day: the same file as if all had been merged at once.",
    .examples = "  ghost merge monday.ghostpack tuesday.ghostpack -o week.ghostpack\n"
                "  ghost merge --into year.ghostpack today.ghostpack\n"
                "  ghost report week.ghostpack",
    .options = options,
    .options_size = sizeof(struct merge_options),
    .operands = OPERAND_SESSION,
    .max_operands = UINT_MAX,
    .run = run,
};
