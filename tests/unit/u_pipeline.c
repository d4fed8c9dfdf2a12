/* One pass from logs to a model: where blocks are cut, how many threads read
 * them and which place is damaged must not change what the rest says. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/hist.h"
#include "analyzer/pipeline.h"
#include "ghost/log.h"
#include "memory_sink.h"

/* ---- logs of random programs ---- */

enum { FUNCS = 12, TYPES = 6, THREADS = 3, DEPTH = 24, TOKENS = 8 };

struct program {
    struct ghost_writer *w;
    uint64_t seed, tick, seq[THREADS + 1];
    struct { uint32_t func[DEPTH], token[DEPTH], depth; } thread[THREADS + 1];
    uint32_t suspended[TOKENS + 1];              /* function of each suspended activation, 0 none */
    bool alive[TOKENS + 1];
};

static uint32_t chance(struct program *p, uint32_t below)
{
    p->seed = p->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((p->seed >> 33) % below);
}

static void happen(struct program *p, uint32_t thread, uint32_t kind, uint32_t func, uint32_t aux, uint32_t arg)
{
    p->tick += chance(p, 50) ? chance(p, 40) : chance(p, 100000);
    struct ghost_event e = { p->tick << GHOST_TICK_SHIFT | kind, ghost_event_what(func, aux, arg) };
    assert_int_equal(ghost_writer_events(p->w, thread, p->seq[thread]++, &e, 1, NULL), 0);
}

static void push(struct program *p, uint32_t t, uint32_t func, uint32_t token)
{
    p->thread[t].func[p->thread[t].depth] = func;
    p->thread[t].token[p->thread[t].depth++] = token;
}

static void begin(struct program *p, uint32_t t)
{
    uint32_t func = 1 + chance(p, FUNCS), token = chance(p, 3) ? 0 : 1 + chance(p, TOKENS);
    if (token && (p->alive[token] || p->suspended[token]) && chance(p, 4))
        token = 0;                               /* else: its end was never seen */
    if (token && p->alive[token])
        token = 0;
    happen(p, t, GHOST_EV_CALL, func, chance(p, 4), token);
    if (token)
        p->suspended[token] = 0, p->alive[token] = true;
    push(p, t, func, token);
}

static void end(struct program *p, uint32_t t)
{
    uint32_t i = --p->thread[t].depth, func = p->thread[t].func[i], token = p->thread[t].token[i], how = chance(p, 6);
    if (token && how < 2) {
        happen(p, t, GHOST_EV_YIELD, func, 0, 1 + chance(p, TYPES));
        p->suspended[token] = func;
    } else if (how == 5) {
        happen(p, t, GHOST_EV_UNWIND, func, chance(p, 2), 1 + chance(p, TYPES));
    } else {
        happen(p, t, GHOST_EV_RETURN, func, 0, 1 + chance(p, TYPES));
    }
    p->alive[token] = false;
}

static void resume(struct program *p, uint32_t t)
{
    uint32_t token = 1 + chance(p, TOKENS);
    if (p->alive[token])
        return;
    uint32_t func = p->suspended[token] ? p->suspended[token] : 1 + chance(p, FUNCS);   /* unknown: adopted */
    happen(p, t, chance(p, 3) ? GHOST_EV_RESUME : GHOST_EV_THROW, func, 0, token);
    p->suspended[token] = 0;
    p->alive[token] = true;
    push(p, t, func, token);
}

static void step(struct program *p)
{
    uint32_t t = 1 + chance(p, THREADS), depth = p->thread[t].depth, what = chance(p, 10);
    if (what == 9)
        happen(p, t, chance(p, 2) ? GHOST_EV_MARK : GHOST_EV_PAUSE, 0, 0, 1);
    else if (what == 8 && depth > 2)
        p->thread[t].depth--, p->alive[p->thread[t].token[depth - 1]] = false;      /* gone without an event */
    else if (depth == 0 || (depth < DEPTH && what < 4))
        what == 3 && depth < DEPTH ? resume(p, t) : begin(p, t);
    else
        end(p, t);
}

