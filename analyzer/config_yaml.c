/* config_yaml.c - libyaml's events to a tree. */
#include "config_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

void config_problem(struct config_problems *p, unsigned line, unsigned column, const char *fmt, ...)
{
    char text[512];
    va_list args;
    if (p->n == CONFIG_PROBLEMS) {
        p->more++;
        return;
    }
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0)
        n = 0;
    size_t len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    for (size_t i = 0; i < len; i++)                 /* what the file says must not steer a terminal */
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
    char *copy = arena_copy(p->arena, text, len + 1);
    if (!copy)
        return;
    copy[len] = '\0';
    p->v[p->n++] = (struct config_problem){ line, column, copy };
}

/* ---- the tree ---- */

struct reading {
    yaml_parser_t parser;
    struct config_problems *p;
    size_t nodes;
    bool broken;                     /* no further event can be read, or none makes sense */
};

static unsigned line_of(const yaml_mark_t *m) { return (unsigned)m->line + 1; }
static unsigned column_of(const yaml_mark_t *m) { return (unsigned)m->column + 1; }

static void break_off(struct reading *r, const yaml_mark_t *m, const char *why)
{
    if (!r->broken)
        config_problem(r->p, line_of(m), column_of(m), "%s", why);
    r->broken = true;
}

static void tell_syntax(struct reading *r)
{
    const yaml_parser_t *y = &r->parser;
    if (y->error == YAML_READER_ERROR) {
        yaml_mark_t at = y->mark;
        config_problem(r->p, line_of(&at), column_of(&at), "not readable as text: %s (byte %zu)", y->problem, y->problem_offset);
    } else {
        config_problem(r->p, line_of(&y->problem_mark), column_of(&y->problem_mark), "not YAML: %s%s%s",
                       y->problem ? y->problem : "unknown error", y->context ? " " : "", y->context ? y->context : "");
    }
    r->broken = true;
}

static bool next_event(struct reading *r, yaml_event_t *e)
{
    if (r->broken || !yaml_parser_parse(&r->parser, e)) {
        if (!r->broken)
            tell_syntax(r);
        return false;
    }
    return true;
}

static struct config_node *new_node(struct reading *r, const yaml_event_t *e, enum config_kind kind)
{
    struct config_node *n = ++r->nodes > CONFIG_NODES ? NULL : arena_alloc(r->p->arena, sizeof *n);
    if (!n) {
        break_off(r, &e->start_mark, r->nodes > CONFIG_NODES ? "too many values for a file of settings" : "out of memory");
        return NULL;
    }
    *n = (struct config_node){ .kind = kind, .line = line_of(&e->start_mark), .column = column_of(&e->start_mark) };
    return n;
}

/* Anchors and tags change what a reader sees; so does text with a NUL in it. */
static void check_extras(struct reading *r, const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        config_problem(r->p, line_of(&e->start_mark), column_of(&e->start_mark),
                       "anchors (&%.40s) are not supported: write the value out where it is needed", (const char *)anchor);
    if (tag)
        config_problem(r->p, line_of(&e->start_mark), column_of(&e->start_mark),
                       "tags (%.40s) are not supported: write the value without it", (const char *)tag);
}

