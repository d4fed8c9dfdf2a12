/* deep.c - one look into a container: a bounded number of its elements, their
 * types and, inside them, those of the containers they are.
 *
 * What a look saw is a content; contents are numbered as types are, by what they
 * are, and each is described once. Then only counts are kept: of objects by
 * function, caller, place and content. A count is written when it is a power of two,
 * so that a killed process leaves at least half of it, and exactly at the end. */
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "capture.h"
#include "deep.h"
#include "describe.h"

#define BUDGET 16u               /* elements of one value, whatever is inside what: so many times N */
#define SLOTS_MAX 1024           /* empty places of a table that are passed over */
#define CALLER_FRAMES 64
#define CONTENTS_MAX 65536u
#define ROWS_MAX 262144u

/* ---- looking ---- */

/* Of one level; a look is never inside another one. */
struct level {
    PyObject *objects[2][GHOST_DEEP_MAX];    /* borrowed: nothing runs that could free them */
    struct ghost_def_part parts[2][GHOST_DEEP_MAX];
};
static struct level levels[GHOST_DEEP_LEVELS];
enum { ITEMS, KEYS };

struct look { unsigned n; bool positions, partial; };

/* The i-th of k elements of n, spread over all of them and starting elsewhere each time. */
static Py_ssize_t spread(unsigned i, unsigned k, Py_ssize_t n, uint64_t seed)
{
    return (Py_ssize_t)(((unsigned __int128)i * (uint64_t)n + seed % (uint64_t)n) / k);
}

static struct look look_sequence(struct level *l, PyObject *const *v, Py_ssize_t n, unsigned most, bool positions, uint64_t seed)
{
    struct look look = { .positions = positions, .partial = n > (Py_ssize_t)most };
    unsigned k = look.partial ? most : (unsigned)n;
    for (unsigned i = 0; i < k; i++) {
        PyObject *o = v[positions || !look.partial ? (Py_ssize_t)i : spread(i, k, n, seed)];
        if (o)
            l->objects[ITEMS][look.n++] = o;
        else if (positions)
            break; /* being made: what follows would stand at the wrong place */
    }
    return look;
}

static struct look look_dict(struct level *l, PyObject *dict, unsigned most, uint64_t seed)
{
    Py_ssize_t n = PyDict_GET_SIZE(dict), entries = compat_dict_entries(dict), pos = 0;
    struct look look = { .partial = n > (Py_ssize_t)most };
    bool wrapped = true;
    if (entries - n > SLOTS_MAX) {
        look.partial = true; /* PyDict_Next would pass over all the holes */
        return look;
    }
    if (look.partial) {
        pos = (Py_ssize_t)(seed % (uint64_t)entries);
        wrapped = pos == 0;
    }
    while (look.n < most) {
        if (PyDict_Next(dict, &pos, &l->objects[KEYS][look.n], &l->objects[ITEMS][look.n]))
            look.n++;
        else if (wrapped)
            break;
        else
            pos = 0, wrapped = true;
    }
    return look;
}

static struct look look_set(struct level *l, PyObject *set, unsigned most, uint64_t seed)
{
    const PySetObject *s = (const PySetObject *)set;
    struct look look = { .partial = s->used > (Py_ssize_t)most };
    Py_ssize_t at = look.partial ? (Py_ssize_t)(seed & (uint64_t)s->mask) : 0;
    for (Py_ssize_t slots = 0; slots <= s->mask && look.n < most; slots++) {
        const setentry *e = &s->table[(at + slots) & s->mask];
        if (slots >= SLOTS_MAX + (Py_ssize_t)most) {
            look.partial = true;
            break;
        }
        if (e->key && e->hash != -1) /* -1: one was removed here */
            l->objects[ITEMS][look.n++] = e->key;
    }
    return look;
}

static struct look look_at(struct level *l, PyObject *o, unsigned most, uint64_t seed)
{
    PyTypeObject *t = Py_TYPE(o);
    if (t == &PyList_Type)
        return look_sequence(l, ((PyListObject *)o)->ob_item, PyList_GET_SIZE(o), most, false, seed);
    if (t == &PyTuple_Type)
        return look_sequence(l, ((PyTupleObject *)o)->ob_item, PyTuple_GET_SIZE(o), most, PyTuple_GET_SIZE(o) <= (Py_ssize_t)GHOST_TUPLE_APART, seed);
    if (t == &PyDict_Type)
        return look_dict(l, o, most, seed);
    return look_set(l, o, most, seed);
}

/* ---- contents ---- */

static struct vecmap content_ids = { .width = 2 };
static uint32_t n_contents;
static bool full;

static void note_full(void)
{
    if (!full)
        recorder_note(GHOST_NOTE_DEEP_FULL, "");
    full = true;
}

