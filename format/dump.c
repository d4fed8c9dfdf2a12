/* dump.c - a log as text: for each record a line with its frame's offset, its
 * name and its fields as JSON, and, if asked, a line for each event below its
 * block: tick, shape, a, b, slot. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "block.h"
#include "defcodec.h"

struct dump {
    const struct ghost_text *out;
    bool events;
    struct ghost_buf line;
    uint64_t offset;              /* of the frame */
    int stopped;                  /* what out->line returned, when not 0 */
};

static void add(struct ghost_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct ghost_buf *b, const char *fmt, ...)
{
    char text[640];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0) buf_put(b, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static int end_line(struct dump *d)
{
    int ret = d->line.failed ? GHOST_E_NOMEM : d->out->line(d->out->self, (const char *)d->line.p, d->line.len);
    buf_clear(&d->line);
    if (ret != 0) d->stopped = ret;
    return ret;
}

static int dump_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    struct dump *d = self;
    add(&d->line, "%" PRIu64 " ", f->offset);
    def_print(&d->line, def);
    return end_line(d);
}

static int dump_unknown(void *self, uint32_t kind, const uint8_t *p, size_t n)
{
    struct dump *d = self;
    (void)p;
    add(&d->line, "%" PRIu64 " UNKNOWN {\"id\": %" PRIu32 ", \"size\": %zu}", d->offset, kind, n);
    return end_line(d);
}

static int dump_events(struct dump *d, const struct ghost_block *b)
{
    uint32_t operand = 0;
    int ret = 0;
    for (uint32_t i = 0; ret == 0 && i < b->n_events; i++) {
        const struct ghost_shape *s = &b->shapes[b->tokens[i]];
        add(&d->line, "  %" PRIu64 " %s %" PRIu32 " %" PRIu32, b->ticks[i], shape_infos[s->kind].name, s->a, s->b);
        if (shape_infos[s->kind].operand) add(&d->line, " slot %" PRIu32, b->operands[operand++]);
        ret = end_line(d);
    }
    return ret;
}

static int dump_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct dump *d = self;
    const struct ghost_anchor *a = b->anchor;
    add(&d->line, "%" PRIu64 " BLOCK {\"thread\": %" PRIu32 ", \"first_seq\": %" PRIu64 ", \"n_seq\": %" PRIu64 ", \"base\": %" PRIu64
        ", \"end\": %" PRIu64 ", \"q32\": %" PRIu64 ", \"anchors\": [[%" PRIu64 ", %" PRIu64 ", %" PRIu64 "], [%" PRIu64 ", %" PRIu64
        ", %" PRIu64 "]]} stack %" PRIu32 " suspended %" PRIu32,
        f->offset, b->thread, b->first_seq, b->n_seq, b->base_tick, b->end_tick, b->tick_ns_q32, a[0].tick, a[0].mono_ns, a[0].real_ns,
        a[1].tick, a[1].mono_ns, a[1].real_ns, b->n_stack, b->n_activations);
    int ret = end_line(d);
    return ret == 0 && d->events ? dump_events(d, b) : ret;
}

int ghost_dump(struct ghost_log *log, const struct ghost_text *out, bool events, struct ghost_err *err)
{
    struct dump d = { .out = out, .events = events };
    struct ghost_visitor v = { &d, dump_def, dump_block, dump_unknown };
    struct ghost_decoder *decoder = ghost_decoder_new();
    struct ghost_frame f;
    uint64_t cursor = 0;
    int ret = decoder ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory for the dump");
    while (ret == 0 && ghost_log_next(log, &cursor, &f)) {
        struct ghost_err fault = GHOST_ERR_INIT;
        d.offset = f.offset;
        int code = ghost_frame_decode(decoder, &f, &v, &fault);
        ret = d.stopped;
        if (code == 0 || ret != 0) continue;
        /* A damaged place is a line of its own, and the rest goes on. */
        add(&d.line, "%" PRIu64 " DAMAGE %s", f.offset, fault.msg);
        ret = end_line(&d);
    }
    ghost_decoder_free(decoder);
    ghost_buf_release(&d.line);
    return ret;
}