static bool is_null(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static struct config_node *scalar(struct reading *r, const yaml_event_t *e)
{
    struct config_node *n = new_node(r, e, CONFIG_SCALAR);
    const char *text = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    check_extras(r, e, e->data.scalar.anchor, e->data.scalar.tag);
    if (!n)
        return NULL;
    if (strlen(text) != len)
        config_problem(r->p, n->line, n->column, "a value with a NUL character in it");
    n->text = arena_copy(r->p->arena, text, strlen(text) + 1);
    n->missing = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && is_null(text);
    if (!n->text)
        break_off(r, &e->start_mark, "out of memory");
    return n->text ? n : NULL;
}

static struct config_node *node(struct reading *r, yaml_event_t *e, unsigned depth);

static struct config_node *find_member(struct config_node *map, const char *key)
{
    for (struct config_node *n = map->child; n; n = n->next)
        if (n->key && strcmp(n->key, key) == 0)
            return n;
    return NULL;
}

/* The key of a member: NULL when it is not usable (told). Its value is read all the same. */
static const char *member_key(struct reading *r, struct config_node *map, yaml_event_t *e, unsigned depth)
{
    unsigned line = line_of(&e->start_mark), column = column_of(&e->start_mark);
    struct config_node *key = node(r, e, depth), *before;
    if (r->broken)
        return NULL;
    if (!key || key->kind != CONFIG_SCALAR || key->missing) {
        config_problem(r->p, line, column, "a key must be a plain name");
        return NULL;
    }
    if (strcmp(key->text, "<<") == 0) {
        config_problem(r->p, line, column, "merge keys (<<) are not supported: write the settings out");
        return NULL;
    }
    before = find_member(map, key->text);
    if (before)
        config_problem(r->p, line, column, "'%.40s' stands here again; it was set in line %u", key->text, before->key_line);
    return before ? NULL : key->text;
}

static void members(struct reading *r, struct config_node *map, unsigned depth)
{
    struct config_node **end = &map->child;
    yaml_event_t e;
    while (next_event(r, &e)) {
        bool last = e.type == YAML_MAPPING_END_EVENT;
        unsigned line = line_of(&e.start_mark), column = column_of(&e.start_mark);
        const char *key = last ? NULL : member_key(r, map, &e, depth);
        yaml_event_delete(&e);
        if (last || !next_event(r, &e))
            return;
        struct config_node *value = node(r, &e, depth);
        yaml_event_delete(&e);
        if (!key || !value)
            continue;
        value->key = key;
        value->key_line = line;
        value->key_column = column;
        *end = value;
        end = &value->next;
    }
}

static void items(struct reading *r, struct config_node *list, unsigned depth)
{
    struct config_node **end = &list->child;
    yaml_event_t e;
    while (next_event(r, &e)) {
        bool last = e.type == YAML_SEQUENCE_END_EVENT;
        struct config_node *item = last ? NULL : node(r, &e, depth);
        yaml_event_delete(&e);
        if (last)
            return;
        if (item) {
            *end = item;
            end = &item->next;
        }
    }
}

/* The node that begins with the event; NULL when there is none to use (told). */
static struct config_node *node(struct reading *r, yaml_event_t *e, unsigned depth)
{
    struct config_node *n = NULL;
    if (depth > CONFIG_DEPTH) {
        break_off(r, &e->start_mark, "nested too deeply");
    } else if (e->type == YAML_SCALAR_EVENT) {
        n = scalar(r, e);
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        check_extras(r, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        n = new_node(r, e, CONFIG_MAP);
        if (n)
            members(r, n, depth + 1);
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        check_extras(r, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        n = new_node(r, e, CONFIG_LIST);
        if (n)
            items(r, n, depth + 1);
    } else if (e->type == YAML_ALIAS_EVENT) {
        config_problem(r->p, line_of(&e->start_mark), column_of(&e->start_mark),
                       "aliases (*%.40s) are not supported: write the value out", (const char *)e->data.alias.anchor);
    }
    return n;
}

static void documents(struct reading *r, struct config_node **root)
{
    yaml_event_t e;
    unsigned n = 0;
    bool end = false;
    while (!end && next_event(r, &e)) {
        end = e.type == YAML_STREAM_END_EVENT;
        if (e.type == YAML_DOCUMENT_START_EVENT && n++ > 0)
            break_off(r, &e.start_mark, "a second document: settings are one document, without a line of ---");
        else if (e.type == YAML_SCALAR_EVENT || e.type == YAML_MAPPING_START_EVENT || e.type == YAML_SEQUENCE_START_EVENT)
            *root = node(r, &e, 0);
        yaml_event_delete(&e);
    }
}

int config_yaml_parse(const char *text, size_t n, struct config_node **root, struct config_problems *p, struct ghost_err *err)
{
    struct reading r = { .p = p };
    *root = NULL;
    if (!yaml_parser_initialize(&r.parser))
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading settings");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    documents(&r, root);
    yaml_parser_delete(&r.parser);
    if (p->arena->failed)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading settings");
    if (r.broken || (*root && (*root)->kind == CONFIG_SCALAR && (*root)->missing))
        *root = NULL;
    return 0;
}

/* ---- the file ---- */

static int read_all(int fd, const char *path, char *text, size_t *n, struct ghost_err *err)
{
    ssize_t got;
    *n = 0;
    while ((got = read(fd, text + *n, CONFIG_BYTES + 1 - *n)) > 0)
        *n += (size_t)got;
    if (got < 0)
        return ghost_fail(err, GHOST_E_IO, "cannot read %s: %s", path, strerror(errno));
    if (*n > CONFIG_BYTES)
        return ghost_fail(err, GHOST_E_LIMIT, "%s is larger than %d KiB, which is too much for a file of settings", path, CONFIG_BYTES / 1024);
    return 0;
}

int config_yaml_read(const char *path, struct config_node **root, struct config_problems *p, struct ghost_err *err)
{
    struct stat st;
    size_t n = 0;
    char *text = NULL;
    int ret = GHOST_E_IO, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *root = NULL;
    if (fd < 0)
        return ghost_fail(err, errno == ENOENT ? GHOST_E_NOT_FOUND : GHOST_E_IO, "cannot read the settings in %s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        ghost_fail(err, ret, "%s is not a regular file, so there are no settings to read", path);
        goto out;
    }
    text = malloc(CONFIG_BYTES + 1);
    ret = text ? read_all(fd, path, text, &n, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading settings");
    if (ret == 0)
        ret = config_yaml_parse(text, n, root, p, err);
out:
    free(text);
    close(fd);
    return ret;
}