static uint32_t type_of(PyObject *o)
{
    const struct type_seen *seen = type_seen_at(Py_TYPE(o));
    return seen->type == Py_TYPE(o) ? seen->id : ident_type(Py_TYPE(o));
}

static int by_part(const void *pa, const void *pb)
{
    const struct ghost_def_part *a = pa, *b = pb;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return (a->content > b->content) - (a->content < b->content);
}

/* Each once, in order. */
static uint32_t distinct(struct ghost_def_part *v, uint32_t n)
{
    uint32_t kept = 0;
    if (n > 1)
        qsort(v, n, sizeof(*v), by_part);
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || by_part(&v[kept - 1], &v[i]) != 0)
            v[kept++] = v[i];
    return kept;
}

static uint32_t content_id(struct ghost_def_content *c)
{
    XXH3_state_t state;
    struct ghost_buf b = { 0 };
    uint32_t numbers[] = { c->type, c->size, c->n_keys };
    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, numbers, sizeof(numbers));
    XXH3_128bits_update(&state, c->keys, c->n_keys * sizeof(*c->keys));
    XXH3_128bits_update(&state, c->items, c->n_items * sizeof(*c->items));
    XXH128_hash_t h = XXH3_128bits_digest(&state);
    uint64_t key[] = { h.low64, h.high64 };
    uint32_t id = vecmap_get(&content_ids, key);
    if (id)
        return id;
    if (n_contents == CONTENTS_MAX || !vecmap_put(&content_ids, key, n_contents + 1)) {
        note_full();
        return 0;
    }
    c->id = ++n_contents;
    ghost_encode_content(&b, c);
    journal_append_buf(&b);
    return c->id;
}

static uint32_t content_of(PyObject *o, unsigned depth, unsigned budget, uint64_t seed);

/* The types of what was found; then into the containers among it, each with an equal
 * part of what is left of the budget. */
static void take_parts(struct level *l, const struct look *look, bool dict, unsigned depth, unsigned budget, uint64_t seed)
{
    unsigned n_inner = 0, last = dict ? KEYS : ITEMS;
    for (unsigned side = ITEMS; side <= last; side++)
        for (unsigned i = 0; i < look->n; i++) {
            l->parts[side][i] = (struct ghost_def_part){ type_of(l->objects[side][i]), 0 };
            n_inner += deep_is_container(Py_TYPE(l->objects[side][i]));
        }
    unsigned share = n_inner ? budget / n_inner : 0;
    for (unsigned side = ITEMS; depth + 1 < GHOST_DEEP_LEVELS && n_inner && side <= last; side++)
        for (unsigned i = 0; i < look->n; i++)
            if (deep_is_container(Py_TYPE(l->objects[side][i])))
                l->parts[side][i].content = content_of(l->objects[side][i], depth + 1, share, seed);
}

/* 0: it could not be looked into. */
static uint32_t content_of(PyObject *o, unsigned depth, unsigned budget, uint64_t seed)
{
    struct level *l = &levels[depth];
    bool dict = Py_TYPE(o) == &PyDict_Type;
    unsigned most = dict ? budget / 2 : budget;
    if (most > recorder.config.deep)
        most = recorder.config.deep;
    if (most == 0)
        return 0;
    struct look look = look_at(l, o, most, seed);
    if (look.n == 0 && look.partial)
        return 0;
    take_parts(l, &look, dict, depth, budget - look.n * (dict ? 2 : 1), seed);
    struct ghost_def_content c = { .type = type_of(o), .n_items = look.n, .items = l->parts[ITEMS], .n_keys = dict ? look.n : 0, .keys = l->parts[KEYS] };
    if (Py_TYPE(o) == &PyTuple_Type)
        c.size = look.positions ? (uint32_t)PyTuple_GET_SIZE(o) : GHOST_TUPLE_APART + 1;
    if (!look.positions)
        c.n_items = distinct(l->parts[ITEMS], c.n_items);
    c.n_keys = distinct(l->parts[KEYS], c.n_keys);
    return content_id(&c);
}

/* ---- counts ---- */

struct row { struct ghost_def_sampled d; uint64_t told; };
static struct row *rows;
static uint32_t n_rows, cap_rows;
static struct vecmap row_ids = { .width = 2 };

static void tell(struct row *r)
{
    struct ghost_buf b = { 0 };
    ghost_encode_sampled(&b, &r->d);
    if (journal_append_buf(&b) == 0)
        r->told = r->d.count;
}

