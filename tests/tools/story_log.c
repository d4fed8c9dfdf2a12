/* story_log.c - a small session in which one of everything happens, so that
 * the figures can be checked by hand: 10 ns a tick, few calls.
 *
 *   story_log FOLDER     FOLDER/100-00000001.ghost (ended well) and
 *                        FOLDER/200-00000002.ghost (its fork, killed)
 *
 * The same bytes every time. tests/cli/ shows what ghost makes of them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ghost/log.h"

#define TICK_Q32 (UINT64_C(10) << 32)
#define START_REAL UINT64_C(1700000000000000000)
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))
#define STR(s) GHOST_STR(s)

enum { OBJECT = 1, NONE, INT, STRING, FLOAT, TUPLE, DICT, BASE_EXCEPTION, EXCEPTION, KEY_ERROR, VALUE_ERROR,
       GENERATOR_EXIT, ORDER, OTHER_ORDER, N_TYPES };
enum { MODULE = 1, MAIN, DISCOUNT, VALIDATE, LINES, IMPORT_JOB, FETCH, LOST, N_FUNCS };
enum { MAIN_THREAD = 1, WORKER };

static const struct { struct ghost_str module, name; uint32_t base; } types[N_TYPES] = {
    [OBJECT] = { STR("builtins"), STR("object"), 0 }, [NONE] = { STR("builtins"), STR("NoneType"), OBJECT },
    [INT] = { STR("builtins"), STR("int"), OBJECT }, [STRING] = { STR("builtins"), STR("str"), OBJECT },
    [FLOAT] = { STR("builtins"), STR("float"), OBJECT }, [TUPLE] = { STR("builtins"), STR("tuple"), OBJECT },
    [DICT] = { STR("builtins"), STR("dict"), OBJECT },
    [BASE_EXCEPTION] = { STR("builtins"), STR("BaseException"), OBJECT },
    [EXCEPTION] = { STR("builtins"), STR("Exception"), BASE_EXCEPTION },
    [KEY_ERROR] = { STR("builtins"), STR("KeyError"), EXCEPTION }, [VALUE_ERROR] = { STR("builtins"), STR("ValueError"), EXCEPTION },
    [GENERATOR_EXIT] = { STR("builtins"), STR("GeneratorExit"), BASE_EXCEPTION },
    [ORDER] = { STR("shop.models"), STR("Order"), OBJECT }, [OTHER_ORDER] = { STR("shop.old"), STR("Order"), OBJECT },
};

static const struct ghost_str discount_params[] = { STR("price"), STR("rate"), STR("rest"), STR("extra") };
static const struct ghost_str order_param[] = { STR("order") };
static const struct ghost_def_func funcs[] = {
    { MODULE, 0, 1, 0, 0, 0, STR("shop.app"), STR("<module>"), STR("/srv/shop/app.py"), 101, 0, NULL },
    { MAIN, 3, 3, 0, 0, 0, STR("shop.app"), STR("main"), STR("/srv/shop/app.py"), 102, 0, NULL },
    { DISCOUNT, 3 | GHOST_CO_VARARGS | GHOST_CO_VARKEYWORDS, 12, 1, 1, 1, STR("shop.pricing"), STR("calculate_discount"),
      STR("/srv/shop/pricing.py"), 103, 4, discount_params },
    { VALIDATE, 3, 7, 0, 1, 0, STR("shop.orders"), STR("validate_order"), STR("/srv/shop/orders.py"), 104, 1, order_param },
    { LINES, 3 | GHOST_CO_GENERATOR, 20, 0, 1, 0, STR("shop.orders"), STR("Order.<locals>.lines"), STR("/srv/shop/orders.py"), 105, 1, order_param },
    { IMPORT_JOB, 3, 40, 0, 0, 0, STR("shop.orders"), STR("import_job"), STR("/srv/shop/orders.py"), 106, 0, NULL },
    { FETCH, 3 | GHOST_CO_COROUTINE, 50, 0, 0, 0, STR("shop.orders"), STR("f\303\251tch\033[31m"), STR("/srv/shop/orders.py"), 107, 0, NULL },
};

/* ---- writing ---- */

