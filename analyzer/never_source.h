/* never_source.h - the source files given to `ghost anomalies`, read by
 * pyscan and matched with the modules that a session executed. */
#ifndef GHOST_NEVER_SOURCE_H
#define GHOST_NEVER_SOURCE_H

#include "ghost/model.h"
#include "pyscan.h"

struct never_file {
    const char *path;            /* absolute, links resolved */
    const char *module;          /* dotted name, by the __init__.py beside and above it */
    struct pyscan scan;
    char *error;                 /* why it could not be read; NULL: it was */
    bool executed;               /* the session has the tree of this module */
};
struct never_sources {
    struct never_file *v; uint32_t n, cap;       /* by path, each once */
    struct arena arena;
};

#define NEVER_FILES_MAX 100000u

/* Files as they are, folders with all *.py in them but those in hidden folders,
 * __pycache__, node_modules, site-packages and virtual environments. Links to
 * folders are not followed. What was named must exist; a file that cannot be
 * read has its `error`. */
int never_sources_load(struct never_sources *s, const char *const *names, size_t n, const struct ghost_model *m, struct ghost_err *err);
void never_sources_release(struct never_sources *s);

/* The scanner's node of a def of an executed module: same file (or module),
 * qualified name and line. NULL: no such source, or it is of another version. */
const struct pyscan_node *never_sources_find(const struct never_sources *s, const struct ghost_def_tree *tree, struct ghost_str qualname, uint32_t line);

#endif