static void define(struct program *p)
{
    static const struct ghost_str names[] = { GHOST_STR("object"), GHOST_STR("int"), GHOST_STR("str"), GHOST_STR("KeyError"), GHOST_STR("None"), GHOST_STR("GeneratorExit") };
    struct ghost_buf b = { 0 };
    for (uint32_t i = 1; i <= TYPES; i++) {
        struct ghost_def_type d = { .id = i, .module = GHOST_STR("builtins"), .qualname = names[i - 1], .n_mro = 1, .mro = &i };
        ghost_encode_type(&b, &d);
    }
    for (uint32_t i = 1; i < FUNCS; i++) {       /* the last one's definition is missing */
        char name[16];
        struct ghost_str param = GHOST_STR("x");
        struct ghost_def_func d = { .id = i, .co_flags = i % 3 ? 3 : 0x23, .first_line = i, .n_positional = 1, .module = GHOST_STR("m"),
                                    .qualname = { name, (uint32_t)snprintf(name, sizeof name, "f%u", i) }, .file = GHOST_STR("m.py"),
                                    .n_params = 1, .params = &param };
        ghost_encode_func(&b, &d);
        for (uint32_t s = 1; s < 4; s++) {
            struct ghost_def_sig sig = { .func = i, .id = s, .n_params = 1, .types = &s };
            ghost_encode_sig(&b, &sig);
        }
    }
    assert_int_equal(ghost_writer_records(p->w, b.p, b.len, NULL), 0);
    ghost_buf_release(&b);
}

static struct ghost_buf make_log(uint64_t seed, uint32_t events, uint32_t block_events)
{
    struct memory_sink sink = { 0 };
    struct ghost_sink to = memory_sink(&sink);
    struct ghost_writer_config cfg = { .process = { 7 }, .block_events = block_events };
    struct program *p = calloc(1, sizeof *p);
    p->seed = seed;
    p->tick = 1000;
    p->w = ghost_writer_new(&cfg, &to, NULL);
    assert_non_null(p->w);
    ghost_writer_clock(p->w, UINT64_C(7) << 32 | 0x12345678, (struct ghost_anchor){ 1000, 1, 1000000000 });
    define(p);
    for (uint32_t i = 0; i < events; i++)
        step(p);
    assert_int_equal(ghost_writer_flush(p->w, 0, NULL), 0);
    struct ghost_def_end end = { ghost_writer_totals(p->w).events, 0, 1, 2000000000 };
    assert_int_equal(ghost_writer_finish(p->w, &end, NULL), 0);
    ghost_writer_free(p->w);
    free(p);
    return sink.bytes;
}

/* ---- analysing them ---- */

static char folder[] = "/tmp/ghost-u_pipeline-XXXXXX";

static void store(const char *name, const void *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static struct ghost_model *analyse_range(const char *name, struct pipeline_options o, struct ghost_err *err)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s%s", folder, name ? "/" : "", name ? name : "");
    struct session s = { .id = "s", .path = path, .is_file = name != NULL };
    return pipeline_run(&s, &o, err);
}

static struct ghost_model *analyse(const char *name, unsigned jobs, struct ghost_err *err)
{
    return analyse_range(name, (struct pipeline_options){ .jobs = jobs }, err);
}