static _Noreturn void die(const char *what, const struct ghost_err *err)
{
    fprintf(stderr, "story_log: %s: %s\n", what, err ? err->msg : "out of memory");
    exit(1);
}

static int to_file(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    (void)err;
    return write(*(int *)self, bytes, n) == (ssize_t)n ? 0 : GHOST_E_IO;
}

struct story { struct ghost_writer *w; uint64_t seq[3], tick; struct ghost_err err; };

/* One event, `after` ticks behind the last. */
static void happens(struct story *s, uint32_t thread, uint32_t after, uint32_t kind, uint32_t func, uint32_t aux, uint32_t arg)
{
    s->tick += after;
    struct ghost_event e = { s->tick << GHOST_TICK_SHIFT | kind, ghost_event_what(func, aux, arg) };
    if (ghost_writer_events(s->w, thread, s->seq[thread]++, &e, 1, &s->err) < 0)
        die("events", &s->err);
}

static void calls(struct story *s, uint32_t after, uint32_t func, uint32_t sig) { happens(s, 1, after, GHOST_EV_CALL, func, sig, 0); }
static void returns(struct story *s, uint32_t after, uint32_t func, uint32_t type) { happens(s, 1, after, GHOST_EV_RETURN, func, 0, type); }
static void raises(struct story *s, uint32_t after, uint32_t func, uint32_t type) { happens(s, 1, after, GHOST_EV_UNWIND, func, GHOST_UNWIND_RAISED_HERE, type); }
static void passes(struct story *s, uint32_t after, uint32_t func, uint32_t type) { happens(s, 1, after, GHOST_EV_UNWIND, func, 0, type); }

static void put(struct story *s, struct ghost_buf *b)
{
    if (b->failed || ghost_writer_records(s->w, b->p, b->len, &s->err) < 0)
        die("records", &s->err);
    ghost_buf_release(b);
}

/* ---- definitions: type ids shifted by `shift`, so that processes disagree ---- */

static void put_types(struct ghost_buf *b, uint32_t shift)
{
    for (uint32_t id = 1; id < N_TYPES; id++) {
        uint32_t mro[6], n = 0;
        for (uint32_t t = id; t; t = types[t].base)
            mro[n++] = t + shift;
        struct ghost_def_type d = { .id = id + shift, .module = types[id].module, .qualname = types[id].name, .n_mro = n, .mro = mro };
        ghost_encode_type(b, &d);
    }
}

static void put_sig(struct ghost_buf *b, uint32_t func, uint32_t id, uint32_t n, const uint32_t *of, uint32_t shift)
{
    uint32_t shifted[4];
    for (uint32_t i = 0; i < n; i++)
        shifted[i] = of[i] ? of[i] + shift : 0;
    struct ghost_def_sig d = { .func = func, .id = id, .n_params = n, .types = shifted };
    if (func == DISCOUNT && id == 1) {
        d.n_args = 1;
        d.args[0] = STRING + shift;
    }
    ghost_encode_sig(b, &d);
}

static void put_definitions(struct story *s, uint32_t shift)
{
    struct ghost_buf b = { 0 };
    put_types(&b, shift);
    for (uint32_t i = 0; i < COUNT(funcs); i++)
        ghost_encode_func(&b, &funcs[i]);
    /* FUNC's order: positional, keyword-only, *args, **kwargs */
    put_sig(&b, DISCOUNT, 1, 4, (uint32_t[]){ INT, FLOAT, TUPLE, DICT }, shift);
    put_sig(&b, DISCOUNT, 2, 4, (uint32_t[]){ FLOAT, 0, TUPLE, DICT }, shift);
    put_sig(&b, VALIDATE, 1, 1, (uint32_t[]){ ORDER }, shift);
    put_sig(&b, VALIDATE, 2, 1, (uint32_t[]){ NONE }, shift);
    put_sig(&b, VALIDATE, 3, 1, (uint32_t[]){ OTHER_ORDER }, shift);
    put_sig(&b, VALIDATE, GHOST_SIG_OTHER, 0, NULL, shift);
    put_sig(&b, LINES, 1, 1, (uint32_t[]){ ORDER }, shift);
    put_sig(&b, MODULE, 1, 0, NULL, shift);
    put_sig(&b, MAIN, 1, 0, NULL, shift);
    put_sig(&b, IMPORT_JOB, 1, 0, NULL, shift);
    put_sig(&b, FETCH, 1, 0, NULL, shift);
    struct ghost_def_mark mark = { 1, STR("deploy \"7\"") };
    ghost_encode_mark(&b, &mark);
    struct ghost_def_thread main_thread = { MAIN_THREAD, 100, 1000, STR("MainThread") }, worker = { WORKER, 101, 1100, STR("worker") };
    ghost_encode_thread(&b, &main_thread);
    ghost_encode_thread(&b, &worker);
    put(s, &b);
}

