/* shapes.c - the shapes of open blocks, and the table they become. */
#include "shapes.h"

#include <stdlib.h>
#include <string.h>
#include "varint.h"

#define INDEX_FIRST 2048u    /* entries of a fresh index; a power of two */

/* ---- numbering ---- */

static void index_fill(struct shapes *s)
{
    memset(s->index, 0, (s->mask + 1) * sizeof *s->index);
    for (size_t k = 0; k < s->n; k++) {
        uint32_t i = (uint32_t)hash_u64(s->key[k]);
        while (s->index[i & s->mask]) i++;
        s->index[i & s->mask] = (uint16_t)(k + 1);
    }
}

/* At least half of the index stays free. */
bool shapes_reserve(struct shapes *s, size_t n)
{
    size_t want = s->n + n, size = s->index ? s->mask + 1 : INDEX_FIRST;
    if (want > SHAPES_MAX) want = SHAPES_MAX;
    if (!array_grow(&s->key, &s->cap, want, sizeof *s->key)) return false;
    while (size < 2 * want) size *= 2;
    if (s->index && size == s->mask + 1) return true;
    uint16_t *index = malloc(size * sizeof *index);
    if (!index) return false;
    free(s->index);
    s->index = index;
    s->mask = (uint32_t)size - 1;
    index_fill(s);
    return true;
}

uint32_t shapes_insert(struct shapes *s, uint64_t key)
{
    uint32_t i = (uint32_t)hash_u64(key);
    while (s->index[i & s->mask]) i++;
    s->key[s->n++] = key;
    s->index[i & s->mask] = (uint16_t)s->n;
    return (uint32_t)s->n - 1;
}

void shapes_release(struct shapes *s)
{
    free(s->key);
    free(s->index);
    *s = (struct shapes){ 0 };
}

void shapes_reset(struct shapes *s)
{
    if (s->index && s->mask + 1 > 4 * INDEX_FIRST && s->n < s->mask / 32) shapes_release(s);
    if (s->index) memset(s->index, 0, (s->mask + 1) * sizeof *s->index);
    s->n = 0;
}

/* ---- time classes ---- */

/* Contexts share the rows of a table by a hash: a wrong class costs bits, looking up
 * costs time. */
struct contexts { uint64_t *rows; uint8_t *class; uint32_t n; /* a power of two */ };

static inline uint32_t row_of(uint32_t hash, uint32_t n) { return hash >> 8 & (n - 1); }
static inline uint32_t hash_pair(uint32_t before, uint32_t shape) { return before * 0x9E3779B1u + shape * 0x85EBCA77u; }

/* Events of a context in the high half, the sum of their codes in the low one. */
static void add_up(const uint16_t *numbers, const uint8_t *codes, size_t n, uint64_t *restrict rows, uint32_t n_rows)
{
    uint32_t before = 0;
    for (size_t i = 0; i < n; i++) {
        rows[row_of(hash_pair(before, numbers[i]), n_rows)] += UINT64_C(1) << 32 | codes[i];
        before = numbers[i];
    }
}

/* Classes of about as many events each. */
static void split(const struct contexts *c, struct shaped *e)
{
    size_t events_of[256] = { 0 }, before = 0;
    uint8_t class_of[256];
    for (size_t i = 0; i < c->n; i++) {
        uint32_t n = (uint32_t)(c->rows[i] >> 32);
        if (!n) continue;
        c->class[i] = (uint8_t)((uint32_t)c->rows[i] / n);            /* the mean, for now */
        events_of[c->class[i]] += n;
    }
    memset(e->n_of, 0, sizeof e->n_of);
    for (unsigned mean = 0; mean < 256; mean++) {
        size_t class = (before + events_of[mean] / 2) * e->n_classes / e->n;
        class_of[mean] = (uint8_t)(class < e->n_classes ? class : e->n_classes - 1);
        e->n_of[class_of[mean]] += events_of[mean];
        before += events_of[mean];
    }
    for (size_t i = 0; i < c->n; i++) c->class[i] = class_of[c->class[i]];
}

static void assign(const struct shaped *e, const uint16_t *numbers, const uint8_t *restrict class_of, uint32_t n_rows, uint32_t *restrict places)
{
    uint8_t *restrict used = e->used;
    uint32_t before = 0, k = e->n_classes;
    for (size_t i = 0, n = e->n; i < n; i++) {
        uint32_t number = numbers[i], place = number * k + class_of[row_of(hash_pair(before, number), n_rows)];
        used[place] = 1;
        places[i] = place;
        before = number;
    }
}

