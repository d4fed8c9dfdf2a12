/* config_file.c - from a tree to settings: every key known, every value right. */
#include "config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_schema.h"

enum { KEY_MAX = 128 };

#define SECRET_ADVICE "secrets do not belong in a file that is shared: set GEMINI_API_KEY or OPENAI_API_KEY in the environment, and remove it here"

const char *config_shown(const char *text, char out[48])
{
    snprintf(out, 48, "'%.40s%s'", config_secret_value(text) ? "(a secret)" : text, strlen(text) > 40 ? "..." : "");
    return out;
}

const char *config_scalar(struct config_file *c, const struct config_node *n, const char *key)
{
    struct config_problems *p = &c->problems;
    if (n->kind != CONFIG_SCALAR)
        config_problem(p, n->line, n->column, "%s wants one value, not a %s", key, n->kind == CONFIG_LIST ? "list" : "section");
    else if (n->missing)
        config_problem(p, n->line, n->column, "%s has no value: give one, or remove the line", key);
    else if (config_secret_value(n->text))
        config_problem(p, n->line, n->column, "%s looks like a key or a password: " SECRET_ADVICE, key);
    else
        return n->text;
    return NULL;
}

/* ---- values ---- */

/* Tries the text on a member of its own. */
static void check_value(struct config_file *c, const struct option *row, const struct config_node *n, const char *text)
{
    union { bool flag; const char *text; uint64_t count; double real; struct option_list list; } value = { .count = 0 };
    char wanted[OPT_WANTED], shown[48];
    struct ghost_err err = GHOST_ERR_INIT;
    int ret = row->kind == OPTION_LIST ? 0 : opt_set(row, text, &value, wanted);
    if (ret < 0) {
        config_problem(&c->problems, n->line, n->column, "%s wants %s, not %s", row->key, wanted, config_shown(text, shown));
    } else if (row->check && row->check(text, &err) < 0) {
        const char *colon = strncmp(err.msg, "--", 2) == 0 ? strstr(err.msg, ": ") : NULL;     /* the option's name */
        config_problem(&c->problems, n->line, n->column, "%s: %s", row->key, colon ? colon + 2 : err.msg);
    }
}

static void add_value(struct config_file *c, const struct option *row, const struct config_node *n)
{
    bool is_list = n->kind == CONFIG_LIST && row->kind == OPTION_LIST;
    const struct config_node *item = is_list ? n->child : n;
    size_t count = 0;
    for (const struct config_node *i = item; i; i = is_list ? i->next : NULL)
        count++;
    const char **items = ARENA_ARRAY(&c->arena, const char *, count);
    struct config_value *v = &c->values[c->n_values];
    *v = (struct config_value){ .key = row->key, .at = { c->path, n->line, n->column }, .is_list = is_list, .items = items };
    for (; item && items; item = is_list ? item->next : NULL) {
        items[v->n] = config_scalar(c, item, row->key);
        if (!items[v->n])
            return;
        check_value(c, row, item, items[v->n++]);
    }
    c->n_values += items != NULL;
}

static void unknown_key(struct config_file *c, const struct config_node *n, const char *key)
{
    char shown[48];
    const char *near = config_nearest(key);
    if (config_secret_name(n->key))
        config_problem(&c->problems, n->key_line, n->key_column, "%s: " SECRET_ADVICE, key);
    else
        config_problem(&c->problems, n->key_line, n->key_column, "there is no setting %s.%s%s%s All are shown by: ghost config show",
                       config_shown(key, shown), near ? " Did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void walk(struct config_file *c, const struct config_node *map, const char *prefix, bool named);

static void walk_member(struct config_file *c, const struct config_node *n, const char *prefix, bool named)
{
    char key[KEY_MAX];
    int len = snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? "." : "", n->key);
    const struct option *row = len < KEY_MAX ? config_row(key) : NULL;
    if (row && row->guarded && !named)
        config_problem(&c->problems, n->key_line, n->key_column, "%s decides where secrets or facts go, so a file that merely lies here must not "
                       "set it: name the file with --config or GHOST_CONFIG, or give --%s", key, row->name);
    else if (row)
        add_value(c, row, n);
    else if (config_is_list(key))
        config_read_suppressions(c, n);
    else if (!config_is_section(key))
        unknown_key(c, n, key);
    else if (n->kind == CONFIG_MAP)
        walk(c, n, key, named);
    else if (!n->missing)                /* an empty section is as good as none */
        config_problem(&c->problems, n->line, n->column, "%s is a section: its settings stand below it, indented, as 'name: value'", key);
}

/* The depth is bounded by the tree's. */
static void walk(struct config_file *c, const struct config_node *map, const char *prefix, bool named)
{
    for (const struct config_node *n = map->child; n; n = n->next)
        walk_member(c, n, prefix, named);
}

static size_t count_members(const struct config_node *n)
{
    size_t count = 1;
    for (n = n->child; n; n = n->next)
        count += count_members(n);
    return count;
}

static int by_place(const void *a, const void *b)
{
    const struct config_problem *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

int config_file_read(struct config_file *c, const char *path, bool named, struct ghost_err *err)
{
    struct config_node *root;
    *c = (struct config_file){ 0 };
    c->problems.arena = &c->arena;
    c->path = arena_copy(&c->arena, path, strlen(path) + 1);
    if (!c->path)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading settings");
    int ret = config_yaml_read(path, &root, &c->problems, err);
    if (ret < 0 || !root)
        return ret;
    c->values = ARENA_ARRAY(&c->arena, struct config_value, count_members(root));
    if (root->kind != CONFIG_MAP)
        config_problem(&c->problems, root->line, root->column, "settings are sections with 'name: value' lines below them, not a %s",
                       root->kind == CONFIG_LIST ? "list" : "single value");
    else if (c->values)
        walk(c, root, "", named);
    qsort(c->problems.v, c->problems.n, sizeof *c->problems.v, by_place);
    return c->arena.failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading settings") : 0;
}

void config_file_release(struct config_file *c)
{
    arena_release(&c->arena);
    *c = (struct config_file){ 0 };
}