static void put_meta(struct story *s, const char *pid, const char *parent)
{
    struct ghost_buf b = { 0 };
    struct ghost_def_pair pairs[] = {
        { STR("script"), STR("/srv/shop/app.py") }, { STR("main"), STR("shop.app") }, { STR("pid"), { pid, (uint32_t)strlen(pid) } },
        { STR("python"), STR("3.13.0") }, { STR("start_real_ns"), STR("1700000000000000000") },
        { STR("parent"), { parent, (uint32_t)strlen(parent) } },
    };
    struct ghost_def_meta meta = { COUNT(pairs) - (*parent ? 0 : 1), pairs };
    ghost_encode_meta(&b, &meta);
    put(s, &b);
}

/* ---- what happens ---- */

static void generators(struct story *s)
{
    /* one that ends, one that is closed, one that a throw() ends, one whose end nobody sees */
    happens(s, 1, 5, GHOST_EV_CALL, LINES, 1, 71);
    happens(s, 1, 5, GHOST_EV_YIELD, LINES, 0, INT);
    happens(s, 1, 100, GHOST_EV_RESUME, LINES, 0, 71);
    happens(s, 1, 5, GHOST_EV_YIELD, LINES, 0, STRING);
    happens(s, 1, 100, GHOST_EV_RESUME, LINES, 0, 71);
    returns(s, 5, LINES, NONE);                            /* 215 ticks, 200 of them suspended */
    happens(s, 1, 5, GHOST_EV_CALL, LINES, 1, 72);
    happens(s, 1, 5, GHOST_EV_YIELD, LINES, 0, INT);
    happens(s, 1, 50, GHOST_EV_THROW, LINES, 0, 72);
    raises(s, 5, LINES, GENERATOR_EXIT);                   /* closed: 60 ticks, no exception */
    happens(s, 1, 5, GHOST_EV_CALL, LINES, 1, 73);
    happens(s, 1, 5, GHOST_EV_YIELD, LINES, 0, INT);
    happens(s, 1, 5, GHOST_EV_THROW, LINES, 0, 73);
    raises(s, 5, LINES, VALUE_ERROR);                      /* 15 ticks; main catches it */
    happens(s, 1, 5, GHOST_EV_CALL, LINES, 1, 74);
    happens(s, 1, 5, GHOST_EV_YIELD, LINES, 0, INT);
    happens(s, 1, 5, GHOST_EV_CALL, LINES, 1, 74);         /* the same address: the old one was dropped */
    returns(s, 5, LINES, NONE);                            /* 5 ticks */
}

static void exceptions(struct story *s)
{
    calls(s, 10, IMPORT_JOB, 1);
    calls(s, 10, VALIDATE, 2);
    raises(s, 10, VALIDATE, KEY_ERROR);                    /* 10 ticks */
    calls(s, 10, VALIDATE, 2);                             /* import_job caught the first */
    raises(s, 10, VALIDATE, KEY_ERROR);
    passes(s, 10, IMPORT_JOB, KEY_ERROR);                  /* and let the second through: 50 ticks, 30 its own */
    calls(s, 10, IMPORT_JOB, 1);
    calls(s, 10, VALIDATE, GHOST_SIG_OTHER);
    raises(s, 10, VALIDATE, KEY_ERROR);
    raises(s, 10, IMPORT_JOB, VALUE_ERROR);                /* caught one, raised another: 30 ticks, 20 its own */
}