static struct row *row_of(const struct ghost_def_sampled *d)
{
    uint64_t key[] = { (uint64_t)d->func << 32 | d->caller, (uint64_t)d->place << 48 | (uint64_t)d->index << 32 | d->content };
    uint32_t i = vecmap_get(&row_ids, key);
    if (i)
        return &rows[i - 1];
    if (n_rows == cap_rows && n_rows < ROWS_MAX) {
        uint32_t cap = cap_rows ? cap_rows * 2 : 256;
        struct row *p = realloc(rows, cap * sizeof(*p));
        if (p) {
            rows = p;
            cap_rows = cap;
        }
    }
    if (n_rows == cap_rows || !vecmap_put(&row_ids, key, n_rows + 1)) {
        note_full();
        return NULL;
    }
    rows[n_rows] = (struct row){ *d, 0 };
    return &rows[n_rows++];
}

void deep_tell(void)
{
    for (uint32_t i = 0; i < n_rows; i++)
        if (rows[i].told != rows[i].d.count)
            tell(&rows[i]);
}

void deep_restart(void)
{
    vecmap_clear(&row_ids);
    n_rows = 0;
    full = false;
}

/* ---- sampling ---- */

/* The next call to look at: each of the first eight, of the next eight every second,
 * and so on up to every 1024th. The distance varies, so that what the program
 * does in turns does not always meet the same turn. */
#define EACH 8u
#define DOUBLINGS 10u
static uint64_t take_turn(const struct funcrec *f, struct deep_turn *t)
{
    unsigned doublings = t->taken / EACH < DOUBLINGS ? t->taken / EACH : DOUBLINGS;
    uint64_t seed = ((uint64_t)f->id << 32 | ++t->taken) * 0x9e3779b97f4a7c15u;
    uint32_t distance = 1u << doublings;
    seed ^= seed >> 29;
    t->wait = distance == 1 ? 0 : distance / 2 + (uint32_t)(seed % distance);
    return seed;
}

static uint32_t caller_of(compat_frame *f)
{
    for (int i = 0; f && i < CALLER_FRAMES; f = f->previous, i++) {
        PyCodeObject *code = compat_frame_code(f);
        if (!code || !PyCode_Check(code) || compat_not_begun(f, code))
            continue;
        struct funcrec *rec = ident_lookup(code);
        if ((uintptr_t)rec > (uintptr_t)NOT_RECORDED)
            return rec->id;
    }
    return 0;
}

static bool may_look(void)
{
    return recorder.state == RECORDER_ON && !recorder.paused && !recorder.forked && !lane.busy;
}

static void sample(struct ghost_def_sampled d, PyObject *o, uint64_t seed)
{
    if (!o || !deep_is_container(Py_TYPE(o)))
        return;
    d.content = content_of(o, 0, BUDGET * recorder.config.deep, seed);
    struct row *r = d.content ? row_of(&d) : NULL;
    if (!r)
        return;
    r->d.count++;
    if ((r->d.count & (r->d.count - 1)) == 0)
        tell(r);
}

/* The containers among the first elements of *args, or values of **kwargs. */
static void sample_elements(struct ghost_def_sampled d, PyObject *o, uint64_t seed)
{
    PyObject *k, *v;
    Py_ssize_t pos = 0;
    if (o && PyTuple_CheckExact(o))
        for (; d.index < GHOST_SIG_ELEMENTS && (Py_ssize_t)d.index < PyTuple_GET_SIZE(o); d.index++)
            sample(d, PyTuple_GET_ITEM(o, d.index), seed);
    else if (o && PyDict_CheckExact(o))
        for (; d.index < GHOST_SIG_ELEMENTS && PyDict_Next(o, &pos, &k, &v); d.index++)
            sample(d, v, seed);
}

void deep_arguments(struct funcrec *f, compat_frame *frame, PyCodeObject *code, compat_frame *below)
{
    int plain = code->co_argcount + code->co_kwonlyargcount;
    struct ghost_def_sampled d = { .func = f->id, .caller = caller_of(below) };
    uint64_t seed = take_turn(f, &f->sigs->turns[DEEP_CALL]);
    struct quiet q;
    if (!may_look())
        return;
    capture_quiet(&q);
    for (int i = 0; i < f->sigs->n_params; i++) {
        d.place = GHOST_PLACE_PARAM + (uint32_t)i;
        if (i < plain)
            sample(d, capture_argument(frame, code, i), seed);
        else
            sample_elements(d, capture_argument(frame, code, i), seed);
    }
    capture_restore(&q);
}

void deep_value(struct funcrec *f, PyObject *value, enum deep_turns turn, compat_frame *below)
{
    struct ghost_def_sampled d = { .func = f->id, .caller = caller_of(below),
                                   .place = turn == DEEP_YIELD ? GHOST_PLACE_YIELD : GHOST_PLACE_RETURN };
    uint64_t seed = take_turn(f, &f->sigs->turns[turn]);
    struct quiet q;
    if (!may_look())
        return;
    capture_quiet(&q);
    sample(d, value, seed);
    capture_restore(&q);
}