/* Equal in all that does not depend on where blocks were cut. */
static void assert_same(const struct ghost_model *a, const struct ghost_model *b)
{
    assert_int_equal(a->events, b->events);
    assert_int_equal(a->n_functions, b->n_functions);
    assert_int_equal(a->n_signatures, b->n_signatures);
    assert_int_equal(a->n_edges, b->n_edges);
    assert_int_equal(a->n_outcomes, b->n_outcomes);
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->lost, b->lost);
    for (uint32_t i = 0; i < a->n_signatures; i++) {
        const struct ghost_model_signature *s = &a->signatures[i], *t = &b->signatures[i];
        assert_string_equal(s->text.p, t->text.p);
        assert_int_equal(s->function, t->function);
        assert_int_equal(s->first_real, t->first_real);
        assert_int_equal(s->last_real, t->last_real);
        assert_int_equal(s->n_hist, t->n_hist);
        for (uint32_t k = 0; k < s->n_hist; k++)
            assert_true(s->hist[k].lower == t->hist[k].lower && s->hist[k].count == t->hist[k].count);
    }
    for (uint32_t i = 0; i < a->n_edges; i++)
        assert_true(a->edges[i].caller == b->edges[i].caller && a->edges[i].signature == b->edges[i].signature &&
                    a->edges[i].calls == b->edges[i].calls && a->edges[i].adopted == b->edges[i].adopted);
    for (uint32_t i = 0; i < a->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &a->outcomes[i], *p = &b->outcomes[i];
        assert_true(o->edge == p->edge && o->end == p->end && o->type == p->type && o->count == p->count);
        assert_true(o->total == p->total && o->self == p->self && o->min == p->min && o->max == p->max && o->suspended == p->suspended);
    }
    for (uint32_t i = 0; i < a->n_rows; i++)
        assert_true(a->rows[i].function == b->rows[i].function && a->rows[i].thread == b->rows[i].thread && a->rows[i].calls == b->rows[i].calls);
    assert_int_equal(a->slice_start, b->slice_start);
    assert_int_equal(a->slice_ns, b->slice_ns);
    assert_int_equal(a->n_slice_rows, b->n_slice_rows);
    for (uint32_t i = 0; i < a->n_slice_rows; i++) {
        const struct ghost_model_slice *s = &a->slices[i], *t = &b->slices[i];
        assert_true(s->function == t->function && s->process == t->process && s->slice == t->slice);
        assert_true(s->calls == t->calls && s->exceptions == t->exceptions && s->finished == t->finished);
        assert_true(s->total == t->total && s->self == t->self && s->log_sum == t->log_sum && s->log_squares == t->log_squares);
    }
}

/* What slices must sum up to, from the other parts of the model. */
static struct ghost_model_slice whole_of(const struct ghost_model *m, const struct ghost_model_function *f)
{
    struct ghost_model_slice sum = { 0 };
    for (uint32_t i = f->signatures; i < f->signatures + f->n_signatures; i++) {
        const struct ghost_model_signature *s = &m->signatures[i];
        for (uint32_t k = 0; k < s->n_hist; k++) {
            uint64_t bucket = hist_bucket(s->hist[k].lower);
            sum.log_sum += s->hist[k].count * bucket;
            sum.log_squares += s->hist[k].count * bucket * bucket;
        }
        for (uint32_t e = s->edges; e < s->edges + s->n_edges; e++) {
            sum.calls += m->edges[e].calls;
            for (uint32_t o = m->edges[e].outcomes; o < m->edges[e].outcomes + m->edges[e].n_outcomes; o++) {
                const struct ghost_model_outcome *out = &m->outcomes[o];
                if (m->edges[e].adopted || !GHOST_END_IS_TIMED(out->end))
                    continue;
                sum.finished += out->count;
                sum.total += out->total;
                sum.self += out->self;
                sum.exceptions += GHOST_END_IS_EXCEPTION(out->end) ? out->count : 0;
            }
        }
    }
    return sum;
}

static void assert_slices_add_up(const struct ghost_model *m)
{
    uint32_t at = 0, first = UINT32_MAX, last = 0;
    for (uint32_t f = 0; f < m->n_functions; f++) {
        struct ghost_model_slice want = whole_of(m, &m->functions[f]);
        for (; at < m->n_slice_rows && m->slices[at].function == f; at++) {
            const struct ghost_model_slice *s = &m->slices[at];
            if (at && s[-1].function == f)
                assert_true(s[-1].process < s->process || (s[-1].process == s->process && s[-1].slice < s->slice));
            assert_true(s->calls || s->finished);
            first = s->slice < first ? s->slice : first;
            last = s->slice > last ? s->slice : last;
            want.calls -= s->calls;
            want.exceptions -= s->exceptions;
            want.finished -= s->finished;
            want.total -= s->total;
            want.self -= s->self;
            want.log_sum -= s->log_sum;
            want.log_squares -= s->log_squares;
        }
        assert_true(!want.calls && !want.exceptions && !want.finished && !want.total && !want.self && !want.log_sum && !want.log_squares);
    }
    assert_int_equal(at, m->n_slice_rows);
    if (!at)
        return;
    /* not wider than needed: slices half as wide would be too many */
    assert_true(first == 0 && last < GHOST_SLICES && (last >= GHOST_SLICES / 2 - 1 || m->slice_ns == 1 << 16));
    assert_true((m->slice_ns & (m->slice_ns - 1)) == 0 && m->slice_start % m->slice_ns == 0);
}

