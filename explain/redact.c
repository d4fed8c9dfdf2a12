/* redact.c - names to tokens and back. */
#include "redact.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codename.h"
#include "format/base.h"

static bool is_public(const struct fact *f, const struct fact_name *n)
{
    bool builtin = strncmp(n->full, "builtins.", 9) == 0;
    return n->kind == NAME_TYPE && (builtin ? is_python_name(n->full + 9, strlen(n->full + 9)) : is_python_name(f->text + n->at, n->len));
}

static const struct redacted_name *find(const struct redaction *r, const struct fact *f, const struct fact_name *n)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i].full, n->full) == 0 && strlen(r->v[i].shown) == n->len && memcmp(r->v[i].shown, f->text + n->at, n->len) == 0)
            return &r->v[i];
    return NULL;
}

/* One program element has one token, however it is shown. */
static void number(const struct redaction *r, struct redacted_name *name, enum fact_name_kind kind, uint32_t *next)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i].full, name->full) == 0 && strncmp(r->v[i].token, fact_name_tokens[kind], strlen(fact_name_tokens[kind])) == 0) {
            memcpy(name->token, r->v[i].token, sizeof name->token);
            return;
        }
    snprintf(name->token, sizeof name->token, "%s_%u", fact_name_tokens[kind], ++next[kind]);
}

static bool add_names(struct redaction *r, const struct fact *f, uint32_t *next)
{
    for (uint32_t i = 0; i < f->n_names; i++) {
        const struct fact_name *n = &f->names[i];
        if (is_public(f, n) || find(r, f, n))
            continue;
        struct redacted_name *grown = realloc(r->v, (r->n + 1) * sizeof *grown);
        if (!grown)
            return false;
        r->v = grown;
        struct redacted_name *name = &grown[r->n];
        *name = (struct redacted_name){ .shown = strndup(f->text + n->at, n->len), .full = strdup(n->full) };
        if (!name->shown || !name->full) {
            free(name->shown);
            free(name->full);
            return false;
        }
        number(r, name, n->kind, next);
        r->n++;
    }
    return true;
}

int redaction_make(struct redaction *r, const struct facts *f, bool on, struct ghost_err *err)
{
    uint32_t next[NAME_COUNT] = { 0 };
    *r = (struct redaction){ .on = on };
    for (uint32_t i = 0; on && i < f->n; i++)
        if (!add_names(r, &f->v[i], next)) {
            redaction_release(r);
            return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
        }
    return 0;
}

void redaction_release(struct redaction *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        free(r->v[i].shown);
        free(r->v[i].full);
    }
    free(r->v);
    *r = (struct redaction){ 0 };
}

static char *finish(struct ghost_buf *b)
{
    buf_put(b, "", 1);
    if (!b->failed)
        return (char *)b->p;
    ghost_buf_release(b);
    return NULL;
}

char *redact_fact(const struct redaction *r, const struct fact *f)
{
    struct ghost_buf b = { 0 };
    uint32_t at = 0;
    for (uint32_t i = 0; r->on && i < f->n_names; i++) {
        const struct redacted_name *name = find(r, f, &f->names[i]);
        if (!name)
            continue;
        buf_put(&b, f->text + at, f->names[i].at - at);
        buf_put(&b, name->token, strlen(name->token));
        at = f->names[i].at + f->names[i].len;
    }
    buf_put(&b, f->text + at, f->len - at);
    return finish(&b);
}

static bool is_word(unsigned char c) { return isalnum(c) || c == '_' || c >= 0x80; }

static bool stands_alone(const char *text, const char *p, size_t len)
{
    return (p == text || !is_word((unsigned char)p[-1])) && !is_word((unsigned char)p[len]);
}

char *redact_question(const struct redaction *r, const char *text)
{
    struct ghost_buf b = { 0 };
    for (const char *p = text; *p;) {
        const struct redacted_name *best = NULL;
        size_t longest = 0;
        for (uint32_t i = 0; i < r->n; i++) {
            const char *forms[] = { r->v[i].shown, r->v[i].full };
            for (unsigned k = 0; k < 2; k++) {
                size_t n = strlen(forms[k]);
                if (n > longest && strncmp(p, forms[k], n) == 0 && stands_alone(text, p, n)) {
                    longest = n;
                    best = &r->v[i];
                }
            }
        }
        if (best)
            buf_put(&b, best->token, strlen(best->token));
        else
            buf_put(&b, p, 1);
        p += best ? longest : 1;
    }
    return finish(&b);
}

char *redact_restore(const struct redaction *r, const char *text)
{
    struct ghost_buf b = { 0 };
    for (const char *p = text; *p;) {
        const struct redacted_name *found = NULL;
        for (uint32_t i = 0; i < r->n && !found; i++)
            if (strncmp(p, r->v[i].token, strlen(r->v[i].token)) == 0 && stands_alone(text, p, strlen(r->v[i].token)))
                found = &r->v[i];
        if (found)
            buf_put(&b, found->shown, strlen(found->shown));
        else
            buf_put(&b, p, 1);
        p += found ? strlen(found->token) : 1;
    }
    return finish(&b);
}
