/* gen_log.c - makes a valid log of a program that never ran.
 *
 *   gen_log -n EVENTS -o FILE [--threads T] [--seed S] [--functions F] [--service] [--process N] [--change ID:PERCENT]... [--unfinished]
 *
 * The program is a tree of functions that call each other in loops, with several
 * signatures, generators, exceptions that pass through frames, and threads that
 * take turns. Everything goes through the writer's public interface; the same
 * seed gives the same bytes. Prints what the writer cost.
 *
 * --service makes the shape of real recordings (docs/analysis.md compares them with Django and sqlglot):
 * few functions that are called from everywhere and take most of the calls, many that are
 * rarely called, up to dozens of signatures and return types, stacks of some twenty frames,
 * latencies over several orders of magnitude. --process N runs the same program another way:
 * logs of several N make a session. --change makes another version of it, in which function
 * ID takes so many percent of its time.
 *
 * --unfinished leaves out END and the index, as a killed process would. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ghost/log.h"

#define CALLEES 12
#define CALLEES_SIMPLE 5
#define DEPTH_MAX 200
#define BATCH 8192
#define START_TICK 1000000u
#define TICK_Q32 (UINT64_C(7) << 32 | UINT64_C(0x00200000))  /* about 7 ns */
#define START_REAL UINT64_C(1700000000000000000)
#define TURN 700000u        /* ticks of a thread's turn, about 5 ms */

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "gen_log: %s: %s\n", what, why);
    exit(1);
}

/* ---- chance: the same on every machine ---- */
static uint64_t seed;
static uint32_t chance_of(uint64_t *state, uint32_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)((*state >> 16 & 0xFFFFFFFF) * below >> 32);
}
static uint32_t chance(uint32_t below) { return chance_of(&seed, below); }
/* What the present thread decides. A service does what it does for one of some kinds of requests, over and over. */
static uint64_t *decisions = &seed;
static uint32_t decide(uint32_t below) { return chance_of(decisions, below); }

/* ---- the types ---- */
enum { T_OBJECT = 1, T_NONE, T_INT, T_BOOL, T_STR, T_FLOAT, T_LIST, T_DICT, T_TUPLE, T_BASE_EXCEPTION, T_EXCEPTION,
       T_VALUE_ERROR, T_KEY_ERROR, T_GENERATOR, T_COUNT, T_CLASSES = 60 /* more, of a service */ };
static const struct { const char *name; uint32_t base, flags; } types[T_COUNT] = {
    [T_OBJECT] = { "object", 0, 0 }, [T_NONE] = { "NoneType", 0, 0 }, [T_INT] = { "int", 0, 0 },
    [T_BOOL] = { "bool", T_INT, 0 }, [T_STR] = { "str", 0, 0 }, [T_FLOAT] = { "float", 0, 0 }, [T_LIST] = { "list", 0, 0 },
    [T_DICT] = { "dict", 0, 0 }, [T_TUPLE] = { "tuple", 0, 0 },
    [T_BASE_EXCEPTION] = { "BaseException", 0, GHOST_TYPE_EXCEPTION },
    [T_EXCEPTION] = { "Exception", T_BASE_EXCEPTION, GHOST_TYPE_EXCEPTION },
    [T_VALUE_ERROR] = { "ValueError", T_EXCEPTION, GHOST_TYPE_EXCEPTION },
    [T_KEY_ERROR] = { "KeyError", T_EXCEPTION, GHOST_TYPE_EXCEPTION }, [T_GENERATOR] = { "generator", 0, 0 },
};

/* ---- the functions ---- */
struct function {
    uint32_t callee[CALLEES], times[CALLEES], n_callees;
    uint32_t often[CALLEES];          /* of 256 times that it comes there; a service's */
    uint32_t n_params, n_sigs, n_returns, gap;   /* ticks it takes between two of its events */
    uint32_t fails;                   /* of 4096 calls */
    bool generator;
};
static struct function *functions;
static uint32_t n_functions = 300;

static bool service;