static void threads(struct story *s)
{
    happens(s, 2, 10, GHOST_EV_CALL, FETCH, 1, 90);
    happens(s, 2, 10, GHOST_EV_YIELD, FETCH, 0, NONE);
    happens(s, 1, 10, GHOST_EV_CALL, LOST, 5, 0);
    happens(s, 1, 10, GHOST_EV_RESUME, FETCH, 0, 90);      /* goes on in the main thread */
    returns(s, 10, FETCH, ORDER);                          /* 40 ticks, 20 suspended */
    returns(s, 10, LOST, 99);                              /* a type without a definition */
    happens(s, 1, 10, GHOST_EV_RESUME, FETCH, 0, 91);      /* began before recording did */
    returns(s, 10, FETCH, NONE);
}

static void tell(struct story *s)
{
    calls(s, 0, MODULE, 1);
    calls(s, 100, MAIN, 1);
    for (uint32_t i = 0; i < 5; i++) {
        calls(s, 10, DISCOUNT, i < 3 ? 1 : 2);
        returns(s, 10 + i, DISCOUNT, i < 4 ? FLOAT : NONE);
        calls(s, 10, VALIDATE, i == 4 ? 3 : 1);
        returns(s, 20, VALIDATE, NONE);
    }
    exceptions(s);
    generators(s);
    threads(s);
    happens(s, 1, 10, GHOST_EV_MARK, 0, 0, 1);
    happens(s, 1, 10, GHOST_EV_PAUSE, 0, 0, 0);
    returns(s, 10, MAIN, NONE);
    returns(s, 10, MODULE, NONE);
}

static void caveats(struct story *s)
{
    struct ghost_buf b = { 0 };
    struct ghost_def_loss full = { 2, GHOST_LOSS_RING_FULL, 1234, 1000, 2000 }, deep = { 0, GHOST_LOSS_STACK, 0, 0, 0 };
    struct ghost_def_note slow = { GHOST_NOTE_CLOCK_SLOW, 1, STR("") };
    ghost_encode_loss(&b, &full);
    ghost_encode_loss(&b, &deep);
    ghost_encode_note(&b, &slow);
    put(s, &b);
}

/* ---- processes ---- */

static void write_process(const char *folder, const char *name, uint8_t identity, bool killed)
{
    char path[4096];
    struct story s = { .tick = 1000, .err = GHOST_ERR_INIT };
    struct ghost_writer_config cfg = { .level = 1 };
    memset(cfg.process, identity, sizeof cfg.process);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct ghost_sink sink = { &fd, to_file };
    if (fd < 0 || !(s.w = ghost_writer_new(&cfg, &sink, &s.err)))
        die(path, &s.err);
    ghost_writer_clock(s.w, TICK_Q32, (struct ghost_anchor){ 1000, 5000, START_REAL });
    put_meta(&s, killed ? "200" : "100", killed ? "11111111111111111111111111111111" : "");
    put_definitions(&s, killed ? 20 : 0);
    if (killed) {                                          /* main calls once and is gone */
        calls(&s, 0, MAIN, 1);
        calls(&s, 10, DISCOUNT, 2);
        returns(&s, 30, DISCOUNT, FLOAT + 20);
        calls(&s, 10, DISCOUNT, 2);
        if (ghost_writer_flush(s.w, 0, &s.err) < 0)
            die("flush", &s.err);
    } else {
        tell(&s);
        caveats(&s);
        if (ghost_writer_flush(s.w, 0, &s.err) < 0)
            die("flush", &s.err);
        struct ghost_def_end end = { ghost_writer_totals(s.w).events, 1234, 105000, START_REAL + 100000 };
        if (ghost_writer_finish(s.w, &end, &s.err) < 0)
            die("finish", &s.err);
    }
    ghost_writer_free(s.w);
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: story_log FOLDER\n", stderr);
        return 2;
    }
    mkdir(argv[1], 0700);
    write_process(argv[1], "100-00000001.ghost", 0x11, false);
    write_process(argv[1], "200-00000002.ghost", 0x22, true);
    return 0;
}
