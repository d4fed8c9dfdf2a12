/* annot_parse.h - the text of an annotation (docs/format.md, 4.5) as a tree.
 *
 * The recorder has written the text, but a log may be anybody's: any text gives
 * a tree or NULL, in time and memory that grow with its length. */
#ifndef GHOST_ANNOT_PARSE_H
#define GHOST_ANNOT_PARSE_H

#include "arena.h"

enum annot_kind {
    ANNOT_NAME,       /* dotted perhaps: name */
    ANNOT_NONE,
    ANNOT_ELLIPSIS,   /* also what the recorder could not show */
    ANNOT_SUBSCRIPT,  /* first: what is subscripted, then the arguments */
    ANNOT_LIST, ANNOT_TUPLE, ANNOT_UNION,
    ANNOT_STAR,       /* *first */
    ANNOT_CALL,       /* first(...) */
};

struct annot_node {
    enum annot_kind kind;
    struct ghost_str name;
    struct ghost_str text;           /* where it stands as an item or as the whole; empty elsewhere */
    const struct annot_node *first, *next;
};

/* Nested deeper than this is no annotation. */
#define ANNOT_DEPTH_MAX 64

/* NULL when the text is none, or memory is short (arena->failed). The tree lies
 * in the arena and points into the text. */
const struct annot_node *annot_parse(struct arena *arena, struct ghost_str text);

/* The part behind the last dot. */
struct ghost_str annot_last_part(struct ghost_str name);

#endif