/* Small numbers much more often than large ones. */
static uint32_t skewed(uint32_t below)
{
    uint32_t a = decide(below), b = decide(below), c = decide(below);
    return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Function 1 serves requests by endpoints; below them are layers of functions that call one or two of
 * the next layers now and then, and helpers, which are the last quarter: leaves, called from everywhere. */
static void make_service(void)
{
    uint32_t helpers = n_functions / 4 + 1, layers = n_functions - helpers, layer = layers / 30 + 1;
    for (uint32_t id = 1; id <= n_functions; id++) {
        struct function *f = &functions[id];
        bool helper = id > layers;
        f->n_callees = helper ? 0 : id == 1 ? CALLEES : 3 + chance(6);
        for (uint32_t i = 0; i < f->n_callees; i++) {
            uint32_t next = id + layer / 2 + chance(2 * layer);
            bool down = id == 1 || (i < 2 && next <= layers), near = chance(8) > 0;
            uint32_t helper_of = near ? (id * 5 + skewed(12)) % helpers : skewed(skewed(helpers) + 1);
            f->callee[i] = id == 1 ? 2 + chance(2 * layer) : down ? next : layers + 1 + helper_of;
            f->times[i] = down || chance(3) ? 1 : 2 + skewed(8);
            f->often[i] = id == 1 ? (256u >> i) | 1 : chance(100) < (down ? 46 : 35) ? 246 : 10;
        }
        f->n_params = chance(4);
        f->n_sigs = chance(2) ? 1 : 1 + skewed(helper ? 60 : 8);
        f->n_returns = chance(3) ? 1 : 1 + skewed(helper ? 12 : 3);
        f->gap = 3 + skewed(helper ? 40 : 200);
        f->fails = chance(12) ? 0 : 20 + skewed(100);
        f->generator = id > 1 && chance(30) == 0;
    }
}

static void make_functions(void)
{
    functions = calloc(n_functions + 1, sizeof *functions);
    if (!functions) die("functions", "out of memory");
    if (service) {
        make_service();
        return;
    }
    for (uint32_t id = 1; id <= n_functions; id++) {
        struct function *f = &functions[id];
        uint32_t below = n_functions - id;
        f->n_callees = below == 0 || chance(3) == 0 ? 0 : 1 + chance(CALLEES_SIMPLE);
        for (uint32_t i = 0; i < f->n_callees; i++) {
            f->callee[i] = id + 1 + chance(below < 60 ? below : 60);
            f->times[i] = chance(4) ? 1 : 2 + chance(5);
        }
        f->n_params = chance(4);
        f->n_sigs = chance(5) ? 1 : 2 + chance(4);
        f->gap = 4 + chance(40);
        f->fails = chance(40) ? 0 : 40;
        f->generator = id > 1 && chance(12) == 0;
    }
}

/* ---- records ---- */
static struct ghost_str str(const char *s) { return (struct ghost_str){ s, (uint32_t)strlen(s) }; }

static void put_types(struct ghost_buf *b)
{
    for (uint32_t id = 1; id < T_COUNT; id++) {
        uint32_t mro[5], n = 0;
        for (uint32_t t = id; t; t = types[t].base) mro[n++] = t;
        if (mro[n - 1] != T_OBJECT) mro[n++] = T_OBJECT;
        struct ghost_def_type d = { .id = id, .flags = types[id].flags, .abcs = 1, .module = GHOST_STR("builtins"),
                                    .qualname = str(types[id].name), .n_mro = n, .mro = mro };
        ghost_encode_type(b, &d);
    }
    for (uint32_t i = 0; service && i < T_CLASSES; i++) {
        char name[24];
        uint32_t mro[] = { T_COUNT + i, T_OBJECT };
        snprintf(name, sizeof name, "Row%u", (unsigned)i);
        struct ghost_def_type d = { .id = T_COUNT + i, .module = GHOST_STR("app.rows"), .qualname = str(name), .n_mro = 2, .mro = mro };
        ghost_encode_type(b, &d);
    }
}

static void put_function(struct ghost_buf *b, uint32_t id)
{
    static const struct ghost_str params[] = { GHOST_STR("a"), GHOST_STR("b"), GHOST_STR("c") };
    const struct function *f = &functions[id];
    char module[32], name[32], file[48];
    snprintf(module, sizeof module, "app.part%u", (unsigned)(id / 20));
    snprintf(file, sizeof file, "/srv/app/part%u.py", (unsigned)(id / 20));
    snprintf(name, sizeof name, id % 7 ? "step_%u" : "Model%u.step", (unsigned)id);
    struct ghost_def_func d = { .id = id, .co_flags = 3u | (f->generator ? GHOST_CO_GENERATOR : 0), .first_line = 10 + id % 20 * 12,
                                .n_positional = f->n_params, .module = str(module), .qualname = str(name), .file = str(file),
                                .fingerprint = id * UINT64_C(0x9E3779B97F4A7C15), .n_params = f->n_params, .params = params };
    ghost_encode_func(b, &d);
    for (uint32_t s = 1; s <= f->n_sigs; s++) {
        uint32_t of[3] = { service ? T_OBJECT + s : T_INT + s % 3, T_STR + s % 2, s % 2 ? T_NONE : T_DICT };
        struct ghost_def_sig sig = { .func = id, .id = s, .n_params = f->n_params, .types = of };
        ghost_encode_sig(b, &sig);
    }
    if (f->n_params == 0 || id % 3) return;
    struct ghost_def_annotation a[] = { { params[0], GHOST_STR("int") }, { GHOST_STR("return"), GHOST_STR("str | None") } };
    struct ghost_def_name n[] = { { GHOST_NAME_TYPE, T_INT, 0, GHOST_STR("int"), GHOST_STR("") },
                                  { GHOST_NAME_TYPE, T_STR, 0, GHOST_STR("str"), GHOST_STR("") } };
    struct ghost_def_annot annot = { .func = id, .n_annotations = 2, .annotations = a, .n_names = 2, .names = n };
    ghost_encode_annot(b, &annot);
}

static void put_tree(struct ghost_buf *b)
{
    struct ghost_def_node nodes[21] = { { .qualname = GHOST_STR("<module>") } };
    char names[21][32];
    for (uint32_t i = 1; i <= 20; i++) {
        snprintf(names[i], sizeof names[i], i == 20 ? "unused" : (i % 7 ? "step_%u" : "Model%u.step"), (unsigned)i);
        nodes[i] = (struct ghost_def_node){ .flags = GHOST_NODE_FUNCTION, .co_flags = 3, .first_line = 10 + i * 12, .qualname = str(names[i]) };
    }
    struct ghost_def_tree d = { GHOST_STR("app.part0"), GHOST_STR("/srv/app/part0.py"), 21, nodes };
    ghost_encode_tree(b, &d);
}

static void put_meta(struct ghost_buf *b)
{
    struct ghost_def_pair pairs[] = {
        { GHOST_STR("ghost"), GHOST_STR("gen_log") }, { GHOST_STR("python"), GHOST_STR("3.13.0") },
        { GHOST_STR("pid"), GHOST_STR("4711") }, { GHOST_STR("ppid"), GHOST_STR("1") }, { GHOST_STR("script"), GHOST_STR("app.py") },
        { GHOST_STR("main"), GHOST_STR("app") }, { GHOST_STR("how"), GHOST_STR("run") }, { GHOST_STR("clock"), GHOST_STR("tsc") },
        { GHOST_STR("start_real_ns"), GHOST_STR("1700000000000000000") },
    };
    struct ghost_def_meta d = { sizeof pairs / sizeof *pairs, pairs };
    ghost_encode_meta(b, &d);
}

static void put_thread(struct ghost_buf *b, uint32_t id)
{
    char name[32];
    snprintf(name, sizeof name, id == 1 ? "MainThread" : "Thread-%u", (unsigned)id);
    struct ghost_def_thread d = { id, 4710 + id, START_TICK, str(name) };
    ghost_encode_thread(b, &d);
}

/* ---- running ---- */
struct frame {
    uint32_t func, step, left;      /* which callee is next, how many times still */
    uint32_t token;                 /* its activation, 0: plain */
    struct { uint32_t func, token, left; } gen;  /* a suspended generator that it iterates */
};
struct thread {
    uint32_t id, depth;
    uint64_t seq, plan;
    struct frame stack[DEPTH_MAX];
    struct ghost_event batch[BATCH]; size_t n;
};
static uint64_t now = START_TICK;
static uint32_t free_tokens[4096], n_free_tokens, next_token = 1000;

static uint32_t new_token(void) { return n_free_tokens ? free_tokens[--n_free_tokens] : (next_token += 13); }
static void end_token(uint32_t t)
{
    if (t && n_free_tokens < 4096) free_tokens[n_free_tokens++] = t;
}

static void event(struct thread *t, uint32_t kind, uint32_t func, uint32_t aux, uint32_t arg)
{
    t->batch[t->n++] = (struct ghost_event){ now << GHOST_TICK_SHIFT | kind, ghost_event_what(func, aux, arg) };
}

/* Mostly the same from the same caller. */
static uint32_t usual(const struct thread *t, uint32_t func, uint32_t n)
{
    uint32_t caller = t->depth > 1 ? t->stack[t->depth - 2].func : 0;
    return n == 1 ? 0 : decide(8) ? (caller * 31 + func) * 2654435761u % n : skewed(n);
}

static void begin_request(struct thread *t)
{
    uint32_t kinds = 200, kind = chance(kinds);
    if (chance(2)) kind = chance(kind + 1);
    t->plan = (kind + 1) * UINT64_C(0x9E3779B97F4A7C15);
    if (chance(12) == 0) t->plan = seed;         /* one as there was none before */
}

static void call(struct thread *t, uint32_t func)
{
    if (service && func == 1) begin_request(t);
    const struct function *f = &functions[func];
    struct frame *fr = &t->stack[t->depth++];
    *fr = (struct frame){ .func = func, .left = f->n_callees ? f->times[0] : 0 };
    if (f->generator) fr->token = new_token();
    event(t, GHOST_EV_CALL, func, service ? 1 + usual(t, func, f->n_sigs) : f->n_sigs == 1 || decide(20) ? 1 : 1 + decide(f->n_sigs), fr->token);
}

static void leave(struct thread *t)
{
    uint32_t type_of = !service ? 0 : usual(t, t->stack[t->depth - 1].func, functions[t->stack[t->depth - 1].func].n_returns);
    struct frame *f = &t->stack[--t->depth];
    uint32_t type = f->token ? T_NONE : service ? T_NONE + (f->func + type_of) % (T_COUNT + T_CLASSES - T_NONE)
                                                : decide(50) ? T_NONE + f->func % 6 : T_NONE;
    event(t, GHOST_EV_RETURN, f->func, 0, type);
    end_token(f->token);
    end_token(f->gen.token);      /* closed without an event, as CPython 3.13 does */
}

/* An exception through up to four frames; it stays below the bottom frame. */
static void fail(struct thread *t)
{
    uint32_t type = decide(2) ? T_VALUE_ERROR : T_KEY_ERROR, frames = 1 + decide(4);
    for (uint32_t i = 0; i < frames && t->depth > 1; i++) {
        struct frame *f = &t->stack[--t->depth];
        event(t, GHOST_EV_UNWIND, f->func, i == 0 ? GHOST_UNWIND_RAISED_HERE : 0, type);
        end_token(f->token);
        end_token(f->gen.token);
        now += 10 + chance(30);
    }
}

/* A generator on top yields; its frame remembers how to go on with it. */
static void yield(struct thread *t)
{
    struct frame *f = &t->stack[--t->depth], *below = &t->stack[t->depth - 1];
    event(t, GHOST_EV_YIELD, f->func, 0, T_INT);
    if (below->gen.token) end_token(below->gen.token);
    below->gen.func = f->func;
    below->gen.token = f->token;
    below->gen.left = decide(8);
}

static void resume(struct thread *t)
{
    struct frame *f = &t->stack[t->depth - 1], *g = &t->stack[t->depth++];
    *g = (struct frame){ .func = f->gen.func, .token = f->gen.token, .step = CALLEES };
    event(t, decide(50) ? GHOST_EV_RESUME : GHOST_EV_THROW, f->gen.func, 0, f->gen.token);
    bool more = f->gen.left > 0;
    uint32_t left = more ? f->gen.left - 1 : 0;
    f->gen.token = 0;
    now += functions[g->func].gap;
    if (!more) return;
    yield(t);
    t->stack[t->depth - 1].gen.left = left;
}

static void advance(struct thread *t)
{
    if (t->depth == 0) {
        call(t, 1);
        return;
    }
    struct frame *f = &t->stack[t->depth - 1];
    const struct function *fn = &functions[f->func];
    now += fn->gap + chance(fn->gap / 2 + 3) + (chance(400) ? 0 : chance(100000));
    if (service && chance(6) == 0) now += fn->gap * (1 + chance(1 + chance(12)));
    if (f->gen.token) {
        resume(t);
        return;
    }
    if (fn->fails && decide(4096) < fn->fails && t->depth > 2) {
        fail(t);
        return;
    }
    if (f->step >= fn->n_callees || t->depth == DEPTH_MAX - 1) {
        if (f->token && f->step < CALLEES && t->depth > 1) yield(t);
        else leave(t);
        return;
    }
    uint32_t callee = fn->callee[f->step], often = fn->often[f->step];
    if (--f->left == 0 && ++f->step < fn->n_callees) f->left = fn->times[f->step];
    if (service ? decide(256) >= often : decide(30) == 0) return;      /* a branch not taken */
    call(t, callee);
}

/* ---- the log ---- */
static int sink_write(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    const char *p = bytes;
    while (n) {
        ssize_t got = write(*(int *)self, p, n);
        if (got < 0) return ghost_fail(err, GHOST_E_IO, "the log cannot be written");
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(int ret, const struct ghost_err *err)
{
    if (ret != 0) die(ghost_code_name(ret), err->msg);
}

static struct ghost_anchor anchor(void)
{
    uint64_t ns = (uint64_t)((unsigned __int128)(now - START_TICK) * TICK_Q32 >> 32);
    return (struct ghost_anchor){ now, 5000000000u + ns, START_REAL + ns };
}

#define CHANGES 16
struct options {
    uint64_t events; const char *path; uint32_t threads; bool unfinished; uint64_t process;
    struct { uint32_t function, percent; } changes[CHANGES]; uint32_t n_changes;
};

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = { { "threads", 1, NULL, 't' }, { "seed", 1, NULL, 's' }, { "functions", 1, NULL, 'f' },
                                           { "unfinished", 0, NULL, 'u' },
                                           { "service", 0, NULL, 'S' }, { "process", 1, NULL, 'p' }, { "change", 1, NULL, 'c' }, { NULL, 0, NULL, 0 } };
    struct options o = { .threads = 1 };
    int c;
    seed = 1;
    while ((c = getopt_long(argc, argv, "n:o:", longs, NULL)) != -1) {
        if (c == 'n') o.events = strtoull(optarg, NULL, 10);
        else if (c == 'o') o.path = optarg;
        else if (c == 't') o.threads = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 's') seed = strtoull(optarg, NULL, 10);
        else if (c == 'f') n_functions = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 'u') o.unfinished = true;
        else if (c == 'S') service = true;
        else if (c == 'p') o.process = strtoull(optarg, NULL, 10);
        else if (c == 'c' && o.n_changes < CHANGES) {
            char *percent;
            o.changes[o.n_changes].function = (uint32_t)strtoul(optarg, &percent, 10);
            if (*percent++ != ':') exit(2);
            o.changes[o.n_changes++].percent = (uint32_t)strtoul(percent, NULL, 10);
        }
        else exit(2);
    }
    if (!o.path || !o.threads || o.threads > 1000 || !n_functions || n_functions > 100000) {
        fputs("usage: gen_log -n EVENTS -o FILE [--threads T] [--seed S] [--functions F] [--service] [--process N] [--change ID:PERCENT]... [--unfinished]\n", stderr);
        exit(2);
    }
    seed = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    return o;
}

