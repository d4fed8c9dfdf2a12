/* pyscan.h - the functions in a Python source file, without Python.
 *
 * What `ast` would find: every def, class and lambda with its qualified name
 * and the line CPython would call its first (that of its first decorator), and
 * what tells whether it is meant to be called. Files that Python would refuse
 * are read as far as they go. */
#ifndef GHOST_PYSCAN_H
#define GHOST_PYSCAN_H

#include "arena.h"
#include "ghost/err.h"

enum pyscan_kind { PYSCAN_MODULE, PYSCAN_DEF, PYSCAN_ASYNC_DEF, PYSCAN_CLASS, PYSCAN_LAMBDA };

/* Flags are GHOST_NODE_OVERLOAD, _ABSTRACT, _PROTOCOL, _TYPE_CHECKING,
 * _MAIN_GUARD, _TRIVIAL, _EMPTY, _DECORATED and _IMPORTED of def.h, meant as there but read from
 * the words alone, and: */
#define PYSCAN_REBOUND 0x10000u      /* a later statement of the same scope binds the name again */

struct pyscan_node {
    uint32_t parent;             /* index, < own; node 0 is the module, its own parent */
    enum pyscan_kind kind;
    uint32_t flags, first_line;
    struct ghost_str name, qualname;
};

#define PYSCAN_FILE_MAX (UINT64_C(32) << 20)     /* bytes of one file */
#define PYSCAN_NODES_MAX 262144u

struct pyscan {
    struct pyscan_node *v; uint32_t n, cap;
    struct arena arena;
    const char *problem; uint32_t problem_line;  /* why Python would refuse it, as far as that was seen; NULL: nothing */
};

/* A whole file: its encoding is found as Python does (mark, declaration, UTF-8). */
int pyscan_file(struct pyscan *s, const char *path, struct ghost_err *err);
/* Text in UTF-8 without mark. NOMEM is the only failure. */
int pyscan_text(struct pyscan *s, const char *text, size_t n, struct ghost_err *err);
void pyscan_release(struct pyscan *s);

#endif
