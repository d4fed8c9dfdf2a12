/* cmd_pack.c - ghost pack: a session as one small file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "ghost/archive.h"
#include "pack_archive.h"
#include "term.h"

struct pack_options { const char *output, *data_dir; uint64_t level; };

static void tell(const struct pack_result *r, const char *path)
{
    char a[HUMAN], b[HUMAN], c[HUMAN];
    fprintf(stderr, "%s: %s logs, %s instead of %s", path, human_count(a, r->logs), human_bytes(b, r->bytes), human_bytes(c, r->recorded));
    if (r->events)
        fprintf(stderr, ", %.2f bytes an event", (double)r->bytes / (double)r->events);
    fputc('\n', stderr);
    if (r->open)
        fprintf(stderr, "%s of the processes had no end: they were killed, or still run; the archive has what was there when it was packed.\n", human_count(a, r->open));
    if (r->damaged)
        fprintf(stderr, "%s could not be read and are told as a loss in the archive.\n", human_bytes(a, r->damaged));
}

/* ID.ghostpack in the working directory. */
static char *default_output(const struct session *s)
{
    size_t n = strlen(s->id) + sizeof GHOST_ARCHIVE_SUFFIX;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s%s", s->id, GHOST_ARCHIVE_SUFFIX);
    return path;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct pack_options *o = options;
    struct session s;
    struct pack_logs logs = { 0 };
    struct pack_result r;
    if (o->level > 22)
        return ghost_fail(err, GHOST_E_USAGE, "--level is zstd's: 1 (fast) to 22 (small), 0 for the default of %d", GHOST_PACK_LEVEL);
    int ret = session_resolve(o->data_dir, argc ? argv[0] : NULL, &s, err);
    if (ret < 0)
        return ret;
    char *made = o->output ? NULL : default_output(&s);
    const char *path = o->output ? o->output : made;
    ret = path ? pack_add(&logs, &s, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (ret == 0 && logs.n == 0)
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "session %s holds no log that can be packed. See: ghost doctor", s.id);
    if (ret == 0)
        ret = pack_write(&logs, s.id, path, (int)o->level, &r, err);
    if (ret == 0)
        tell(&r, path);
    ret = ret == 0 ? logs.unreadable > 0 : ret;
    pack_release(&logs);
    session_release(&s);
    free(made);
    return ret;
}

static const struct option options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = offsetof(struct pack_options, output), .arg = "FILE",
      .help = "the archive; by default SESSION.ghostpack here" },
    { .name = "level", .kind = OPTION_COUNT, .at = offsetof(struct pack_options, level), .arg = "N", .fallback = "0",
      .help = "zstd's level, 1 to 22; 0: 12, which measured best for its time" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct pack_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_pack = {
    .name = "pack",
    .summary = "make one small archive file of a session",
    .usage = "[SESSION]",
    .about = "Writes all logs of a session into one file, recompressed: to keep, to attach to a\n"
             "CI run, to send. The archive is a SESSION everywhere: `ghost report FILE` reads it\n"
             "as it is. It appears when it is complete. Of a session that is still being\n"
             "recorded it has what was there at the time, and says so. Status 1: a log could\n"
             "not be read and is not in it.",
    .examples = "  ghost pack -o nightly.ghostpack          the newest session\n"
                "  ghost report nightly.ghostpack           use it\n"
                "  ghost unpack nightly.ghostpack           logs again",
    .options = options,
    .options_size = sizeof(struct pack_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