static void put_records(struct ghost_writer *w, const struct options *o)
{
    struct ghost_err err = GHOST_ERR_INIT;
    struct ghost_buf b = { 0 };
    put_meta(&b);
    put_types(&b);
    for (uint32_t id = 1; id <= n_functions; id++) put_function(&b, id);
    put_tree(&b);
    for (uint32_t id = 1; id <= o->threads; id++) put_thread(&b, id);
    if (b.failed) die("records", "out of memory");
    check(ghost_writer_records(w, b.p, b.len, &err), &err);
    ghost_buf_release(&b);
}

/* Runs the threads in turns; returns the seconds spent in the writer. */
static double run(struct ghost_writer *w, const struct options *o)
{
    struct ghost_err err = GHOST_ERR_INIT;
    struct thread *threads = calloc(o->threads, sizeof *threads);
    double spent = 0;
    uint64_t made = 0;
    if (!threads) die("threads", "out of memory");
    for (uint32_t i = 0; made < o->events; i = (i + 1) % o->threads) {
        struct thread *t = &threads[i];
        uint64_t end = now + TURN;
        t->id = i + 1;
        if (service) decisions = &t->plan;
        while (now < end && made + t->n < o->events) {
            while (t->n < BATCH - 16 && now < end && made + t->n < o->events) advance(t);
            if (t->n > o->events - made) t->n = (size_t)(o->events - made);
            double before = seconds();
            check(ghost_writer_events(w, t->id, t->seq, t->batch, t->n, &err), &err);
            spent += seconds() - before;
            t->seq += t->n;
            made += t->n;
            t->n = 0;
        }
        ghost_writer_clock(w, TICK_Q32, anchor());
    }
    free(threads);
    return spent;
}

