/* cmd_unpack.c - ghost unpack: an archive's logs as files again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "ghost/archive.h"
#include "ghost/log.h"
#include "term.h"

struct unpack_options { const char *output; };

static int to_fd(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    for (const char *p = bytes; n;) {
        ssize_t put = write(*(int *)self, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return ghost_fail(err, GHOST_E_IO, "cannot write a log: %s", strerror(errno));
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

/* One log into the opened folder. A file that is there already is left alone. */
static int unpack_log(const char *archive, const char *name, int folder, struct ghost_err *err)
{
    char path[4352];
    snprintf(path, sizeof path, "%s/%s", archive, name);
    struct ghost_log *log = ghost_log_open(path, err);
    int ret = log ? 0 : err->code, fd = -1;
    if (log && (fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
        ret = ghost_fail(err, GHOST_E_IO, "cannot make %s: %s. Give an empty folder with -o", name, strerror(errno));
    if (ret == 0)
        ret = ghost_log_copy(log, &(struct ghost_sink){ &fd, to_fd }, err);
    if (fd >= 0 && (close(fd) != 0 || ret < 0) && unlinkat(folder, name, 0) == 0 && ret == 0)
        ret = ghost_fail(err, GHOST_E_IO, "cannot write %s: %s", name, strerror(errno));
    ghost_log_close(log);
    return ret;
}

static int open_folder(const char *path, struct ghost_err *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return ghost_fail(err, GHOST_E_IO, "cannot make the folder %s: %s", path, strerror(errno));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : ghost_fail(err, GHOST_E_IO, "cannot open the folder %s: %s", path, strerror(errno));
}

/* Every log; one that fails is told and the others follow. */
static int unpack_all(const struct ghost_archive *a, const char *archive, const char *folder, struct ghost_err *err)
{
    char n[HUMAN];
    size_t done = 0, failed = 0;
    int fd = open_folder(folder, err);
    if (fd < 0)
        return fd;
    for (size_t i = 0; i < ghost_archive_count(a); i++) {
        struct ghost_err why = GHOST_ERR_INIT;
        if (unpack_log(archive, ghost_archive_entry(a, i)->name, fd, &why) == 0) {
            done++;
            continue;
        }
        fprintf(stderr, "ghost: %s: %s\n", ghost_archive_entry(a, i)->name, why.msg);
        failed++;
    }
    close(fd);
    fprintf(stderr, "%s: %s logs from %s\n", folder, human_count(n, done), archive);
    if (!ghost_archive_whole(a))
        fprintf(stderr, "The archive is damaged or cut off: these are the logs that could be found in it.\n");
    return done == 0 && failed ? ghost_fail(err, GHOST_E_IO, "no log could be unpacked; see above") : failed > 0 || !ghost_archive_whole(a);
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct unpack_options *o = options;
    char made[512];
    if (argc == 0)
        return ghost_fail(err, GHOST_E_USAGE, "ghost unpack needs the archive. See: ghost unpack --help");
    struct ghost_archive *a = ghost_archive_open(argv[0], err);
    if (!a)
        return err->code;
    const char *slash = strrchr(argv[0], '/'), *base = slash ? slash + 1 : argv[0];
    const char *id = ghost_archive_session(a);
    /* the id is somebody else's text: as a folder's name it must stay here */
    bool usable = *id && *id != '.' && !strchr(id, '/');
    snprintf(made, sizeof made, "%s%s", usable ? id : base, usable ? "" : ".unpacked");
    int ret = unpack_all(a, argv[0], o->output ? o->output : made, err);
    ghost_archive_close(a);
    return ret;
}

static const struct option options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_DIR, .at = offsetof(struct unpack_options, output), .arg = "DIR",
      .help = "the folder for the logs; by default one with the session's name here" },
    { 0 }
};

const struct command cmd_unpack = {
    .name = "unpack",
    .summary = "the logs of an archive as files again",
    .usage = "FILE",
    .about = "Writes the logs in an archive of `ghost pack` or `ghost merge` into a folder, which is\n"
             "a session then. There is no need to: every command takes the archive itself. Nothing\n"
             "that exists is written over. Status 1: the archive was damaged, or some logs could\n"
             "not be written.",
    .examples = "  ghost unpack nightly.ghostpack\n"
                "  ghost unpack nightly.ghostpack -o /tmp/nightly && ghost report /tmp/nightly",
    .options = options,
    .options_size = sizeof(struct unpack_options),
    .operands = OPERAND_FILE,
    .max_operands = 1,
    .run = run,
};
