/* cmd_clean.c - ghost clean: sessions that are old, or too many, or too large. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clean_session.h"
#include "command.h"
#include "term.h"

struct clean_options { const char *data_dir; double older_than; uint64_t keep_last, max_size; bool dry_run; };

struct clean {
    const struct clean_options *o;
    const struct session_list *list;
    struct clean_look *looks; bool *there, *chosen;      /* by session, the newest first */
    int root;
    size_t removed, failed, running;
    uint64_t freed;
};

/* Which go: those too old, and behind the newest that fit into --max-size; never one of the
 * --keep-last newest, nor one that is being recorded. */
static void choose(struct clean *c)
{
    uint64_t kept_bytes = 0;
    time_t now = time(NULL);
    for (size_t i = 0, place = 0; i < c->list->n; i++) {
        const struct clean_look *l = &c->looks[i];
        if (!c->there[i])
            continue;
        bool old = c->o->older_than > 0 && (double)(now - l->changed) > c->o->older_than * 86400.0;
        bool large = c->o->max_size && kept_bytes + l->bytes > c->o->max_size;
        bool wanted = (old || large) && place >= c->o->keep_last;
        place++;
        c->running += wanted && l->running;
        c->chosen[i] = wanted && !l->running;
        if (!c->chosen[i])
            kept_bytes += l->bytes;
    }
}

static void tell(const struct clean *c, size_t i, const char *what)
{
    char size[HUMAN], when[HUMAN];
    printf("%s  %s  %8s  last changed %s\n", what, c->list->ids[i], human_bytes(size, c->looks[i].bytes),
           human_time(when, (uint64_t)c->looks[i].changed * 1000000000u));
}

/* It may have come to life, or changed, since it was looked at. */
static bool still_so(const struct clean *c, size_t i)
{
    struct clean_look now;
    return clean_look(c->root, c->list->ids[i], c->list->forms[i], &now) && !now.running && now.changed == c->looks[i].changed;
}

static void remove_one(struct clean *c, size_t i)
{
    if (c->o->dry_run) {
        tell(c, i, "would remove");
    } else if (!still_so(c, i)) {
        tell(c, i, "left (in use)");
        return;
    } else if (clean_remove(c->root, c->list->ids[i], c->list->forms[i]) != 0) {
        fprintf(stderr, "ghost: session %s is not wholly removed: %s%s\n", c->list->ids[i], strerror(errno),
                c->looks[i].foreign ? " (it holds files that are not Ghost's)" : "");
        c->failed++;
        return;
    } else {
        tell(c, i, "removed");
    }
    c->removed++;
    c->freed += c->looks[i].bytes;
}

static int clean_all(struct clean *c, struct ghost_err *err)
{
    char a[HUMAN], b[HUMAN];
    size_t n = c->list->n ? c->list->n : 1;
    c->looks = calloc(n, sizeof *c->looks);
    c->there = calloc(n, sizeof *c->there);
    c->chosen = calloc(n, sizeof *c->chosen);
    if (!c->looks || !c->there || !c->chosen)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while sessions were looked at");
    for (size_t i = 0; i < c->list->n; i++)
        c->there[i] = clean_look(c->root, c->list->ids[i], c->list->forms[i], &c->looks[i]);
    choose(c);
    for (size_t i = c->list->n; i-- > 0;)        /* the oldest first */
        if (c->chosen[i])
            remove_one(c, i);
    printf("%s sessions%s, %s%s\n", human_count(a, c->removed), c->o->dry_run ? " would go" : " removed", human_bytes(b, c->freed),
           c->o->dry_run ? "; nothing was removed" : " freed");
    if (c->running)
        printf("%s more are still being recorded and stay.\n", human_count(a, c->running));
    return c->failed > 0;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    struct session_list list = { 0 };
    struct clean c = { .o = options, .list = &list, .root = -1 };
    (void)argc;
    (void)argv;
    if (c.o->older_than <= 0 && !c.o->max_size)
        return ghost_fail(err, GHOST_E_USAGE, "ghost clean needs --older-than DAYS or --max-size SIZE. Add --dry-run to see what would go");
    char *root = session_root(c.o->data_dir, err);
    int ret = root ? session_list(c.o->data_dir, &list, err) : err->code;
    if (ret == 0 && list.n && (c.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        ret = ghost_fail(err, GHOST_E_IO, "cannot open the folder of sessions %s: %s", root, strerror(errno));
    if (ret == 0)
        ret = clean_all(&c, err);
    if (c.root >= 0)
        close(c.root);
    free(c.looks);
    free(c.there);
    free(c.chosen);
    session_list_release(&list);
    free(root);
    return ret;
}

static const struct option options[] = {
    { .name = "older-than", .kind = OPTION_REAL, .at = offsetof(struct clean_options, older_than), .arg = "DAYS", .key = "retention.older_than",
      .help = "remove sessions that have not changed for so many days" },
    { .name = "max-size", .kind = OPTION_SIZE, .at = offsetof(struct clean_options, max_size), .arg = "SIZE", .key = "retention.max_size",
      .help = "remove the oldest until the rest is not larger, as 500M or 2G" },
    { .name = "keep-last", .kind = OPTION_COUNT, .at = offsetof(struct clean_options, keep_last), .arg = "N", .fallback = "1", .key = "retention.keep_last",
      .help = "never remove the newest N" },
    { .name = "dry-run", .letter = 'n', .kind = OPTION_FLAG, .at = offsetof(struct clean_options, dry_run), .help = "only tell what would go" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct clean_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_clean = {
    .name = "clean",
    .summary = "remove sessions that are old, or too large in all",
    .usage = "",
    .about = "Removes sessions (folders, archives) and their analyses from the folder of sessions,\n"
             "and tells which and how much. A session that is still being recorded stays. Files in it\n"
             "that are not Ghost's stay, and links are not followed. Status 1: something could not\n"
             "be removed.",
    .examples = "  ghost clean --older-than 7 --dry-run       what would go\n"
                "  ghost clean --older-than 7 --keep-last 5\n"
                "  ghost clean --max-size 2G                  the newest 2 GiB stay",
    .options = options,
    .options_size = sizeof(struct clean_options),
    .operands = OPERAND_NONE,
    .max_operands = 0,
    .run = run,
};
