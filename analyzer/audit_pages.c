/* audit_pages.c - gaps between the rows of a SQLite file (its file format: sqlite.org/fileformat2.html). */
#include "audit_pages.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { GRAM = 6, HEAD = 100 };               /* bytes of a piece; of the file's header */

struct audit_grams { uint64_t mask; uint64_t bits[]; };

struct audit_grams *audit_grams_new(size_t bytes)
{
    uint64_t n = 1 << 16;
    while (n < 32 * (uint64_t)bytes && n < UINT64_C(1) << 32)
        n *= 2;
    struct audit_grams *g = calloc(1, sizeof *g + n / 8);
    if (g)
        g->mask = n - 1;
    return g;
}

void audit_grams_free(struct audit_grams *g)
{
    free(g);
}

/* Two places of a piece, far apart. */
static uint64_t place(const uint8_t *p, unsigned which)
{
    uint64_t v = 0;
    memcpy(&v, p, GRAM);
    v = (v + 1 + which) * UINT64_C(0x9E3779B97F4A7C15);
    v = (v ^ v >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return v ^ v >> 32;
}

static void add(struct audit_grams *g, const uint8_t *p)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t at = place(p, i) & g->mask;
        g->bits[at / 64] |= UINT64_C(1) << at % 64;
    }
}

static bool has(const struct audit_grams *g, const uint8_t *p)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t at = place(p, i) & g->mask;
        if (!(g->bits[at / 64] >> at % 64 & 1))
            return false;
    }
    return true;
}

void audit_grams_add(struct audit_grams *g, const void *text, size_t n)
{
    for (size_t i = 0; i + GRAM <= n; i++)
        add(g, (const uint8_t *)text + i);
}

/* ---- pages ---- */

static unsigned u16(const uint8_t *p) { return (unsigned)p[0] << 8 | p[1]; }

struct page { const uint8_t *p; size_t size, usable, begin; };       /* begin: of the b-tree's header */

static bool is_tree(const struct page *g)
{
    uint8_t type = g->p[g->begin];
    return type == 2 || type == 5 || type == 10 || type == 13;
}

typedef void visit(void *self, const uint8_t *p, size_t n);

/* Calls gap(...) for each free place of a page and row(...) for what lies between them. */
static bool walk(const struct page *g, void *self, visit *gap, visit *row)
{
    const uint8_t *head = g->p + g->begin;
    size_t pointers = g->begin + (head[0] <= 5 ? 12 : 8) + 2 * (size_t)u16(head + 3);
    size_t content = u16(head + 5) ? u16(head + 5) : 65536, at = content;
    if (pointers > content || content > g->usable)
        return false;
    gap(self, g->p + pointers, content - pointers);
    for (size_t block = u16(head + 1); block;) {         /* a chain in rising order */
        if (block < at || block + 4 > g->usable || u16(g->p + block + 2) < 4 || block + u16(g->p + block + 2) > g->usable)
            return false;
        size_t end = block + u16(g->p + block + 2);
        row(self, g->p + at, block - at);
        gap(self, g->p + block + 4, end - block - 4);
        block = u16(g->p + block);
        at = end;
    }
    row(self, g->p + at, g->usable - at);
    return true;
}

/* ---- what is in them ---- */

struct search { struct audit_grams *known; uint64_t free_bytes, used_bytes; uint64_t strange; };

static void learn(void *self, const uint8_t *p, size_t n)
{
    audit_grams_add(((struct search *)self)->known, p, n);
}

static void ignore(void *self, const uint8_t *p, size_t n)
{
    (void)self;
    (void)p;
    (void)n;
}

static bool readable(uint8_t c) { return (c >= ' ' && c < 0x7f) || c >= 0x80; }

/* Readable runs, each piece of which must be known; `slack`: how many pieces in a
 * row may not be, where texts of two rows or columns touch. */
static void search(struct search *s, const uint8_t *p, size_t n, unsigned slack)
{
    unsigned missing = 0;
    for (size_t i = 0, run = 0; i < n; i++) {
        run = readable(p[i]) ? run + 1 : 0;
        if (run < GRAM || has(s->known, p + i + 1 - GRAM)) {
            missing = 0;
        } else if (++missing == slack + 1) {
            s->strange++;
        }
    }
}

static void search_gap(void *self, const uint8_t *p, size_t n)
{
    struct search *s = self;
    s->free_bytes += n;
    for (size_t i = 0; i < n; i++)
        s->used_bytes += p[i] != 0;
    search(s, p, n, 0);
}

static bool each_page(const uint8_t *bytes, size_t n, struct search *s, visit *gap, visit *row, bool overflow)
{
    size_t size = u16(bytes + 16) == 1 ? 65536 : u16(bytes + 16), reserved = bytes[20];
    bool good = size >= 512 && n % size == 0 && reserved < size - 480;
    for (size_t at = 0; good && at < n; at += size) {
        struct page g = { bytes + at, size, size - reserved, at == 0 ? HEAD : 0 };
        if (is_tree(&g))
            good = walk(&g, s, gap, row);
        else if (overflow)               /* the rest of long texts: known from their rows */
            search(s, g.p + 4, g.usable - 4, GRAM - 1);
    }
    return good;
}

void audit_pages(struct audit *a, const char *path, const uint8_t *bytes, size_t n, struct audit_grams *known)
{
    struct search s = { .known = known };
    if (n < 512 || !each_page(bytes, n, &s, ignore, learn, false) || !each_page(bytes, n, &s, search_gap, ignore, true)) {
        audit_problem(a, "%s: its pages cannot be walked, so what is between the rows cannot be told", path);
        return;
    }
    audit_part(a, "pages", false, n, 0);
    audit_remark(a, "%s: %" PRIu64 " bytes between the rows; %" PRIu64 " of them are left over from rows that were moved", path, s.free_bytes, s.used_bytes);
    if (s.strange)
        audit_problem(a, "%s: text between the rows that stands in no row, in %" PRIu64 " places", path, s.strange);
}
