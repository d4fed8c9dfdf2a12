/* cmd_log.c - ghost log: one log file as it is, record by record. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "ghost/log.h"
#include "out.h"

struct log_options { bool records, tail; };

/* What check counts. */
struct count {
    uint64_t records, blocks, events, lost, faults;
    uint64_t cut;                /* bytes of a frame that the file ends inside of: normal after a crash */
    bool ended;
};

static int count_def(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    struct count *c = self;
    (void)f;
    c->records++;
    if (d->kind == GHOST_REC_LOSS)
        c->lost += d->u.loss.count;
    c->ended = c->ended || d->kind == GHOST_REC_END;
    return 0;
}

static int count_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    static const bool uncounted[GHOST_SH_COUNT] = { [GHOST_SH_ABANDON] = true, [GHOST_SH_DROP] = true, [GHOST_SH_ADOPT] = true };
    struct count *c = self;
    (void)f;
    c->records++;
    c->blocks++;
    for (uint32_t i = 0; i < b->n_events; i++)
        c->events += !uncounted[b->shapes[b->tokens[i]].kind];
    return 0;
}

static int count_unknown(void *self, uint32_t kind, const uint8_t *p, size_t n)
{
    (void)kind;
    (void)p;
    (void)n;
    ((struct count *)self)->records++;
    return 0;
}

/* Decodes everything; each fault is a line on standard error and the rest goes on. */
static int count_log(struct ghost_log *log, const char *path, struct count *c, struct ghost_err *err)
{
    struct ghost_visitor v = { c, count_def, count_block, count_unknown };
    struct ghost_decoder *d = ghost_decoder_new();
    struct ghost_frame f;
    uint64_t cursor = 0;
    if (!d)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    while (ghost_log_next(log, &cursor, &f)) {
        struct ghost_err fault = GHOST_ERR_INIT;
        if (f.truncated) {
            c->cut = f.size;
            continue;
        }
        if (ghost_frame_decode(d, &f, &v, &fault) == 0)
            continue;
        fprintf(stderr, "%s: %s\n", path, fault.msg);
        c->faults++;
    }
    ghost_decoder_free(d);
    return 0;
}

static void print_count(const struct count *c, const char *what)
{
    printf("%s%" PRIu64 " records, %" PRIu64 " blocks, %" PRIu64 " events, %" PRIu64 " known to be lost", what, c->records, c->blocks,
           c->events, c->lost);
}

static int check_tail(const struct ghost_buf *tail, const char *path, struct count *c, struct ghost_err *err)
{
    struct count rings = { 0 };
    struct ghost_log *log = ghost_log_open_memory(tail->p, tail->len, err);
    if (!log)
        return err->code;
    int ret = count_log(log, path, &rings, err);
    ghost_log_close(log);
    if (ret != 0)
        return ret;
    print_count(&rings, "  in its rings and journal: ");
    putchar('\n');
    c->faults += rings.faults;
    return 0;
}

static int check(const char *path, const struct log_options *o, struct ghost_err *err)
{
    struct count c = { 0 };
    struct ghost_buf tail = { 0 };
    struct ghost_log *log = ghost_live_open(path, &tail, err);
    (void)o;
    if (!log)
        return err->code;
    bool index = ghost_log_info(log)->finished;
    int ret = count_log(log, path, &c, err);
    if (ret == 0) {
        printf("%s: ", path);
        print_count(&c, "");
        printf("; %s%s; %" PRIu64 " faults\n", c.ended ? "ended in good order" : "no end", index ? ", indexed" : "", c.faults);
        if (c.cut)
            printf("  the last %" PRIu64 " bytes are a frame that was not finished, as a crash leaves it\n", c.cut);
        if (tail.len)
            ret = check_tail(&tail, path, &c, err);
    }
    ghost_log_close(log);
    ghost_buf_release(&tail);
    return ret != 0 ? ret : c.faults > 0;
}

static int print_line(void *self, const char *text, size_t n)
{
    FILE *f = self;
    /* A reader that has gone wants no more; out_close tells of other errors. */
    return fwrite(text, 1, n, f) == n && putc('\n', f) != EOF ? 0 : GHOST_E_IO;
}

static int dump(const char *path, const struct log_options *o, struct ghost_err *err)
{
    struct ghost_buf bytes = { 0 };
    struct out out;
    int ret = out_open(&out, NULL, err);
    if (ret != 0)
        return ret;
    struct ghost_text text = { out.f, print_line };
    struct ghost_log *log = o->tail ? ghost_live_open(path, &bytes, err) : ghost_log_open(path, err);
    struct ghost_log *tail = log && bytes.len ? ghost_log_open_memory(bytes.p, bytes.len, err) : NULL;
    ret = !log || (bytes.len && !tail) ? err->code : ghost_dump(log, &text, !o->records, err);
    if (ret == 0 && tail)
        ret = ghost_dump(tail, &text, !o->records, err);
    ghost_log_close(tail);
    ghost_log_close(log);
    ghost_buf_release(&bytes);
    /* The line that could not be written is out_close's to tell. */
    if (ret == GHOST_E_IO && err->code == 0)
        ret = 0;
    return out_close(&out, ret, err);
}

static const char *const verbs[] = { "dump", "check", NULL };
static int (*const actions[])(const char *, const struct log_options *, struct ghost_err *) = { dump, check };

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    if (argc < 2)
        return ghost_fail(err, GHOST_E_USAGE, "ghost log needs a verb, dump or check, and a .ghost file. See: ghost log --help");
    for (size_t i = 0; verbs[i]; i++)
        if (strcmp(argv[0], verbs[i]) == 0)
            return actions[i](argv[1], options, err);
    return ghost_fail(err, GHOST_E_USAGE, "ghost log knows dump and check, not '%s'. See: ghost log --help", argv[0]);
}

static const struct option options[] = {
    { .name = "records", .letter = 'r', .kind = OPTION_FLAG, .at = offsetof(struct log_options, records),
      .help = "dump: records only, not the events of each block" },
    { .name = "tail", .letter = 't', .kind = OPTION_FLAG, .at = offsetof(struct log_options, tail),
      .help = "dump: also what the process left in its rings and journal" },
    { 0 }
};

const struct command cmd_log = {
    .name = "log",
    .summary = "one log file as it is: every record, or what is damaged",
    .usage = "dump|check FILE.ghost",
    .about = "dump prints a line for each record: the offset of its frame, its name, its\n"
             "fields as JSON; and below a block a line for each event: tick, kind, two\n"
             "numbers, slot. check reads everything, tells what is damaged and what a killed\n"
             "process left beside its log, and ends with status 1 if anything is damaged (a last\n"
             "frame that a crash left unfinished is not damage).",
    .examples = "  ghost log dump 4711-0badcafe.ghost | grep ' FUNC '   the functions of a log\n"
                "  ghost log dump -r 4711-0badcafe.ghost               without the events\n"
                "  ghost log check 4711-0badcafe.ghost                 is it whole?",
    .options = options,
    .options_size = sizeof(struct log_options),
    .verbs = verbs,
    .operands = OPERAND_FILE,
    .max_operands = 2,
    .run = run,
};
