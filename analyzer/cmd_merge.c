/* cmd_merge.c - ghost merge: sessions of many hosts and days as one. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "ghost/archive.h"
#include "pack_archive.h"
#include "term.h"

struct merge_options { const char *output, *data_dir; uint64_t level; };

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

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct merge_options *o = options;
    struct pack_logs logs = { 0 };
    struct pack_result r;
    char a[HUMAN], b[HUMAN];
    if (!o->output)
        return ghost_fail(err, GHOST_E_USAGE, "ghost merge needs -o FILE, the archive to write. See: ghost merge --help");
    if (argc == 0)
        return ghost_fail(err, GHOST_E_USAGE, "ghost merge needs the sessions to merge. See: ghost merge --help");
    if (o->level > 22)
        return ghost_fail(err, GHOST_E_USAGE, "--level is zstd's: 1 (fast) to 22 (small), 0 for the default of %d", GHOST_PACK_LEVEL);
    int ret = collect(o, argc, argv, &logs, err);
    if (ret == 0)
        ret = pack_write(&logs, "merged", o->output, (int)o->level, &r, err);
    if (ret == 0)
        fprintf(stderr, "%s: %s logs, %s\n", o->output, human_count(a, r.logs), human_bytes(b, r.bytes));
    if (ret == 0 && logs.doubles)
        fprintf(stderr, "%s logs were given more than once and count once.\n", human_count(a, logs.doubles));
    ret = ret == 0 ? logs.unreadable > 0 : ret;
    pack_release(&logs);
    return ret;
}

static const struct option options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = offsetof(struct merge_options, output), .arg = "FILE", .help = "the archive to write" },
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
             "(of two copies the fuller one). Hosts stay apart: `ghost export` names each process's.",
    .examples = "  ghost merge monday.ghostpack tuesday.ghostpack -o week.ghostpack\n"
                "  ghost report week.ghostpack",
    .options = options,
    .options_size = sizeof(struct merge_options),
    .operands = OPERAND_SESSION,
    .max_operands = UINT_MAX,
    .run = run,
};
