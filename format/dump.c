/* dump.c - a log as text, one line per record and, if asked, per event. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "block.h"
#include "defcodec.h"

struct dump {
    const struct ghost_text *out;
    bool events;
    struct ghost_buf line;
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
    (void)f;
    def_print(&d->line, def);
    return end_line(d);
}

static int dump_unknown(void *self, uint32_t kind, const uint8_t *p, size_t n)
{
    struct dump *d = self;
    (void)p;
    add(&d->line, "UNKNOWN id=%" PRIu32 " bytes=%zu", kind, n);
    return end_line(d);
}

static int dump_entry(struct dump *d, const char *what, const struct ghost_open_frame *f)
{
    add(&d->line, "  %s func=%" PRIu32 " sig=%" PRIu32 " caller=%" PRIu32 " slot=%" PRId64 " flags=%" PRIu32 " pending=%" PRIu32
        " start=%" PRIu64 " resumed=%" PRIu64 " active=%" PRIu64 " child=%" PRIu64,
        what, f->func, f->sig, f->caller, (int64_t)f->slot - 1, f->flags, f->pending, f->start, f->resumed, f->active, f->child);
    return end_line(d);
}

static int dump_events(struct dump *d, const struct ghost_block *b)
{
    uint32_t operand = 0;
    for (uint32_t i = 0; i < b->n_events; i++) {
        const struct ghost_shape *s = &b->shapes[b->tokens[i]];
        const struct shape_info *info = &shape_infos[s->kind];
        add(&d->line, "  %" PRIu64 " %s", b->ticks[i], info->name);
        if (info->a[0] != '-') add(&d->line, " %s=%" PRIu32, info->a, s->a);
        if (info->b[0] != '-') add(&d->line, " %s=%" PRIu32, info->b, s->b);
        if (info->operand) add(&d->line, " slot=%" PRIu32, b->operands[operand++]);
        int ret = end_line(d);
        if (ret != 0) return ret;
    }
    return 0;
}

static int dump_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct dump *d = self;
    int ret = 0;
    (void)f;
    add(&d->line, "BLOCK thread=%" PRIu32 " first_seq=%" PRIu64 " n_seq=%" PRIu64 " base=%" PRIu64 " end=%" PRIu64 " q32=%" PRIu64
        " stack=%" PRIu32 " slots=%" PRIu32 " activations=%" PRIu32 " shapes=%" PRIu32 " events=%" PRIu32,
        b->thread, b->first_seq, b->n_seq, b->base_tick, b->end_tick, b->tick_ns_q32, b->n_stack, b->n_slots,
        b->n_activations, b->n_shapes, b->n_events);
    for (int i = 0; i < 2; i++)
        add(&d->line, " anchor=(tick=%" PRIu64 " mono=%" PRIu64 " real=%" PRIu64 ")", b->anchor[i].tick, b->anchor[i].mono_ns, b->anchor[i].real_ns);
    if ((ret = end_line(d)) != 0 || !d->events) return ret;
    for (uint32_t i = 0; ret == 0 && i < b->n_stack; i++) ret = dump_entry(d, "open", &b->stack[i]);
    for (uint32_t i = 0; ret == 0 && i < b->n_activations; i++) ret = dump_entry(d, "suspended", &b->activations[i]);
    return ret == 0 ? dump_events(d, b) : ret;
}

static int dump_header(struct dump *d, const struct ghost_log_info *info)
{
    add(&d->line, "LOG version=%" PRIu32 " process=", info->version);
    for (int i = 0; i < 16; i++) add(&d->line, "%02x", info->process[i]);
    add(&d->line, " size=%" PRIu64 " finished=%d", info->size, info->finished);
    if (info->finished)
        add(&d->line, " events=%" PRIu64 " lost=%" PRIu64 " start_real=%" PRIu64 " end_real=%" PRIu64, info->events, info->lost,
            info->start_real_ns, info->end_real_ns);
    return end_line(d);
}

int ghost_dump(struct ghost_log *log, const struct ghost_text *out, bool events, struct ghost_err *err)
{
    struct dump d = { .out = out, .events = events };
    struct ghost_visitor v = { &d, dump_def, dump_block, dump_unknown };
    struct ghost_decoder *decoder = ghost_decoder_new();
    struct ghost_frame f;
    uint64_t cursor = 0;
    int ret = decoder ? dump_header(&d, ghost_log_info(log)) : ghost_fail(err, GHOST_E_NOMEM, "out of memory for the dump");
    while (ret == 0 && ghost_log_next(log, &cursor, &f)) {
        struct ghost_err fault = GHOST_ERR_INIT;
        add(&d.line, "FRAME offset=%" PRIu64 " bytes=%zu", f.offset, f.size);
        if ((ret = end_line(&d)) != 0) break;
        int code = ghost_frame_decode(decoder, &f, &v, &fault);
        if (d.stopped) ret = d.stopped;
        if (code == 0 || ret != 0) continue;
        /* A damaged place is a line of its own, and the rest goes on. */
        add(&d.line, "DAMAGE %s %s", ghost_code_name(code), fault.msg);
        ret = end_line(&d);
    }
    ghost_decoder_free(decoder);
    ghost_buf_release(&d.line);
    return ret;
}