int main(int argc, char **argv)
{
    struct ghost_err err = GHOST_ERR_INIT;
    struct options o = parse(argc, argv);
    int fd = open(o.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) die(o.path, "cannot be written");
    struct ghost_sink sink = { &fd, sink_write };
    struct ghost_writer_config cfg = { 0 };
    for (int i = 0; i < 16; i++) cfg.process[i] = (uint8_t)((seed >> i) + o.process);
    make_functions();
    for (uint32_t i = 0; i < o.n_changes; i++) {
        if (!o.changes[i].function || o.changes[i].function > n_functions) die("--change", "there is no such function");
        functions[o.changes[i].function].gap = (uint32_t)((uint64_t)functions[o.changes[i].function].gap * o.changes[i].percent / 100);
    }
    seed += o.process * UINT64_C(0xD1B54A32D192ED03);
    struct ghost_writer *w = ghost_writer_new(&cfg, &sink, &err);
    if (!w) die("begin", err.msg);
    ghost_writer_clock(w, TICK_Q32, anchor());
    put_records(w, &o);
    double spent = run(w, &o), before = seconds();
    check(ghost_writer_flush(w, 0, &err), &err);
    struct ghost_writer_totals t = ghost_writer_totals(w);
    struct ghost_def_end end = { t.events, 0, anchor().mono_ns, anchor().real_ns };
    if (!o.unfinished) check(ghost_writer_finish(w, &end, &err), &err);
    spent += seconds() - before;
    t = ghost_writer_totals(w);
    printf("%llu events, %llu unpaired, %llu bytes (%.3f an event), writer %.2f ns an event\n", (unsigned long long)t.events,
           (unsigned long long)t.unpaired, (unsigned long long)t.bytes, t.events ? (double)t.bytes / (double)t.events : 0,
           t.events ? 1e9 * spent / (double)t.events : 0);
    ghost_writer_free(w);
    return close(fd) == 0 ? 0 : 1;
}
