/* facts_put.c - figures and names as pieces of facts. */
#include "facts_put.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "term.h"

struct ghost_str full_name(char out[1024], struct ghost_str module, struct ghost_str qualname)
{
    int n = snprintf(out, 1024, "%s.%s", module.p, qualname.p);
    return (struct ghost_str){ out, (uint32_t)(n < 1024 ? n : 1023) };
}

/* A share with a digit more than a table has, so that small ones are not lost. */
static void put_share(struct facts *f, uint64_t n, uint64_t of)
{
    char text[HUMAN];
    double share = of ? (double)n / (double)of : 0;
    if (n == 0 || n == of)
        snprintf(text, sizeof text, "%.0f%%", 100 * share);
    else if (share >= 0.01 && share < 0.9995)
        snprintf(text, sizeof text, "%.1f%%", 100 * share);
    else if (share >= 0.9995)
        snprintf(text, sizeof text, "%.4g%%", 100 * share >= 99.9999 ? 99.9999 : 100 * share);
    else
        snprintf(text, sizeof text, "%.2g%%", 100 * share);
    fact_number(f, share, UNIT_SHARE, text);
}

/* Long times as one number: 4 min 05 s could not be looked up again. */
static void put_span(struct facts *f, double ns)
{
    char text[HUMAN];
    double seconds = ns / 1e9;
    if (seconds < 1)
        human_ns(text, ns);
    else
        snprintf(text, sizeof text, seconds < 120 ? "%.1f s" : seconds < 7200 ? "%.1f min" : "%.1f h", seconds < 120 ? seconds : seconds < 7200 ? seconds / 60 : seconds / 3600);
    fact_number(f, ns, UNIT_NS, text);
}

static void put_ratio(struct facts *f, double ratio)
{
    char text[HUMAN];
    snprintf(text, sizeof text, ratio < 1.95 ? "%.2f times" : ratio < 10 ? "%.1f times" : "%.0f times", ratio);
    fact_number(f, ratio, UNIT_RATIO, text);
}

static void put_function(struct facts *f, const struct ghost_model *m, uint32_t function, const struct ghost_str *from)
{
    char text[1024];
    const struct ghost_model_function *fn = &m->functions[function];
    struct ghost_str full = full_name(text, fn->module, fn->qualname);
    fact_name(f, NAME_FUNCTION, from && from->p != fn->module.p ? full : fn->qualname, full);
}

static void put_type(struct facts *f, const struct ghost_model *m, uint32_t type, bool with_module)
{
    char text[1024];
    if (type == GHOST_NONE) {
        fact_words(f, "an unknown type");
        return;
    }
    struct ghost_str full = full_name(text, m->types[type].module, m->types[type].qualname);
    fact_name(f, NAME_TYPE, with_module ? full : m->types[type].qualname, full);
}

/* ---- signatures ---- */

struct signature_walk { struct facts *f; const struct ghost_model *m; const struct ghost_model_signature *s; bool begun; };

static void put_argument(struct signature_walk *w, uint32_t param, const char *stars, const struct ghost_str *name)
{
    if (w->begun)
        fact_words(w->f, ", ");
    w->begun = true;
    fact_words(w->f, stars);
    if (name) {
        fact_name(w->f, NAME_PARAM, *name, *name);
        fact_words(w->f, "=");
    }
    if (w->s->types[param] == GHOST_NONE)
        fact_words(w->f, "-");
    else
        put_type(w->f, w->m, w->s->types[param], false);
}

/* The text of build_signature_text, with its names as names. */
static void put_signature(struct facts *f, const struct ghost_model *m, uint32_t signature)
{
    const struct ghost_model_signature *s = &m->signatures[signature];
    const struct ghost_model_function *fn = &m->functions[s->function];
    struct signature_walk w = { f, m, s, false };
    uint32_t varargs = fn->n_positional + fn->n_kwonly;
    if (s->other || !s->defined) {
        fact_words(f, s->other ? "(...)" : "(?)");
        return;
    }
    fact_words(f, "(");
    for (uint32_t i = 0; i < fn->n_positional && i < s->n_types; i++)
        put_argument(&w, i, "", NULL);
    if (fn->co_flags & GHOST_CO_VARARGS && varargs < s->n_types)
        put_argument(&w, varargs, "*", NULL);
    for (uint32_t i = fn->n_positional; i < varargs && i < s->n_types; i++)
        put_argument(&w, i, "", &fn->params[i]);
    if (fn->co_flags & GHOST_CO_VARKEYWORDS && s->n_types)
        put_argument(&w, s->n_types - 1, "**", NULL);
    fact_words(f, ")");
}

