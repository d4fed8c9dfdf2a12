/* def_tree.h - a module's tree as its record has it: what a node shares with its
 * parent, and what mostly stays the same from node to node, is left out. */
#ifndef DEF_TREE_H
#define DEF_TREE_H

#include "defcodec.h"

/* How a qualname follows from its parent's: not at all, parent "." name, parent
 * ".<locals>." name. */
#define TREE_JOINS 3u

struct packed_node {
    uint32_t back;               /* own index minus the parent's */
    uint32_t join;
    uint32_t flags, co_flags;
    uint64_t line;               /* zigzag difference to the node before */
    struct ghost_str name;
};
struct packed_tree {
    struct ghost_str module, file;
    uint64_t fingerprint;
    uint32_t n_nodes;
    struct packed_node *nodes;
};

/* Names point into `d`; p->nodes is the caller's to free. False: no memory. */
bool tree_pack(const struct ghost_def_tree *d, struct packed_tree *p);
/* Into the scratch memory. On failure *why says what is wrong (static text). */
int tree_unpack(const struct packed_tree *p, struct def_scratch *s, struct ghost_def_tree *d, const char **why);

#endif
