/* overview_cache.c - see overview_cache.h. One line a session:
 * id, change time, size, processes, open, partial, events, lost, bytes, start, end, script. */
#include "overview_cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clean_session.h"
#include "ghost/archive.h"

#define NAME ".overview"
#define FIRST_LINE "ghost overview 2\n"
enum { FILE_MAX = 64 << 20, NUMBERS = 10 };

struct line { const char *id; int64_t changed; uint64_t size; struct overview o; };

struct overview_cache {
    int root;
    char *text;                          /* of the file; the lines point into it */
    struct line *lines; size_t n, cap;
    struct line *fresh; size_t n_fresh, cap_fresh;    /* their texts are their own */
};

/* ---- reading ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->id, ((const struct line *)b)->id);
}

static bool grow(struct line **v, size_t n, size_t *cap)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 256;
    struct line *longer = realloc(*v, more * sizeof *longer);
    if (!longer)
        return false;
    *v = longer;
    *cap = more;
    return true;
}

/* Cuts the line's fields out of the text. False: not one of ours. */
static bool parse(char *p, struct line *l)
{
    uint64_t numbers[NUMBERS];
    char *end = strchr(p, '\t');
    if (!end)
        return false;
    *end = '\0';
    *l = (struct line){ .id = p };
    for (size_t i = 0; i < NUMBERS; i++) {
        p = end + 1;
        numbers[i] = strtoull(p, &end, 10);
        if (end == p || *end != '\t')
            return false;
    }
    l->changed = (int64_t)numbers[0];
    l->size = numbers[1];
    l->o = (struct overview){ .processes = (uint32_t)numbers[2], .open = (uint32_t)numbers[3], .events_partial = numbers[4], .events = numbers[5],
                              .lost = numbers[6], .bytes = numbers[7], .start_real = numbers[8], .end_real = numbers[9], .script = end[1] ? end + 1 : NULL };
    return true;
}

static void parse_all(struct overview_cache *c)
{
    char *p = c->text;
    if (strncmp(p, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return;
    for (p += strlen(FIRST_LINE); *p;) {
        char *end = strchr(p, '\n');
        if (!end)
            break;
        *end = '\0';
        if (!grow(&c->lines, c->n, &c->cap))
            break;
        c->n += parse(p, &c->lines[c->n]);
        p = end + 1;
    }
    if (c->n)
        qsort(c->lines, c->n, sizeof *c->lines, by_id);
}

static char *read_text(int root)
{
    struct stat st;
    int fd = openat(root, NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < FILE_MAX && (text = malloc((size_t)st.st_size + 1))) {
        ssize_t got = read(fd, text, (size_t)st.st_size);
        text[got > 0 ? got : 0] = '\0';
    }
    if (fd >= 0)
        close(fd);
    return text;
}

struct overview_cache *overview_cache_open(const char *root)
{
    struct overview_cache *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->root >= 0 && (c->text = read_text(c->root)))
        parse_all(c);
    return c;
}

/* ---- asking ---- */

static bool look(const struct overview_cache *c, const struct session *s, struct line *l)
{
    struct stat st;
    const char *slash = strrchr(s->path, '/');
    if (c->root < 0 || !slash || fstatat(c->root, slash + 1, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    l->id = s->id;
    l->changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    l->size = (uint64_t)st.st_size;
    return true;
}

/* 1 known, 0 not, or NOMEM. */
static int found(const struct overview_cache *c, const struct line *now, struct overview *o)
{
    const struct line *l = c->n ? bsearch(now, c->lines, c->n, sizeof *l, by_id) : NULL;
    if (!l || l->changed != now->changed || l->size != now->size)
        return 0;
    *o = l->o;
    o->script = l->o.script ? strdup(l->o.script) : NULL;
    return l->o.script && !o->script ? GHOST_E_NOMEM : 1;
}

/* Nothing that a later look could see otherwise: all processes have ended, or were killed. */
static bool settled(const struct overview_cache *c, const struct session *s, const struct overview *o)
{
    struct clean_look look;
    enum session_form form = s->is_archive ? SESSION_ARCHIVE : s->is_db ? SESSION_DB : SESSION_FOLDER;
    if (!o->processes || o->unreadable || (o->script && strpbrk(o->script, "\t\n")))
        return false;
    return !o->open || (clean_look(c->root, s->id, form, &look) && !look.running);
}

static void remember(struct overview_cache *c, const struct session *s, const struct line *now, const struct overview *o)
{
    if (!settled(c, s, o) || !grow(&c->fresh, c->n_fresh, &c->cap_fresh))
        return;
    struct line *l = &c->fresh[c->n_fresh];
    *l = *now;
    l->o = *o;
    l->o.script = o->script ? strdup(o->script) : NULL;
    l->id = strdup(now->id);
    c->n_fresh += l->id != NULL;
}

int overview_cached(struct overview_cache *c, struct overview *o, const struct session *s)
{
    struct line now = { 0 };
    bool known = c && look(c, s, &now);
    int ret = known ? found(c, &now, o) : 0;
    if (ret != 0)
        return ret < 0 ? ret : 0;
    ret = overview_read(o, s, NULL);
    if (known && ret == 0)
        remember(c, s, &now, o);
    return ret;
}

/* ---- writing ---- */

static void put(FILE *f, const struct line *l)
{
    fprintf(f, "%s\t%" PRId64 "\t%" PRIu64 "\t%" PRIu32 "\t%" PRIu32 "\t%d\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", l->id, l->changed, l->size,
            l->o.processes, l->o.open, l->o.events_partial, l->o.events, l->o.lost, l->o.bytes, l->o.start_real, l->o.end_real, l->o.script ? l->o.script : "");
}

/* Lines of sessions that are gone are left out. */
static bool still_there(const struct overview_cache *c, const char *id)
{
    struct stat st;
    char archive[300];
    snprintf(archive, sizeof archive, "%s%s", id, GHOST_ARCHIVE_SUFFIX);
    return fstatat(c->root, id, &st, AT_SYMLINK_NOFOLLOW) == 0 || fstatat(c->root, archive, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void write_all(const struct overview_cache *c, FILE *f)
{
    fputs(FIRST_LINE, f);
    for (size_t i = 0; i < c->n_fresh; i++)
        put(f, &c->fresh[i]);
    for (size_t i = 0; i < c->n; i++)
        if (!bsearch(&c->lines[i], c->fresh, c->n_fresh, sizeof *c->fresh, by_id) && still_there(c, c->lines[i].id))
            put(f, &c->lines[i]);
}

static void save(struct overview_cache *c)
{
    char name[64];
    snprintf(name, sizeof name, NAME ".%ld.tmp", (long)getpid());
    int fd = openat(c->root, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        if (fd >= 0)
            close(fd);
        return;
    }
    qsort(c->fresh, c->n_fresh, sizeof *c->fresh, by_id);
    write_all(c, f);
    bool good = !ferror(f);
    if (fclose(f) != 0 || !good || renameat(c->root, name, c->root, NAME) != 0)
        unlinkat(c->root, name, 0);
}

void overview_cache_close(struct overview_cache *c)
{
    if (!c)
        return;
    if (c->n_fresh && c->root >= 0)
        save(c);
    for (size_t i = 0; i < c->n_fresh; i++) {
        free((char *)c->fresh[i].id);
        free(c->fresh[i].o.script);
    }
    if (c->root >= 0)
        close(c->root);
    free(c->fresh);
    free(c->lines);
    free(c->text);
    free(c);
}