/* The same with three shapes to a context; `before` takes the place of a number in the hash. */
static void triples(const struct shaped *e, const uint16_t *numbers, const struct contexts *c, uint32_t *places)
{
    uint32_t before = 0, earlier = 0;
    for (size_t i = 0; i < e->n; i++) {
        uint32_t row = row_of(hash_pair(hash_pair(earlier, before) >> 4, numbers[i]), c->n);
        if (places) {
            places[i] = numbers[i] * e->n_classes + c->class[row];
            e->used[places[i]] = 1;
        } else {
            c->rows[row] += UINT64_C(1) << 32 | e->codes[i];
        }
        earlier = before;
        before = numbers[i];
    }
}

bool shapes_classify(struct shaped *e, enum shapes_contexts contexts, const uint16_t *numbers, uint32_t *places)
{
    uint32_t n = contexts == CONTEXT_PAIRS ? 1u << 14 : 1u << 18;
    struct contexts c = { calloc(n, sizeof *c.rows), calloc(n, 1), n };
    bool done = c.rows && c.class && e->n && e->n < UINT32_MAX / 256;
    if (done) {
        if (contexts == CONTEXT_PAIRS) add_up(numbers, e->codes, e->n, c.rows, n);
        else triples(e, numbers, &c, NULL);
        split(&c, e);
        if (contexts == CONTEXT_PAIRS) assign(e, numbers, c.class, n, places);
        else triples(e, numbers, &c, places);
        e->places = places;
    }
    free(c.rows);
    free(c.class);
    return done;
}

/* ---- the table ---- */

struct row { uint64_t key; uint8_t class; };
struct table {
    struct row *rows; size_t n;
    uint16_t *token;             /* by place: its row */
    uint8_t *class;              /* by place */
    uint64_t *order;             /* the shapes in ascending order of kind, a, b; their numbers in the low 16 bits */
};

/* By the digits of base 256 above the low 16 bits; digits that are the same in all cost nothing. */
static void sort_keys(uint64_t *keys, uint64_t *spare, size_t n)
{
    uint64_t differ = 0, *from = keys, *to = spare;
    for (size_t i = 1; i < n; i++) differ |= keys[i] ^ keys[0];
    for (unsigned shift = 16; shift < 64; shift += 8) {
        size_t at[257] = { 0 };
        if (!(differ >> shift & 255)) continue;
        for (size_t i = 0; i < n; i++) at[(from[i] >> shift & 255) + 1]++;
        for (unsigned d = 0; d < 256; d++) at[d + 1] += at[d];
        for (size_t i = 0; i < n; i++) to[at[from[i] >> shift & 255]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys) memcpy(keys, from, n * sizeof *keys);
}

static void order_shapes(const struct shapes *s, struct table *t)
{
    for (size_t i = 0; i < s->n; i++)
        t->order[i] = s->key[i] << 60 | (s->key[i] >> 16) << 28 | (s->key[i] >> 4 & 0xFFF) << 16 | i;
    sort_keys(t->order, t->order + s->n, s->n);
}

static void make_rows(const struct shapes *s, const struct shaped *e, struct table *t)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t shape = t->order[i] & 0xFFFF;
        for (unsigned c = 0; c < e->n_classes; c++) {
            size_t place = shape * e->n_classes + c;
            if (!e->used[place]) continue;
            t->token[place] = (uint16_t)t->n;
            t->class[place] = (uint8_t)c;
            t->rows[t->n++] = (struct row){ s->key[shape], (uint8_t)c };
        }
    }
}

static bool table_init(struct table *t, const struct shapes *s, unsigned k)
{
    size_t places = s->n * k + 1;
    *t = (struct table){ .rows = malloc(places * sizeof *t->rows), .token = malloc(places * sizeof *t->token), .class = malloc(places),
                         .order = malloc(2 * s->n * sizeof *t->order + 1) };
    return t->rows && t->token && t->class && t->order;
}

static void table_release(struct table *t)
{
    free(t->rows);
    free(t->token);
    free(t->class);
    free(t->order);
}

/* ---- columns ---- */

/* Functions and types as differences: a third of the size of a table in rows. */
static void put_table(const struct table *t, unsigned k, struct ghost_buf *to)
{
    int64_t before = 0;
    uint8_t n_classes = (uint8_t)k;
    buf_varint(to, t->n);
    for (size_t i = 0; i < t->n; i++) {
        uint8_t kind = (uint8_t)(t->rows[i].key & 15);
        buf_put(to, &kind, 1);
    }
    for (size_t i = 0; i < t->n; i++) {
        int64_t a = (int64_t)(t->rows[i].key >> 16);
        buf_zigzag(to, a - before);
        before = a;
    }
    for (size_t i = 0; i < t->n; i++) buf_varint(to, t->rows[i].key >> 4 & 0xFFF);
    buf_put(to, &n_classes, 1);
    for (size_t i = 0; i < t->n && k > 1; i++) buf_put(to, &t->rows[i].class, 1);
}

