/* baseline.c - known findings: read, ask, write. */
#include "baseline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "out.h"

#define HEADER "# ghost baseline 1"
enum { ID = 16, LINE_MAX_BYTES = 16384 };

static bool is_id(const char *text)
{
    return strspn(text, "0123456789abcdef") == ID;
}

static int add(struct baseline *b, char *line, const char *path, unsigned number, struct ghost_err *err)
{
    char *kind = line + ID, *rest;
    if (!is_id(line) || (*kind && *kind != ' ' && *kind != '\t'))
        return ghost_fail(err, GHOST_E_CORRUPT, "%s:%u: expected an id of 16 hexadecimal digits. Repair the line, or write the "
                          "file anew with --update-baseline", path, number);
    kind += strspn(kind, " \t");
    rest = kind + strcspn(kind, " \t");
    if (*rest)
        *rest++ = '\0';
    rest += strspn(rest, " \t");
    if (!grow_array(&b->v, b->n, &b->cap, sizeof *b->v))
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading %s", path);
    struct baseline_line *to = &b->v[b->n];
    *to = (struct baseline_line){ .kind = strdup(kind), .rest = strdup(rest) };
    memcpy(to->id, line, ID);
    b->n++;
    return to->kind && to->rest ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading %s", path);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct baseline_line *)a)->id, ((const struct baseline_line *)b)->id, ID);
}

static int read_lines(struct baseline *b, FILE *f, const char *path, struct ghost_err *err)
{
    char line[LINE_MAX_BYTES];
    int ret = 0;
    for (unsigned number = 1; ret == 0 && fgets(line, sizeof line, f); number++) {
        size_t n = strcspn(line, "\r\n");
        if (n == sizeof line - 1)
            return ghost_fail(err, GHOST_E_LIMIT, "%s:%u: the line is longer than %d bytes: this is no baseline of ghost", path, number, LINE_MAX_BYTES);
        line[n] = '\0';
        if (number == 1 && strcmp(line, HEADER) != 0)
            return ghost_fail(err, GHOST_E_CORRUPT, "%s:1: a baseline begins with '%s'; this is another file, or one of a newer ghost", path, HEADER);
        if (line[0] != '#' && line[strspn(line, " \t")])
            ret = add(b, line, path, number, err);
    }
    if (ret == 0 && ferror(f))
        ret = ghost_fail(err, GHOST_E_IO, "cannot read %s: %s", path, strerror(errno));
    return ret;
}

int baseline_read(struct baseline *b, const char *path, struct ghost_err *err)
{
    *b = (struct baseline){ 0 };
    FILE *f = fopen(path, "r");
    if (!f)
        return ghost_fail(err, errno == ENOENT ? GHOST_E_NOT_FOUND : GHOST_E_IO,
                          "cannot read the baseline %s: %s. The first one is made with --update-baseline", path, strerror(errno));
    int ret = read_lines(b, f, path, err);
    fclose(f);
    if (ret < 0)
        baseline_release(b);
    else if (b->n)
        qsort(b->v, b->n, sizeof *b->v, by_id);
    return ret;
}

void baseline_release(struct baseline *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        free(b->v[i].kind);
        free(b->v[i].rest);
    }
    free(b->v);
    *b = (struct baseline){ 0 };
}

static struct baseline_line *find(const struct baseline *b, const char *id)
{
    struct baseline_line key = { .id = "" };
    memcpy(key.id, id, ID);
    return b->n ? bsearch(&key, b->v, b->n, sizeof *b->v, by_id) : NULL;
}

bool baseline_has(struct baseline *b, const char *id)
{
    struct baseline_line *line = find(b, id);
    if (line)
        line->found = true;
    return line != NULL;
}

/* ---- writing ---- */

static bool was_looked_for(const char *const *only, const char *kind)
{
    bool wanted = !only || !*only;
    for (; only && *only; only++)
        wanted = wanted || strcmp(*only, kind) == 0;
    return wanted;
}

/* One line of the new file, NULL when out of memory; names could hold line breaks, lines cannot. */
static char *new_line(const struct finding *row)
{
    char *line = NULL;
    if (asprintf(&line, "%s  %s  %s:%s%s%s%s%s", row->id, row->kind, row->module.p, row->qualname.p, row->param.len ? "  " : "",
                 row->param.p, row->observed.len ? "  " : "", row->observed.p) < 0)
        return NULL;
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = '?';
    return line;
}

static int by_rest(const void *pa, const void *pb)
{
    const char *a = *(char *const *)pa, *b = *(char *const *)pb;
    int r = strcmp(a + ID, b + ID);          /* by names, so that a change stands where its function does */
    return r ? r : memcmp(a, b, ID);
}

struct lines { char **v; uint32_t n, cap; };

static int add_line(struct lines *l, char *line, struct ghost_err *err)
{
    if (!line || !grow_array(&l->v, l->n, &l->cap, sizeof *l->v)) {
        free(line);
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while writing the baseline");
    }
    l->v[l->n++] = line;
    return 0;
}

static int collect(struct lines *l, const struct findings *f, const bool *take, const struct baseline *old,
                   const char *const *only, struct baseline_change *change, struct ghost_err *err)
{
    int ret = 0;
    for (uint32_t i = 0; i < f->n && ret == 0; i++) {
        bool known = old && find(old, f->v[i].id);
        if (!take[i])
            continue;
        change->kept += known;
        change->added += !known;
        ret = add_line(l, new_line(&f->v[i]), err);
    }
    for (uint32_t i = 0; old && i < old->n && ret == 0; i++) {
        const struct baseline_line *line = &old->v[i];
        char *text = NULL;
        if (was_looked_for(only, line->kind))
            continue;
        change->kept++;
        ret = add_line(l, asprintf(&text, "%s  %s  %s", line->id, line->kind, line->rest) < 0 ? NULL : text, err);
    }
    if (old)
        change->removed = old->n - change->kept;
    return ret;
}

int baseline_write(const char *path, const struct findings *f, const bool *take, const struct baseline *old,
                   const char *const *only, struct baseline_change *change, struct ghost_err *err)
{
    struct lines l = { 0 };
    struct out out;
    *change = (struct baseline_change){ 0 };
    int ret = collect(&l, f, take, old, only, change, err);
    if (ret == 0)
        ret = out_open(&out, path, err);
    if (ret == 0) {
        if (l.n)
            qsort(l.v, l.n, sizeof *l.v, by_rest);
        fputs(HEADER "\n# Findings that are known; `ghost anomalies --baseline` tells of others only. One line each: id, kind, function.\n", out.f);
        for (uint32_t i = 0; i < l.n; i++)
            fprintf(out.f, "%s\n", l.v[i]);
        ret = out_close(&out, 0, err);
    }
    for (uint32_t i = 0; i < l.n; i++)
        free(l.v[i]);
    free(l.v);
    return ret;
}
