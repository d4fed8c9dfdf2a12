/* answer.c - claims out of JSON that may be cut anywhere, wrapped in anything, or no JSON at all. */
#include "answer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "format/base.h"
#include "plain.h"

enum { DEPTH_MAX = 60 };

/* It goes to a terminal. */
static char *clean(const char *p, size_t n)
{
    char *out = malloc(n + 1);
    size_t len = 0;
    for (size_t i = 0, k; out && i < n; i += k) {
        if (plain_char(p + i, n - i, &k)) {
            memcpy(out + len, p + i, k);
            len += k;
        } else if (len && out[len - 1] != ' ') {
            out[len++] = ' ';
        }
    }
    if (out)
        out[len] = '\0';
    return out;
}

static int emit(struct answer *a, const char *text, size_t n, const cJSON *facts, bool missing)
{
    struct claim c = { .missing = missing };
    const cJSON *f;
    while (n && isspace((unsigned char)*text))
        text++, n--;
    if (n == 0 || a->n >= ANSWER_CLAIMS)
        return 0;
    if (n > ANSWER_TEXT)
        for (n = ANSWER_TEXT; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
            ;
    cJSON_ArrayForEach(f, facts) {
        const cJSON *number = f;
        const char *digits = cJSON_GetStringValue(f);
        unsigned long value = digits ? strtoul(digits, NULL, 10) : cJSON_IsNumber(number) && f->valuedouble >= 0 && f->valuedouble < 1e6 ? (unsigned long)f->valuedouble : 0;
        if (c.n_cited < ANSWER_CITED)
            c.cited[c.n_cited++] = (unsigned)(value < 1000000 ? value : 0);
    }
    c.text = clean(text, n);
    if (!c.text)
        return GHOST_E_NOMEM;
    a->n++;
    return a->claim(a->self, &c);
}

/* ---- JSON as it comes ---- */

static int close_claim(struct answer *a, size_t end)
{
    int ret = 0;
    cJSON *o = cJSON_ParseWithLength((const char *)a->text.p + a->start, end - a->start);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "text"));
    const cJSON *facts = cJSON_GetObjectItemCaseSensitive(o, "facts");
    if (text)
        ret = emit(a, text, strlen(text), cJSON_IsArray(facts) ? facts : NULL, false);
    cJSON_Delete(o);
    return ret;
}

static int step(struct answer *a, char c, size_t at)
{
    if (a->in_string) {
        a->in_string = a->escaped || c != '"';
        a->escaped = !a->escaped && c == '\\';
        return 0;
    }
    switch (c) {
    case '"':
        a->in_string = a->begun;
        break;
    case '{': case '[':
        if (a->depth >= DEPTH_MAX) {
            a->overflow = true;
            break;
        }
        /* a claim is an object inside an array */
        if (c == '{' && a->depth && a->arrays >> a->depth & 1 && !a->claim_depth) {
            a->start = at;
            a->claim_depth = a->depth + 1;
        }
        a->depth++;
        a->arrays &= ~(UINT64_C(1) << a->depth);
        a->arrays |= (uint64_t)(c == '[') << a->depth;
        a->begun = true;
        break;
    case '}': case ']':
        if (a->depth && a->depth == a->claim_depth) {
            a->claim_depth = 0;
            a->depth--;
            return close_claim(a, at + 1);
        }
        a->depth -= a->depth > 0;
        break;
    default:
        break;
    }
    return 0;
}

int answer_feed(struct answer *a, const char *text, size_t n)
{
    int ret = 0;
    buf_put(&a->text, text, n);
    if (a->text.failed)
        return GHOST_E_NOMEM;
    while (a->at < a->text.len && ret == 0 && !a->overflow) {
        ret = step(a, (char)a->text.p[a->at], a->at);
        a->at++;
    }
    return ret;
}

/* ---- the end ---- */

static int emit_missing(struct answer *a, const char *text, size_t n)
{
    int ret = 0;
    const char *from = memchr(text, '{', n);
    cJSON *root = from ? cJSON_ParseWithLength(from, n - (size_t)(from - text)) : NULL;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "not_in_facts"), *item;
    cJSON_ArrayForEach(item, list)
        if (cJSON_IsString(item) && ret == 0)
            ret = emit(a, item->valuestring, strlen(item->valuestring), NULL, true);
    cJSON_Delete(root);
    return ret;
}

/* "[3, 4]" in prose, as a JSON array. */
static cJSON *citations_in(const char *p, size_t n)
{
    cJSON *all = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '[' || i + 1 >= n || !isdigit((unsigned char)p[i + 1]))
            continue;
        for (i++; i < n && p[i] != ']'; i++) {
            unsigned long value = 0;
            size_t digits = 0;
            while (i < n && isdigit((unsigned char)p[i]) && digits < 6) {
                value = 10 * value + (unsigned long)(p[i++] - '0');
                digits++;
            }
            if (digits)
                cJSON_AddItemToArray(all, cJSON_CreateNumber((double)value));
            if (i >= n || p[i] == ']')
                break;
        }
    }
    return all;
}

/* Prose: a line is a claim, and cites what it has in brackets. */
static int emit_lines(struct answer *a, const char *text, size_t n)
{
    int ret = 0;
    while (n && ret == 0) {
        const char *end = memchr(text, '\n', n);
        size_t len = end ? (size_t)(end - text) : n;
        cJSON *cited = citations_in(text, len);
        ret = emit(a, text, len, cited, false);
        cJSON_Delete(cited);
        len += end != NULL;
        text += len;
        n -= len;
    }
    return ret;
}

int answer_end(struct answer *a)
{
    const char *text = (const char *)a->text.p;
    size_t n = a->text.len, claims = a->n, lead = 0;
    if (!n)
        return GHOST_E_CORRUPT;
    int ret = emit_missing(a, text, n);
    while (lead < n && (isspace((unsigned char)text[lead]) || text[lead] == '`'))
        lead++;
    bool json = lead < n && (text[lead] == '{' || text[lead] == '[' || strncmp(text + lead, "json", n - lead < 4 ? n - lead : 4) == 0);
    if (ret == 0 && claims == 0 && a->n == 0 && !json)
        ret = emit_lines(a, text, n);
    return ret ? ret : a->n ? 0 : GHOST_E_CORRUPT;
}

void answer_release(struct answer *a)
{
    ghost_buf_release(&a->text);
}