/* The row of each event. */
static void put_tokens(const struct table *t, const struct shaped *e, struct ghost_buf *to)
{
    uint8_t width = t->n <= 256 ? 1 : 2;
    buf_varint(to, e->n);
    buf_put(to, &width, 1);
    uint8_t *restrict p = buf_reserve(to, e->n * width);
    if (!p) return;
    const uint16_t *token = t->token;
    const uint32_t *places = e->places;
    size_t n = e->n;
    if (width == 1) for (size_t i = 0; i < n; i++) p[i] = (uint8_t)token[places[i]];
    else for (size_t i = 0; i < n; i++) store_u16(p + 2 * i, token[places[i]]);
    to->len += n * width;
}

static void scatter(const struct table *t, const struct shaped *e, uint8_t *p)
{
    const uint8_t *codes = e->codes, *class = t->class;
    const uint32_t *places = e->places;
    size_t at[TIME_CLASSES_MAX], n = e->n;
    for (size_t c = 0, offset = 0; c < e->n_classes; offset += e->n_of[c++]) at[c] = offset;
    for (size_t i = 0; i < n; i++) p[at[class[places[i]]]++] = codes[i];
}

/* The codes of class 0, those of class 1, ... each in the order of events. */
static void put_codes(const struct table *t, const struct shaped *e, struct ghost_buf *to, struct cuts *cuts)
{
    for (unsigned c = 0; c < e->n_classes && e->n_classes > 1; c++) buf_varint(to, e->n_of[c]);
    uint8_t *p = buf_reserve(to, e->n);
    if (!p) return;
    if (e->n_classes == 1 && e->n) memcpy(p, e->codes, e->n);
    else if (e->n_classes > 1) scatter(t, e, p);
    cuts_add(cuts, to->len);
    for (size_t c = 0, end = to->len; c < e->n_classes && e->n_classes > 1; c++) cuts_add(cuts, end += e->n_of[c]);
    to->len += e->n;
    cuts_add(cuts, to->len);
}

void shapes_encode(const struct shapes *s, const struct shaped *e, struct ghost_buf *to, struct cuts *cuts)
{
    struct table t;
    if (table_init(&t, s, e->n_classes)) {
        order_shapes(s, &t);
        make_rows(s, e, &t);
        put_table(&t, e->n_classes, to);
        cuts_add(cuts, to->len);
        put_tokens(&t, e, to);
        put_codes(&t, e, to, cuts);
    } else {
        to->failed = true;
    }
    table_release(&t);
}

static size_t count_used(const uint8_t *used, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += used[i];
    return count;
}

/* False: no memory, or more places than a table may have. */
static bool encode_classes(const struct shapes *s, const uint16_t *numbers, struct shaped *e, enum shapes_contexts contexts, struct ghost_buf *to,
                           struct cuts *cuts)
{
    uint32_t *places = malloc((e->n + 1) * sizeof *places);
    e->used = calloc(s->n * e->n_classes + 1, 1);
    bool done = places && e->used && shapes_classify(e, contexts, numbers, places) && count_used(e->used, s->n * e->n_classes) <= SHAPES_MAX;
    if (done) shapes_encode(s, e, to, cuts);
    free(e->used);
    free(places);
    return done;
}

static void encode_one_class(const struct shapes *s, const uint16_t *numbers, struct shaped *e, struct ghost_buf *to, struct cuts *cuts)
{
    uint32_t *places = malloc((e->n + 1) * sizeof *places);
    e->n_classes = 1;
    e->n_of[0] = e->n;
    e->used = malloc(s->n + 1);
    if (places && e->used) {
        memset(e->used, 1, s->n);
        for (size_t i = 0; i < e->n; i++) places[i] = numbers[i];
        e->places = places;
        shapes_encode(s, e, to, cuts);
    } else {
        to->failed = true;
    }
    free(e->used);
    free(places);
}

void shapes_encode_best(const struct shapes *s, const uint16_t *numbers, const uint8_t *codes, size_t n, unsigned n_classes,
                        enum shapes_contexts contexts, struct ghost_buf *to, struct cuts *cuts)
{
    struct shaped e = { .n = n, .codes = codes };
    for (e.n_classes = n_classes; e.n_classes > 1; e.n_classes /= 2)
        if (encode_classes(s, numbers, &e, contexts, to, cuts)) return;
    encode_one_class(s, numbers, &e, to, cuts);
}
