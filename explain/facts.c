/* facts.c - building facts. */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "format/base.h"
#include "plain.h"

enum { NAME_MAX_BYTES = 200 };

const char *const fact_section_keys[] = {
#define X(name, key, heading) key,
    FACT_SECTIONS(X)
#undef X
};
const char *const fact_section_headings[] = {
#define X(name, key, heading) heading,
    FACT_SECTIONS(X)
#undef X
};
const char *const fact_unit_keys[] = {
#define X(name, key) key,
    FACT_UNITS(X)
#undef X
};
const char *const fact_name_keys[] = {
#define X(name, key, token) key,
    FACT_NAMES(X)
#undef X
};
const char *const fact_name_tokens[] = {
#define X(name, key, token) token,
    FACT_NAMES(X)
#undef X
};

static void fact_release(struct fact *f)
{
    for (uint32_t i = 0; i < f->n_names; i++)
        free(f->names[i].full);
    free(f->names);
    free(f->numbers);
    free(f->text);
}

void explain_facts_release(struct facts *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        fact_release(&f->v[i]);
    fact_release(&f->lead);
    free(f->v);
    free(f->session);
    free(f->about);
    free(f->title);
    *f = (struct facts){ 0 };
}

void fact_begin(struct facts *f, enum fact_section section)
{
    size_t cap = f->cap;
    f->in_lead = false;
    if (f->failed || !array_grow(&f->v, &cap, (size_t)f->n + 1, sizeof *f->v)) {
        f->failed = true;
        return;
    }
    f->cap = (uint32_t)cap;
    f->v[f->n++] = (struct fact){ .section = section, .share = -1 };
}

void facts_begin_lead(struct facts *f)
{
    f->in_lead = true;
}

struct fact *fact_last(struct facts *f)
{
    return f->in_lead ? &f->lead : &f->v[f->n - 1];
}

/* Appends to the text; what is not harmless becomes '?', what is too long ends in "...". */
static bool put(struct facts *f, const char *p, size_t n)
{
    struct fact *last = f->failed ? NULL : fact_last(f);
    if (last && last->full)
        return false;
    if (last && last->len + n > FACT_BYTES) {
        p = "...";
        n = 3;
        last->full = true;
    }
    bool whole = last && !last->full;
    char *text = last ? realloc(last->text, (size_t)last->len + n + 1) : NULL;
    if (!text) {
        f->failed = true;
        return false;
    }
    last->text = text;
    for (size_t i = 0, len; i < n; i += len) {
        bool harmless = plain_char(p + i, n - i, &len);
        if (harmless)
            memcpy(text + last->len, p + i, len);
        else
            text[last->len] = '?';
        last->len += (uint32_t)(harmless ? len : 1);
    }
    text[last->len] = '\0';
    return whole;
}

void fact_words(struct facts *f, const char *words)
{
    put(f, words, strlen(words));
}

void fact_number(struct facts *f, double value, enum fact_unit unit, const char *text)
{
    uint32_t at = f->failed ? 0 : fact_last(f)->len;
    if (!put(f, text, strlen(text)))
        return;
    struct fact *last = fact_last(f);
    struct fact_number *grown = realloc(last->numbers, (last->n_numbers + 1) * sizeof *grown);
    if (!grown) {
        f->failed = true;
        return;
    }
    last->numbers = grown;
    grown[last->n_numbers++] = (struct fact_number){ at, last->len - at, value, unit };
}

/* A name that would fill the page is cut between characters. */
static struct ghost_str cut(struct ghost_str s)
{
    if (s.len <= NAME_MAX_BYTES)
        return s;
    s.len = NAME_MAX_BYTES;
    while (s.len && ((unsigned char)s.p[s.len] & 0xc0) == 0x80)
        s.len--;
    return s;
}

void fact_name(struct facts *f, enum fact_name_kind kind, struct ghost_str shown, struct ghost_str full)
{
    uint32_t at = f->failed ? 0 : fact_last(f)->len;
    struct ghost_str fitting = cut(shown);
    if (shown.len == 0 || !put(f, fitting.p, fitting.len))
        return;
    struct fact *last = fact_last(f);
    struct fact_name name = { at, last->len - at, kind, strndup(full.p, full.len) };
    struct fact_name *grown = realloc(last->names, (last->n_names + 1) * sizeof *grown);
    if (grown)
        last->names = grown;
    if (!grown || !name.full) {
        free(name.full);
        f->failed = true;
        return;
    }
    grown[last->n_names++] = name;
    if (fitting.len < shown.len)
        put(f, "...", 3);
}

void fact_label(struct facts *f)
{
    if (f->failed)
        return;
    fact_last(f)->label = fact_last(f)->len;
    put(f, ": ", 2);
}

void fact_note(struct facts *f)
{
    if (!f->failed)
        fact_last(f)->note = fact_last(f)->len;
}

static int in_order(const void *pa, const void *pb)
{
    const struct fact *a = pa, *b = pb;
    if (a->section != b->section)
        return a->section < b->section ? -1 : 1;
    if (a->section == FACT_NOTABLE && a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

void facts_number(struct facts *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        f->v[i].number = i;
    if (f->n)
        qsort(f->v, f->n, sizeof *f->v, in_order);
    for (uint32_t i = 0; i < f->n; i++)
        f->v[i].number = i + 1;
}
