/* audit_log.c - a log byte by byte: every frame, every record, nothing behind them.
 *
 * That a definition holds nothing but its fields is shown by encoding what was
 * decoded: the same bytes must come out. A block has no strings at all: its
 * columns are numbers, each of which an event, a frame or an activation uses. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "audit_walk.h"
#include "format/archive_frame.h"
#include "format/block.h"
#include "format/defcodec.h"
#include "format/frame.h"
#include "ghost/log.h"

struct walk {
    struct audit *a;
    const char *name;                    /* of the file, for messages */
    uint64_t offset;                     /* of the frame */
    struct def_scratch scratch;
    struct block_memory memory;
    struct ghost_buf again;
    const char *before;                  /* the kind of the frame before, when it was a skippable one */
};

/* ---- records ---- */

static void definition(struct walk *w, const struct walk_record *r)
{
    struct ghost_def d;
    const char *why = NULL;
    uint64_t before = w->a->text_bytes;
    if (def_decode(&w->scratch, (uint32_t)r->kind, r->payload, r->n, &d, &why) != 0) {
        audit_part(w->a, "unreadable", true, r->whole_n, 0);
        audit_problem(w->a, "%s: frame at byte %" PRIu64 ": a %s record cannot be read (%s)", w->name, w->offset, def_name(r->kind), why);
        return;
    }
    buf_clear(&w->again);
    def_encode(&w->again, (uint32_t)r->kind, &d);
    audit_def(w->a, &d);
    audit_part(w->a, def_name(r->kind), false, r->whole_n, w->a->text_bytes - before);
    if (w->again.failed)
        w->a->failed = true;
    else if (w->again.len != r->whole_n || memcmp(w->again.p, r->whole, r->whole_n) != 0)
        audit_problem(w->a, "%s: frame at byte %" PRIu64 ": a %s record of %zu bytes holds more than its fields (%zu bytes)", w->name, w->offset,
                      def_name(r->kind), r->whole_n, w->again.len);
}

/* Numbers that nothing uses could be somebody's message. `used` has room for all shapes. */
static const char *loose_operands(const struct ghost_block *b, bool *used)
{
    uint64_t operands = 0;
    for (uint32_t i = 0; i < b->n_events; i++) {
        used[b->tokens[i]] = true;
        operands += shape_infos[b->shapes[b->tokens[i]].kind].operand;
    }
    return operands != b->n_operands ? "has operands that no event uses" : NULL;
}

static const char *loose_shapes(const bool *used, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!used[i])
            return "has shapes that no event uses";
    return NULL;
}

/* All blocks of a record; what is wrong with it, or NULL. */
static const char *blocks(struct walk *w, const struct walk_record *r, bool *readable)
{
    struct block_reading reading;
    struct ghost_block b;
    struct cursor c = { r->payload, r->payload + r->n, false };
    const char *why = NULL, *loose = NULL;
    int ret = blocks_begin(&w->memory, &reading, r->kind == GHOST_REC_BLOCK, c, &why);
    bool *used = calloc(SHAPES_MAX + 1, sizeof *used);
    if (!used)
        return "there was no memory to look at it";
    while (ret == 0 && (ret = blocks_outline(&w->memory, &reading, &b, &why)) == 1) {
        ret = blocks_events(&w->memory, &reading, &b, &why);
        if (ret == 0 && !loose)
            loose = loose_operands(&b, used);
    }
    *readable = ret == 0;
    if (ret == 0 && !loose)
        loose = cursor_left(&reading.prelude) ? "has bytes behind its blocks" : loose_shapes(used, reading.n_shapes);
    free(used);
    return ret == 0 ? loose : why;
}

static void block(struct walk *w, const struct walk_record *r)
{
    bool readable = false;
    const char *why = blocks(w, r, &readable);
    audit_part(w->a, readable ? "BLOCK" : "unreadable", !readable, r->whole_n, 0);
    if (why)
        audit_problem(w->a, "%s: frame at byte %" PRIu64 ": a block of %zu bytes %s%s", w->name, w->offset, r->n, readable ? "" : "cannot be read: ", why);
}

static void record(void *self, const struct walk_record *r)
{
    struct walk *w = self;
    if (r->kind == GHOST_REC_BLOCK || r->kind == GHOST_REC_BLOCKS) {
        block(w, r);
    } else if (def_known(r->kind)) {
        definition(w, r);
    } else {
        audit_part(w->a, "unknown record", true, r->whole_n, 0);
        audit_problem(w->a, "%s: frame at byte %" PRIu64 ": a record of kind %" PRIu64 " (%zu bytes), which this ghost does not know", w->name,
                      w->offset, r->kind, r->whole_n);
    }
}

static void torn(void *self, size_t n)
{
    struct walk *w = self;
    audit_part(w->a, "unreadable", true, n, 0);
    audit_problem(w->a, "%s: frame at byte %" PRIu64 ": %zu bytes that are no record", w->name, w->offset, n);
}

/* ---- frames ---- */

static void data_frame(void *self, uint64_t offset, size_t size, const char *why)
{
    struct walk *w = self;
    w->offset = offset;
    w->before = NULL;
    audit_part(w->a, why ? "unreadable" : "(compressed)", why != NULL, size, 0);
    if (why)
        audit_problem(w->a, "%s: the frame at byte %" PRIu64 " (%zu bytes) cannot be read: %s", w->name, offset, size, why);
}

