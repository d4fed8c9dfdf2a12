/* config_yaml.h - a YAML file as a small tree with marks, and the list of what
 * is wrong with it. Knows nothing of settings.
 *
 * Plain YAML only: one document, mappings with plain keys, lists, scalars. What
 * would make a file mean something else than it shows (anchors, aliases, merge
 * keys, tags) is refused with the advice to write it out. Bounded: CONFIG_BYTES,
 * CONFIG_DEPTH, CONFIG_NODES. Nothing else is opened, whatever stands in the file. */
#ifndef GHOST_CONFIG_YAML_H
#define GHOST_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include "arena.h"
#include "ghost/err.h"

enum { CONFIG_BYTES = 1 << 20, CONFIG_DEPTH = 16, CONFIG_NODES = 10000, CONFIG_PROBLEMS = 100 };

enum config_kind { CONFIG_SCALAR, CONFIG_LIST, CONFIG_MAP };
struct config_node {
    enum config_kind kind;
    unsigned line, column;           /* of the value, from 1 */
    const char *text;                /* of a scalar */
    bool missing;                    /* a scalar that is not there: "key:", "~", null */
    const char *key;                 /* in a map */
    unsigned key_line, key_column;
    struct config_node *child, *next;
};

struct config_problem { unsigned line, column; const char *text; };
/* In the order they were found; those after the first CONFIG_PROBLEMS are only counted. */
struct config_problems { struct config_problem v[CONFIG_PROBLEMS]; size_t n, more; struct arena *arena; };
void config_problem(struct config_problems *p, unsigned line, unsigned column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The tree of a file in p->arena; NULL for a file with nothing in it, or one that
 * cannot be read as YAML (then there is a problem). Returns 0; NOT_FOUND, IO,
 * LIMIT, NOMEM with `err` filled. */
int config_yaml_read(const char *path, struct config_node **root, struct config_problems *p, struct ghost_err *err);
/* The same from memory; `text` is used at once. */
int config_yaml_parse(const char *text, size_t n, struct config_node **root, struct config_problems *p, struct ghost_err *err);

#endif
