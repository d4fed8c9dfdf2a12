/* def_tree.c - see def_tree.h. */
#include "def_tree.h"

#include <stdlib.h>
#include "base.h"
#include "varint.h"

static const struct ghost_str joins[TREE_JOINS] = { { "", 0 }, { ".", 1 }, { ".<locals>.", 10 } };

static bool begins(struct ghost_str s, struct ghost_str prefix)
{
    return s.len >= prefix.len && memcmp(s.p, prefix.p, prefix.len) == 0;
}

/* Qualnames that would be cut are left whole: the cut one must not become a prefix. */
static uint32_t join_of(struct ghost_str name, struct ghost_str parent)
{
    if (name.len > GHOST_STR_MAX || parent.len == 0 || !begins(name, parent)) return 0;
    struct ghost_str rest = { name.p + parent.len, name.len - parent.len };
    for (uint32_t j = TREE_JOINS - 1; j > 0; j--)
        if (begins(rest, joins[j])) return j;
    return 0;
}

static struct ghost_str without(struct ghost_str name, uint32_t n) { return (struct ghost_str){ name.p + n, name.len - n }; }

bool tree_pack(const struct ghost_def_tree *d, struct packed_tree *p)
{
    uint32_t before = 0;
    *p = (struct packed_tree){ d->module, d->file, d->n_nodes ? d->nodes[0].fingerprint : 0, d->n_nodes, calloc((size_t)d->n_nodes + 1, sizeof *p->nodes) };
    for (uint32_t i = 0; p->nodes && i < d->n_nodes; i++) {
        const struct ghost_def_node *n = &d->nodes[i], *parent = &d->nodes[n->parent];
        uint32_t join = i ? join_of(n->qualname, parent->qualname) : 0;
        p->nodes[i] = (struct packed_node){ i - n->parent, join, n->flags, n->co_flags, zigzag((int64_t)n->first_line - before),
                                            join ? without(n->qualname, parent->qualname.len + joins[join].len) : n->qualname };
        before = n->first_line;
    }
    return p->nodes != NULL;
}

/* ---- back again ---- */

/* Bytes of the whole names; SIZE_MAX when they are more than a record may hold. */
static size_t whole_names(const struct packed_tree *p, uint32_t *length)
{
    size_t all = 0;
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        const struct packed_node *n = &p->nodes[i];
        if (n->back > i || (i > 0 && n->back == 0)) return SIZE_MAX;
        length[i] = n->name.len + joins[n->join].len + (n->join ? length[i - n->back] : 0);
        all += length[i];
        if (length[i] > GHOST_STR_MAX || all > RECORD_MAX) return SIZE_MAX;
    }
    return all;
}

static struct ghost_str put_name(struct ghost_buf *names, const struct packed_node *n, struct ghost_str parent)
{
    size_t at = names->len;
    if (n->join == 0) return n->name;
    buf_put(names, parent.p, parent.len);
    buf_put(names, joins[n->join].p, joins[n->join].len);
    buf_put(names, n->name.p, n->name.len);
    return (struct ghost_str){ (const char *)names->p + at, (uint32_t)(names->len - at) };
}

static bool put_nodes(const struct packed_tree *p, struct def_scratch *s)
{
    int64_t line = 0;
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        const struct packed_node *n = &p->nodes[i];
        uint32_t parent = i - n->back;
        if (n->line >> 1 > UINT32_MAX) return false;
        line += (int64_t)(n->line >> 1 ^ (0 - (n->line & 1)));
        if (line < 0 || line > UINT32_MAX) return false;
        s->nodes[i] = (struct ghost_def_node){ .parent = parent, .flags = n->flags, .co_flags = n->co_flags, .first_line = (uint32_t)line,
                                               .qualname = put_name(&s->names, n, i ? s->nodes[parent].qualname : GHOST_STR("")) };
    }
    return true;
}

int tree_unpack(const struct packed_tree *p, struct def_scratch *s, struct ghost_def_tree *d, const char **why)
{
    uint32_t *length = malloc(((size_t)p->n_nodes + 1) * sizeof *length);
    size_t n = length ? whole_names(p, length) : 0;
    bool good = n != SIZE_MAX;
    free(length);
    buf_clear(&s->names);
    *why = "a node before its parent, or names that are too long";
    if (!good) return GHOST_E_CORRUPT;
    *why = "too little memory for its nodes";
    /* Room for all names at once: those before must not move. */
    if (!length || !buf_reserve(&s->names, n + 1) || !array_grow(&s->nodes, &s->nodes_cap, (size_t)p->n_nodes + 1, sizeof *s->nodes)) return GHOST_E_NOMEM;
    *why = "a line out of bounds";
    if (!put_nodes(p, s)) return GHOST_E_CORRUPT;
    *why = NULL;
    if (p->n_nodes) s->nodes[0].fingerprint = p->fingerprint;
    *d = (struct ghost_def_tree){ p->module, p->file, p->n_nodes, s->nodes };
    return 0;
}
