/* sample_log.c - see sample_log.h. */
#include "sample_log.h"

#include <stdlib.h>
#include <string.h>
#include "memory_sink.h"

struct ghost_event sample_event(uint64_t tick, uint32_t kind, uint32_t func, uint32_t aux, uint32_t arg)
{
    return (struct ghost_event){ tick << GHOST_TICK_SHIFT | kind, ghost_event_what(func, aux, arg) };
}

void sample_records(struct ghost_buf *b)
{
    static const struct ghost_str params[] = { GHOST_STR("self"), GHOST_STR("x"), GHOST_STR("args"), GHOST_STR("kw") };
    static const uint32_t mro[] = { 2, 1 }, virtual_bases[] = { 3 }, sig[] = { 2, 1, 4, 5 }, defaults[] = { 1, 2 };
    static const struct ghost_str members[] = { GHOST_STR("run"), GHOST_STR("\xED\xA0\x80") /* a lone surrogate */ };
    static const struct ghost_def_annotation annotations[] = { { GHOST_STR("x"), GHOST_STR("Literal[<str>]") } };
    static const struct ghost_def_name names[] = { { GHOST_NAME_LITERAL, 2, 0, GHOST_STR("<str>"), GHOST_STR("") } };
    static const struct ghost_def_node nodes[] = {
        { 0, 0, 0, 0, 7, GHOST_STR("<module>") }, { 0, GHOST_NODE_FUNCTION, 3, 5, 8, GHOST_STR("Klasse.\xC3\xA4ndern") },
    };
    static const struct ghost_def_part parts[] = { { 1, 0 }, { 0, 0 } }, inner[] = { { 2, 1 } };
    static const struct ghost_def_pair pairs[] = { { GHOST_STR("pid"), GHOST_STR("7") }, { GHOST_STR("new key"), GHOST_STR("\"\\\n") } };
    ghost_encode_meta(b, &(struct ghost_def_meta){ 2, pairs });
    ghost_encode_thread(b, &(struct ghost_def_thread){ 1, 4711, 900, GHOST_STR("MainThread") });
    ghost_encode_thread(b, &(struct ghost_def_thread){ 2, 4712, 900, GHOST_STR("") });
    ghost_encode_type(b, &(struct ghost_def_type){ 1, 0, 1, GHOST_STR("builtins"), GHOST_STR("object"), 1, mro + 1, 0, NULL, 0, NULL });
    ghost_encode_type(b, &(struct ghost_def_type){ 2, GHOST_TYPE_HEAP, UINT64_C(1) << 40, GHOST_STR("app"), GHOST_STR("T"), 2, mro, 1, virtual_bases, 2, members });
    ghost_encode_func(b, &(struct ghost_def_func){ 1, GHOST_CO_VARARGS | GHOST_CO_VARKEYWORDS, 12, 1, 1, 1, GHOST_STR("app"),
                                                   GHOST_STR("T.run"), GHOST_STR("/srv/app.py"), UINT64_MAX, 4, params });
    for (uint32_t id = 2; id <= 4; id++)
        ghost_encode_func(b, &(struct ghost_def_func){ .id = id, .co_flags = id == 3 ? GHOST_CO_GENERATOR : 0, .module = GHOST_STR("app"),
                                                       .qualname = GHOST_STR("f"), .file = GHOST_STR("/srv/app.py"), .first_line = id });
    ghost_encode_sig(b, &(struct ghost_def_sig){ 1, 1, 4, sig, 4, 2, { 1, 2, 1 }, { 2, 2 } });
    ghost_encode_annot(b, &(struct ghost_def_annot){ 1, GHOST_ANNOT_STRINGS, 1, annotations, 1, names, 1, defaults });
    ghost_encode_content(b, &(struct ghost_def_content){ .id = 1, .type = 2, .size = 2, .n_items = 2, .items = parts });
    ghost_encode_content(b, &(struct ghost_def_content){ .id = 2, .type = 1, .n_keys = 1, .keys = parts, .n_items = 1, .items = inner });
    ghost_encode_sampled(b, &(struct ghost_def_sampled){ 1, 3, GHOST_PLACE_PARAM + 2, 1, 2, 5 });
    ghost_encode_tree(b, &(struct ghost_def_tree){ GHOST_STR("app"), GHOST_STR("/srv/app.py"), 2, nodes });
    ghost_encode_mark(b, &(struct ghost_def_mark){ 1, GHOST_STR("deploy") });
    ghost_encode_note(b, &(struct ghost_def_note){ GHOST_NOTE_PAUSED, 2, GHOST_STR("") });
    ghost_encode_child(b, &(struct ghost_def_child){ 4713, 1234 });
    ghost_encode_loss(b, &(struct ghost_def_loss){ 2, GHOST_LOSS_RING_FULL, 3, 1000, 1010 });
}

