/* sse.c - the event stream format, as far as it carries data. */
#include "sse.h"

#include <string.h>

#include "format/base.h"
#include "ghost/err.h"

static bool is_field(const char *line, size_t n, const char *name)
{
    size_t len = strlen(name);
    return n >= len && memcmp(line, name, len) == 0 && (n == len || line[len] == ':');
}

static int dispatch(struct sse *s)
{
    if (!s->has_data)
        return 0;
    s->has_data = false;
    buf_put(&s->data, "", 1);
    int ret = s->data.failed ? GHOST_E_NOMEM : s->event(s->self, (const char *)s->data.p, s->data.len - 1);
    buf_clear(&s->data);
    return ret;
}

static int take_line(struct sse *s)
{
    const char *line = (const char *)s->line.p;
    size_t n = s->line.len;
    int ret = 0;
    if (n && line[n - 1] == '\r')
        n--;
    if (n == 0) {
        ret = dispatch(s);
    } else if (is_field(line, n, "data")) {
        size_t skip = n > 4 ? 5 : 4;
        skip += n > skip && line[skip] == ' ';
        if (s->has_data)
            buf_put(&s->data, "\n", 1);
        buf_put(&s->data, line + skip, n - skip);
        s->has_data = true;
    } else if (!is_field(line, n, "event") && !is_field(line, n, "id") && !is_field(line, n, "retry") && line[0] != ':') {
        buf_put(&s->stray, line, n);
        buf_put(&s->stray, "\n", 1);
    }
    buf_clear(&s->line);
    return ret;
}

int sse_feed(struct sse *s, const char *bytes, size_t n)
{
    int ret = 0;
    while (n && ret == 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t len = end ? (size_t)(end - bytes) : n;
        buf_put(&s->line, bytes, len);
        if (end)
            ret = take_line(s);
        len += end != NULL;
        bytes += len;
        n -= len;
    }
    return ret ? ret : s->line.failed || s->data.failed || s->stray.failed ? GHOST_E_NOMEM : 0;
}

int sse_end(struct sse *s)
{
    int ret = s->line.len ? take_line(s) : 0;
    return ret ? ret : dispatch(s);
}

void sse_release(struct sse *s)
{
    ghost_buf_release(&s->line);
    ghost_buf_release(&s->data);
    ghost_buf_release(&s->stray);
}