/* An annotation: its identifiers are names of types, the rest is punctuation. */
static void put_annotation(struct facts *f, struct ghost_str text)
{
    for (uint32_t i = 0; i < text.len;) {
        uint32_t n = 0;
        while (i + n < text.len && (isalnum((unsigned char)text.p[i + n]) || strchr("_.", text.p[i + n]) || (unsigned char)text.p[i + n] >= 0x80))
            n++;
        struct ghost_str word = { text.p + i, n ? n : 1 };
        if (n) {
            fact_name(f, NAME_TYPE, word, word);
        } else {
            char mark[2] = { text.p[i], '\0' };
            fact_words(f, mark);
        }
        i += word.len;
    }
}

/* ---- one piece after another ---- */

static void put_piece(struct facts *f, const struct atlas *a, const struct piece *p)
{
    char text[HUMAN];
    switch (p->kind) {
    case PIECE_COUNT: fact_number(f, (double)p->n, UNIT_COUNT, human_count(text, p->n)); break;
    case PIECE_PLAIN: snprintf(text, sizeof text, "%llu", (unsigned long long)p->n); fact_number(f, (double)p->n, UNIT_PLAIN, text); break;
    case PIECE_TIME: fact_number(f, p->value, UNIT_NS, human_ns(text, p->value)); break;
    case PIECE_SPAN: put_span(f, p->value); break;
    case PIECE_SHARE: put_share(f, p->n, p->of); break;
    case PIECE_RATIO: put_ratio(f, p->value); break;
    case PIECE_FUNCTION: put_function(f, a->m, (uint32_t)p->n, NULL); break;
    case PIECE_CALLER: put_function(f, a->m, (uint32_t)p->n, &a->m->functions[p->of].module); break;
    case PIECE_SIGNATURE: put_signature(f, a->m, (uint32_t)p->n); break;
    case PIECE_TYPE: put_type(f, a->m, (uint32_t)p->n, false); break;
    case PIECE_FULL_TYPE: put_type(f, a->m, (uint32_t)p->n, true); break;
    case PIECE_TEXT: fact_name(f, NAME_TEXT, p->s, p->s); break;
    case PIECE_PARAM: fact_name(f, NAME_PARAM, p->s, p->s); break;
    case PIECE_FILE: fact_name(f, NAME_FILE, p->s, p->s); break;
    case PIECE_MODULE: fact_name(f, NAME_MODULE, p->s, p->s); break;
    case PIECE_ANNOTATION: put_annotation(f, p->s); break;
    }
}

/* "1 calls": the word behind a one loses its s. Bytes to skip of the words that follow. */
static const char *plural_after(const struct piece *p, const char *words, char singular[32])
{
    static const char *const plurals[] = { " calls", " times", " events", " functions", " threads", " types", " callers", " signatures" };
    for (size_t i = 0; p->kind == PIECE_COUNT && p->n == 1 && i < sizeof plurals / sizeof *plurals; i++) {
        size_t n = strlen(plurals[i]);
        if (strncmp(words, plurals[i], n) != 0 || isalnum((unsigned char)words[n]))
            continue;
        memcpy(singular, plurals[i], n - 1);
        singular[n - 1] = '\0';
        return words + n;
    }
    return words;
}

void put_pieces(struct facts *f, const struct atlas *a, const char *words, const struct piece *pieces, size_t n)
{
    char run[512];
    for (size_t used = 0; *words;) {
        const char *hole = strstr(words, "{}");
        size_t len = hole ? (size_t)(hole - words) : strlen(words);
        if (len >= sizeof run)
            len = sizeof run - 1;
        memcpy(run, words, len);
        run[len] = '\0';
        fact_words(f, run);
        words += len;
        if (hole == words) {
            char singular[32] = "";
            words += 2;
            if (used < n) {
                put_piece(f, a, &pieces[used]);
                words = plural_after(&pieces[used++], words, singular);
                fact_words(f, singular);
            }
        }
    }
}

void put_calls(struct facts *f, const struct atlas *a, uint64_t n, const char *one, const char *many)
{
    PUT(f, a, "{} ", P_COUNT(n));
    fact_words(f, n == 1 ? one : many);
}