/* All frames that are no data are rebuilt from their fields: the same bytes must come out. */
static bool came_out(const struct walk *w, const uint8_t *p, size_t n)
{
    return w->again.len == n && memcmp(p, w->again.p, n) == 0;
}

static bool is_plain_header(struct walk *w, const uint8_t *p, size_t n)
{
    struct frame_header h;
    if (!header_decode(p, n, &h))
        return false;
    if (h.recorded)
        header_encode_packed(&w->again, h.process, h.recorded);
    else
        header_encode(&w->again, h.process);
    /* the versions are the writer's */
    return n == w->again.len && memcmp(p, w->again.p, 16) == 0 && memcmp(p + 20, w->again.p + 20, 20) == 0 && memcmp(p + 48, w->again.p + 48, n - 48) == 0;
}

static bool is_plain_index(struct walk *w, const uint8_t *p, size_t n)
{
    struct frame_index x;
    if (!index_decode(p, n, &x))
        return false;
    struct ghost_buf entries = { (uint8_t *)x.entries, x.n_entries, x.n_entries, false };
    index_encode(&w->again, &x, &entries);
    struct cursor c = { x.entries, x.entries + x.n_entries, false };
    for (uint64_t i = 0; i < x.n_blocks && !c.bad; i++)
        for (unsigned field = 0; field < 5; field++)     /* offset, thread, events, begin, length */
            get_varint(&c);
    return came_out(w, p, n) && !c.bad && c.p == c.end;
}

static bool is_plain_head(struct walk *w, const uint8_t *p, size_t n)
{
    struct archive_head h;
    if (!archive_head_decode(p, n, &h))
        return false;
    archive_head_encode(&w->again, h.session);
    audit_string(w->a, AUDIT_META, h.session);
    return came_out(w, p, n);
}

static bool is_plain_member(struct walk *w, const uint8_t *p, size_t n)
{
    struct ghost_str name;
    if (!archive_member_decode(p, n, &name))
        return false;
    archive_member_encode(&w->again, name);
    audit_string(w->a, AUDIT_META, name);
    return came_out(w, p, n);
}

static bool is_plain_directory(struct walk *w, const uint8_t *p, size_t n)
{
    struct cursor c;
    if (!archive_directory_open(p, n, &c))
        return false;
    uint64_t logs = get_varint(&c);
    struct ghost_buf entries = { (uint8_t *)c.p, (size_t)(c.end - c.p), (size_t)(c.end - c.p), false };
    archive_directory_encode(&w->again, logs, &entries);
    for (uint64_t i = 0; i < logs && !c.bad; i++) {
        get_varint(&c);
        get_varint(&c);
        size_t len = get_count(&c, ARCHIVE_NAME_MAX, 1);
        const uint8_t *name = get_bytes(&c, len);
        if (name)
            audit_string(w->a, AUDIT_META, (struct ghost_str){ (const char *)name, (uint32_t)len });
    }
    return came_out(w, p, n) && !c.bad && c.p == c.end;
}

/* Frames that every decompressor passes over. `first`: only where a log or an archive begins. */
static const struct plain { const char *name; bool (*is)(struct walk *, const uint8_t *, size_t); bool first; } plains[] = {
    { "header", is_plain_header, true }, { "index", is_plain_index, false }, { "archive head", is_plain_head, true },
    { "archive member", is_plain_member, false }, { "archive directory", is_plain_directory, false },
};

static void skippable(void *self, uint64_t offset, const uint8_t *p, size_t n)
{
    struct walk *w = self;
    const char *before = w->before;
    for (size_t i = 0; i < sizeof plains / sizeof *plains; i++) {
        buf_clear(&w->again);
        bool in_place = !plains[i].first || offset == 0 || (before && strcmp(before, "archive member") == 0);
        if (!in_place || !plains[i].is(w, p, n))
            continue;
        audit_part(w->a, plains[i].name, false, n, 0);
        w->before = plains[i].name;
        return;
    }
    w->before = NULL;
    audit_part(w->a, "skippable frame", true, n, 0);
    audit_problem(w->a, "%s: a skippable frame of %zu bytes at byte %" PRIu64 ", neither header nor index: every reader passes over it", w->name,
                  n, offset);
}

static void lost_place(void *self, uint64_t offset, size_t n, bool cut)
{
    struct walk *w = self;
    audit_part(w->a, cut ? "cut frame" : "no frame", true, n, 0);
    audit_problem(w->a, cut ? "%s: the last %zu bytes, from byte %" PRIu64 " on, are a frame that was not finished (as a crash leaves it): what is in it cannot be told"
                            : "%s: %zu bytes at byte %" PRIu64 " are no frame: what is in them cannot be told", w->name, n, offset);
}

int audit_log(struct audit *a, const char *name, const uint8_t *bytes, size_t n, struct ghost_err *err)
{
    struct walk w = { .a = a, .name = name };
    struct log_walk walk = { &w, data_frame, record, torn, NULL, skippable, lost_place };
    int ret = walk_log(&walk, bytes, n, err);
    def_scratch_release(&w.scratch);
    block_memory_release(&w.memory);
    ghost_buf_release(&w.again);
    return ret;
}