static void blocks_may_be_cut_anywhere(void **state)
{
    static const uint32_t sizes[] = { 1, 2, 7, 100 };
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct ghost_buf whole = make_log(seed, 3000, 0);
        store("1-00000001.ghost", whole.p, whole.len);
        struct ghost_model *m = analyse("1-00000001.ghost", 1, NULL);
        assert_non_null(m);
        assert_int_equal(m->n_damages, 0);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct ghost_buf cut = make_log(seed, 3000, sizes[i]);
            store("1-00000001.ghost", cut.p, cut.len);
            struct ghost_model *n = analyse("1-00000001.ghost", 1, NULL);
            assert_non_null(n);
            assert_int_equal(n->n_damages, 0);
            assert_same(m, n);
            ghost_model_free(n);
            ghost_buf_release(&cut);
        }
        ghost_model_free(m);
        ghost_buf_release(&whole);
    }
}

static void sums_hold_together(void **state)
{
    (void)state;
    struct ghost_buf log = make_log(99, 20000, 0);
    store("1-00000001.ghost", log.p, log.len);
    struct ghost_model *m = analyse("1-00000001.ghost", 2, NULL);
    assert_non_null(m);
    uint64_t calls = 0, rows = 0;
    for (uint32_t i = 0; i < m->n_rows; i++)
        rows += m->rows[i].calls;
    for (uint32_t i = 0; i < m->n_signatures; i++) {
        const struct ghost_model_signature *s = &m->signatures[i];
        uint64_t ends = 0, hist = 0, entered = 0;
        for (uint32_t e = s->edges; e < s->edges + s->n_edges; e++) {
            assert_int_equal(m->edges[e].signature, i);
            entered += m->edges[e].calls;
            uint64_t ended = 0;
            for (uint32_t o = m->edges[e].outcomes; o < m->edges[e].outcomes + m->edges[e].n_outcomes; o++) {
                assert_int_equal(m->outcomes[o].edge, e);
                assert_true(m->outcomes[o].self + m->outcomes[o].suspended <= m->outcomes[o].total + m->outcomes[o].count);
                if (m->outcomes[o].end <= GHOST_END_ABANDONED)
                    ended += m->outcomes[o].count;
                if (GHOST_END_IS_TIMED(m->outcomes[o].end) && !m->edges[e].adopted)
                    ends += m->outcomes[o].count;
            }
            assert_true(m->edges[e].adopted || ended <= m->edges[e].calls);
        }
        for (uint32_t k = 0; k < s->n_hist; k++)
            hist += s->hist[k].count;
        assert_int_equal(hist, ends);
        assert_true(ends <= entered);
        calls += entered;
    }
    assert_int_equal(rows, calls);
    assert_slices_add_up(m);
    assert_true(m->n_slice_rows > 100);
    ghost_model_free(m);
    ghost_buf_release(&log);
}

static uint64_t add_calls(const struct ghost_model *m, uint64_t *finished, uint64_t *total)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < m->n_edges; i++)
        calls += m->edges[i].calls;
    for (uint32_t i = 0; i < m->n_outcomes; i++) {
        bool counts = GHOST_END_IS_TIMED(m->outcomes[i].end) && !m->edges[m->outcomes[i].edge].adopted;
        *finished += counts ? m->outcomes[i].count : 0;
        *total += m->outcomes[i].total;
    }
    return calls;
}