#define STEP(thread, tick, kind, func, aux, arg) \
    { thread, { (uint64_t)(tick) << GHOST_TICK_SHIFT | GHOST_EV_##kind, (uint64_t)((func) | (uint32_t)(aux) << GHOST_FUNC_BITS) | (uint64_t)(arg) << 32 } }
static const struct sample_step steps[] = {
    STEP(1, 1000, CALL, 1, 1, 0),
    STEP(1, 1005, CALL, 3, 1, 77),           /* a generator */
    STEP(1, 1010, YIELD, 3, 0, 2),
    STEP(1, 1300, CALL, 2, 1, 0),
    STEP(1, 1301, UNWIND, 2, 1, 6),
    STEP(2, 2000, CALL, 1, 1, 0),
    STEP(2, 2010, RESUME, 3, 0, 77),         /* goes on in another thread */
    STEP(2, 2020, YIELD, 3, 0, 2),
    STEP(1, 2500, RESUME, 3, 0, 77),         /* and comes back */
    STEP(1, 2600, CALL, 2, 2, 0),
    STEP(1, 2601, UNWIND, 2, 0, 6),
    STEP(1, 2602, YIELD, 3, 0, 2),
    STEP(1, 3000, THROW, 3, 0, 77),
    STEP(1, 3001, UNWIND, 3, 0, 7),
    STEP(1, 4000000, CALL, 3, 1, 78),
    STEP(1, 4000100, YIELD, 3, 0, 2),
    STEP(1, 4000200, CALL, 3, 1, 78),        /* the former's end was not seen: DROP */
    STEP(1, 4000300, RESUME, 4, 0, 99),      /* ADOPT */
    STEP(1, 4000310, YIELD, 4, 0, 1),
    STEP(1, 4000400, CALL, 2, 1, 0),
    STEP(1, 4000410, RETURN, 3, 0, 2),       /* ABANDONs what is above */
    STEP(2, 4000500, RETURN, 4, 0, 2),       /* unpaired */
    STEP(2, 4000510, MARK, 0, 0, 1),
    STEP(2, 4000520, PAUSE, 0, 0, 0),
    STEP(2, UINT64_C(1) << 40, RETURN, 1, 0, 2),
    STEP(1, (UINT64_C(1) << 40) + 5, RETURN, 1, 0, 2),
};
const struct sample_step *const sample_steps = steps;
const size_t sample_n_steps = sizeof steps / sizeof *steps;

int sample_write(struct ghost_writer *w, bool finish)
{
    struct ghost_buf b = { 0 };
    uint64_t seq[3] = { 0 };
    sample_records(&b);
    int ret = b.failed ? GHOST_E_NOMEM : 0, got;
    ghost_writer_clock(w, UINT64_C(7) << 32, (struct ghost_anchor){ 1000, 50000, 1700000000000000000 });
    if (!b.failed && (got = ghost_writer_records(w, b.p, b.len, NULL)) != 0) {
        ret = got;
        ghost_writer_records(w, b.p, b.len, NULL);
    }
    ghost_buf_release(&b);
    for (size_t i = 0; i < sample_n_steps; i++) {
        const struct sample_step *s = &steps[i];
        got = ghost_writer_events(w, s->thread, seq[s->thread], &s->event, 1, NULL);
        if (got != 0 && ret == 0) ret = got;
        if (got != 0) ghost_writer_events(w, s->thread, seq[s->thread], &s->event, 1, NULL);
        seq[s->thread]++;
    }
    for (int tries = 0; tries < 2 && (got = ghost_writer_flush(w, 0, NULL)) != 0; tries++)
        if (ret == 0) ret = got;
    struct ghost_def_end end = { ghost_writer_totals(w).events, 1, 9, 1700000000000009000 };
    for (int tries = 0; finish && tries < 2 && (got = ghost_writer_finish(w, &end, NULL)) != 0; tries++)
        if (ret == 0) ret = got;
    return ret;
}

struct ghost_buf sample_log(bool finish)
{
    struct memory_sink s = { 0 };
    struct ghost_sink sink = memory_sink(&s);
    struct ghost_writer_config cfg = { { 1, 2, 3 }, 0, 8 };
    struct ghost_writer *w = ghost_writer_new(&cfg, &sink, NULL);
    if (!w || sample_write(w, finish) != 0) abort();
    ghost_writer_free(w);
    return s.bytes;
}

static int add_line(void *self, const char *text, size_t n)
{
    buf_put(self, text, n);
    buf_put(self, "\n", 1);
    return 0;
}

char *sample_dump(const void *bytes, size_t n, bool events)
{
    struct ghost_buf b = { 0 };
    struct ghost_text text = { &b, add_line };
    struct ghost_log *log = ghost_log_open_memory(bytes, n, NULL);
    if (!log || ghost_dump(log, &text, events, NULL) != 0) abort();
    ghost_log_close(log);
    buf_put(&b, "", 1);
    return (char *)b.p;
}
