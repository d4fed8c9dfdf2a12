/* backends.c - the table of backends, and what they share. */
#include "backend.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "plain.h"

const struct backend *const backends[] = {
#define X(name) &backend_##name,
    BACKENDS(X)
#undef X
    NULL
};

const struct backend *backend_find(const char *name)
{
    for (const struct backend *const *b = backends; *b; b++)
        if (strcmp((*b)->name, name) == 0)
            return *b;
    return NULL;
}

void reply_release(struct reply *r)
{
    ghost_buf_release(&r->text);
    free(r->version);
    free(r->finish);
    free(r->blocked);
    free(r->retirement);
    *r = (struct reply){ 0 };
}

void reply_set(char **member, const char *value)
{
    enum { LONGEST = 200 };
    char *copy = value ? strndup(value, LONGEST) : NULL;
    if (!copy)
        return;
    plain_text_in_place(copy);
    free(*member);
    *member = copy;
}

/* ---- errors ---- */

/* One line, bounded, harmless on a terminal. */
static void put_text(char *out, size_t size, const char *text, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n && text[i] && len + 1 < size; i++) {
        unsigned char c = (unsigned char)text[i];
        bool blank = isspace(c) || c < 0x20 || c == 0x7f;
        if (blank && (len == 0 || out[len - 1] == ' '))
            continue;
        out[len++] = blank ? ' ' : (char)c;
    }
    while (len && ((unsigned char)out[len - 1] & 0xc0) == 0x80)     /* no half of a character at the end */
        len--;
    if (len && (unsigned char)out[len - 1] >= 0xc0)
        len--;
    out[len] = '\0';
    plain_text_in_place(out);
}

static void put_string(char *out, size_t size, const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    if (text)
        put_text(out, size, text, strlen(text));
}

/* "34s", "0.5s" */
static double seconds_of(const char *text)
{
    char *end;
    double value = text ? strtod(text, &end) : -1;
    return text && end != text && value >= 0 && value < 1e9 ? value : -1;
}

static void take_detail(struct api_error *e, const cJSON *detail)
{
    const char *delay = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(detail, "retryDelay"));
    const cJSON *violation;
    if (delay && seconds_of(delay) >= 0)
        e->retry_delay = seconds_of(delay);
    cJSON_ArrayForEach(violation, cJSON_GetObjectItemCaseSensitive(detail, "violations")) {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(violation, "quotaId"));
        e->daily = e->daily || (id && strcasestr(id, "PerDay"));
    }
}

static void take_error(struct api_error *e, const cJSON *root)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(root, "error"), *detail;
    if (cJSON_IsString(error)) {
        put_string(e->message, sizeof e->message, error);
        return;
    }
    error = cJSON_IsObject(error) ? error : root;
    put_string(e->message, sizeof e->message, cJSON_GetObjectItemCaseSensitive(error, "message"));
    put_string(e->status, sizeof e->status, cJSON_GetObjectItemCaseSensitive(error, "status"));
    if (!e->status[0])
        put_string(e->status, sizeof e->status, cJSON_GetObjectItemCaseSensitive(error, "code"));
    if (!e->message[0])
        put_string(e->message, sizeof e->message, cJSON_GetObjectItemCaseSensitive(error, "detail"));
    cJSON_ArrayForEach(detail, cJSON_GetObjectItemCaseSensitive(error, "details"))
        take_detail(e, detail);
}

void api_error_parse(struct api_error *e, const char *body, size_t n)
{
    *e = (struct api_error){ .retry_delay = -1 };
    cJSON *root = n ? cJSON_ParseWithLength(body, n) : NULL;
    const cJSON *first = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, 0) : root;
    if (cJSON_IsObject(first))
        take_error(e, first);
    else if (n)
        put_text(e->message, sizeof e->message < 160 ? sizeof e->message : 160, body, n);
    cJSON_Delete(root);
}
