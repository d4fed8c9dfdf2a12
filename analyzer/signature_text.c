/* signature_text.c - see signature_text.h. */
#include "signature_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct ghost_buf *b, const char *p, size_t n)
{
    if (b->failed)
        return;
    if (b->len + n > b->cap) {
        size_t cap = (b->len + n) * 2 + 64;
        uint8_t *grown = realloc(b->p, cap);
        b->failed = !grown;
        if (!grown)
            return;
        b->p = grown;
        b->cap = cap;
    }
    if (n)
        memcpy(b->p + b->len, p, n);
    b->len += n;
}

/* Inside a JSON string: UTF-8 stays, but lone surrogates are no UTF-8. */
static void put_escaped(struct ghost_buf *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        char escape[8];
        bool surrogate = c == 0xed && i + 2 < n && (unsigned char)p[i + 1] >= 0xa0;
        unsigned code = surrogate ? 0xd000u | ((unsigned)p[i + 1] & 0x3f) << 6 | ((unsigned)p[i + 2] & 0x3f) : c;
        if (!surrogate && c >= 0x20 && c != '"' && c != '\\') {
            put(b, &p[i], 1);
            continue;
        }
        put(b, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", code));
        i += surrogate ? 2 : 0;
    }
}

struct style { const char *open, *quote, *between, *close; void (*text)(struct ghost_buf *b, const char *p, size_t n); };
static const struct style plain = { "(", "", ", ", ")", put };
static const struct style json = { "[", "\"", ", ", "]", put_escaped };

struct pieces { const struct signature_form *s; const struct style *style; struct ghost_buf *to; bool any; };

static void piece(struct pieces *p, uint32_t i, const char *stars, const struct ghost_str *name)
{
    struct ghost_str type = p->s->type(p->s->self, i);
    if (p->any)
        put(p->to, p->style->between, strlen(p->style->between));
    p->any = true;
    put(p->to, p->style->quote, strlen(p->style->quote));
    put(p->to, stars, strlen(stars));
    if (name) {
        p->style->text(p->to, name->p, name->len);
        put(p->to, "=", 1);
    }
    p->style->text(p->to, type.p, type.len);
    put(p->to, p->style->quote, strlen(p->style->quote));
}

static void all_pieces(struct pieces *p)
{
    const struct signature_form *s = p->s;
    uint32_t varargs = s->n_positional + s->n_kwonly;
    for (uint32_t i = 0; i < s->n_positional && i < s->n_types; i++)
        piece(p, i, "", NULL);
    if (s->co_flags & GHOST_CO_VARARGS && varargs < s->n_types)
        piece(p, varargs, "*", NULL);
    for (uint32_t i = s->n_positional; i < varargs && i < s->n_types; i++)
        piece(p, i, "", &s->params[i]);
    if (s->co_flags & GHOST_CO_VARKEYWORDS && s->n_types)
        piece(p, s->n_types - 1, "**", NULL);
}

static bool write_form(const struct signature_form *s, const struct style *style, struct ghost_buf *to)
{
    struct pieces p = { s, style, to, false };
    const char *stands_for = s->other ? "..." : "?";
    put(to, style->open, 1);
    if (s->other || !s->defined) {
        put(to, style->quote, strlen(style->quote));
        put(to, stands_for, strlen(stands_for));
        put(to, style->quote, strlen(style->quote));
    } else {
        all_pieces(&p);
    }
    put(to, style->close, 1);
    return !to->failed;
}

bool signature_text(const struct signature_form *s, struct ghost_buf *to) { return write_form(s, &plain, to); }
bool signature_json(const struct signature_form *s, struct ghost_buf *to) { return write_form(s, &json, to); }