static void ranges_of_time_add_up(void **state)
{
    enum { PARTS = 7 };
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct ghost_buf log = make_log(seed, 4000, 100);
        store("1-00000001.ghost", log.p, log.len);
        struct ghost_model *m = analyse("1-00000001.ghost", 1, NULL);
        uint64_t finished = 0, total = 0, calls = add_calls(m, &finished, &total), events = 0;
        uint64_t begin = 1000000000, width = (m->slices ? m->slice_ns * GHOST_SLICES : 1) / PARTS;
        for (unsigned i = 0; i < PARTS; i++) {
            struct pipeline_options o = { .jobs = 2, .from_real = i ? begin + i * width : 0, .to_real = i + 1 < PARTS ? begin + (i + 1) * width : 0 };
            struct ghost_model *part = analyse_range("1-00000001.ghost", o, NULL);
            uint64_t part_finished = 0, part_total = 0;
            assert_non_null(part);
            assert_int_equal(part->lost, m->lost);
            assert_slices_add_up(part);
            calls -= add_calls(part, &part_finished, &part_total);
            finished -= part_finished;
            total -= part_total;
            events += part->events;
            for (uint32_t k = 0; k < part->n_signatures; k++)
                assert_true(!part->signatures[k].n_edges || !part->signatures[k].first_real ||
                            (part->signatures[k].first_real >= o.from_real && (!o.to_real || part->signatures[k].last_real < o.to_real)));
            ghost_model_free(part);
        }
        assert_int_equal(calls, 0);
        assert_int_equal(finished, 0);
        assert_int_equal(total, 0);
        assert_int_equal(events, m->events);
        ghost_model_free(m);
        ghost_buf_release(&log);
    }
}

static void any_number_of_threads_says_the_same(void **state)
{
    (void)state;
    struct ghost_buf log = make_log(5, 400000, 500);
    assert_true(log.len > 1 << 20);              /* large enough for several threads */
    store("1-00000001.ghost", log.p, log.len);
    struct ghost_model *one = analyse("1-00000001.ghost", 1, NULL);
    for (unsigned jobs = 2; jobs <= 8; jobs *= 2) {
        struct ghost_model *many = analyse("1-00000001.ghost", jobs, NULL);
        assert_same(one, many);
        assert_slices_add_up(many);
        ghost_model_free(many);
    }
    ghost_model_free(one);
    ghost_buf_release(&log);
}

static void processes_unite_by_name(void **state)
{
    (void)state;
    struct ghost_buf a = make_log(1, 2000, 0), b = make_log(2, 2000, 0);
    store("1-00000001.ghost", a.p, a.len);
    struct ghost_model *alone = analyse("1-00000001.ghost", 1, NULL);
    store("2-00000002.ghost", b.p, b.len);
    struct ghost_model *both = analyse(NULL, 2, NULL);
    assert_int_equal(both->n_processes, 2);
    assert_int_equal(both->n_functions, alone->n_functions + 1);   /* a function without a definition is its process's own */
    assert_true(both->events > alone->events);
    ghost_model_free(alone);
    ghost_model_free(both);
    char path[128];
    snprintf(path, sizeof path, "%s/2-00000002.ghost", folder);
    unlink(path);
    ghost_buf_release(&a);
    ghost_buf_release(&b);
}

static void damage_anywhere_costs_no_more_than_it_must(void **state)
{
    (void)state;
    struct ghost_buf log = make_log(3, 6000, 1000);
    uint64_t seed = 17;
    for (int i = 0; i < 400; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(seed >> 20) % log.len, n = log.len;
        uint8_t before = log.p[at];
        log.p[at] ^= (uint8_t)(1u << (seed >> 60 & 7));
        if (i % 5 == 0)
            n = at;                              /* cut there instead */
        store("1-00000001.ghost", log.p, n);
        struct ghost_err err = GHOST_ERR_INIT;
        struct ghost_model *m = analyse("1-00000001.ghost", 1, &err);
        assert_true(m || err.code < 0);
        assert_true(m || err.msg[0]);
        ghost_model_free(m);
        log.p[at] = before;
    }
    ghost_buf_release(&log);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/1-00000001.ghost", folder);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_may_be_cut_anywhere), cmocka_unit_test(sums_hold_together), cmocka_unit_test(ranges_of_time_add_up),
        cmocka_unit_test(any_number_of_threads_says_the_same), cmocka_unit_test(processes_unite_by_name),
        cmocka_unit_test(damage_anywhere_costs_no_more_than_it_must),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
