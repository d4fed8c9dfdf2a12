/* annot_elements.c - what was seen inside a container (--deep) against the
 * arguments of its annotation. To add a container: a row in `forms`, its cases in
 * tests/annotations/. */
#include "annot_rules.h"

/* ---- where it does not fit ---- */

static void add_fault(struct annot_judge *j, uint32_t type, struct annot_answer a)
{
    struct annot_faults *all = j->faults;
    if (!all || all->n == ANNOT_FAULTS)
        return;
    struct annot_fault *f = &all->v[all->n++];
    *f = (struct annot_fault){ .n_path = j->n_path, .type = type, .answer = a };
    memcpy(f->path, j->path, j->n_path * sizeof *f->path);
}

unsigned annot_faults_mark(const struct annot_judge *j) { return j->faults ? j->faults->n : 0; }

void annot_faults_drop(struct annot_judge *j, unsigned mark)
{
    if (j->faults && j->faults->n > mark)
        j->faults->n = mark;
}

/* What is undecided as a whole is undecided in its parts. */
static void doubt_faults(struct annot_judge *j, unsigned mark, struct annot_answer a)
{
    for (unsigned i = mark; j->faults && i < j->faults->n; i++)
        j->faults->v[i].answer = a;
}

/* ---- parts ---- */

static struct annot_answer worse(struct annot_answer a, struct annot_answer b)
{
    static const int weight[] = { [ANNOT_MATCH] = 0, [ANNOT_UNDECIDED] = 1, [ANNOT_MISMATCH] = 2 };
    return weight[b.verdict] > weight[a.verdict] ? b : a;
}

static struct annot_answer decide_part(struct annot_judge *j, const struct annot_node *n, const struct ghost_model_part *part, struct annot_step step)
{
    const struct ghost_model_content *outer = j->content;
    unsigned mark = annot_faults_mark(j);
    if (j->n_path == GHOST_DEEP_LEVELS)
        return annot_match;
    j->path[j->n_path++] = step;
    j->content = part->content < j->m->n_contents ? &j->m->contents[part->content] : NULL;
    struct annot_answer a = part->type < j->m->n_types ? annot_node_decide(j, n, &j->m->types[part->type])
                                                       : annot_undecided("the type of an element was not recorded");
    if (a.verdict == ANNOT_MATCH)
        annot_faults_drop(j, mark);
    else if (annot_faults_mark(j) == mark)
        add_fault(j, part->type, a);
    else if (a.verdict == ANNOT_UNDECIDED)
        doubt_faults(j, mark, a);
    j->content = outer;
    j->n_path--;
    return a;
}

static struct annot_answer decide_all(struct annot_judge *j, const struct annot_node *n, const struct ghost_model_part *parts, uint32_t n_parts,
                                      enum annot_role role)
{
    struct annot_answer all = annot_match;
    for (uint32_t i = 0; n && i < n_parts; i++)
        all = worse(all, decide_part(j, n, &parts[i], (struct annot_step){ role, 0 }));
    return all;
}

/* ---- containers ---- */

typedef struct annot_answer element_decider(struct annot_judge *j, const struct annot_node *arguments, const struct ghost_model_content *c);

static bool is_dict(const struct annot_judge *j, const struct ghost_model_content *c)
{
    return c->type < j->m->n_types && type_is(&j->m->types[c->type], "builtins", "dict");
}

/* Iterating a dict gives its keys. */
static struct annot_answer of_elements(struct annot_judge *j, const struct annot_node *arguments, const struct ghost_model_content *c)
{
    return is_dict(j, c) ? decide_all(j, arguments, c->keys, c->n_keys, ANNOT_KEY) : decide_all(j, arguments, c->items, c->n_items, ANNOT_ELEMENT);
}

static struct annot_answer of_pairs(struct annot_judge *j, const struct annot_node *arguments, const struct ghost_model_content *c)
{
    struct annot_answer keys = decide_all(j, arguments, c->keys, c->n_keys, ANNOT_KEY);
    return worse(keys, decide_all(j, arguments->next, c->items, c->n_items, ANNOT_VALUE));
}

/* *Ts, *tuple[int, ...], Unpack[...]: *inner is what each of its elements must be, NULL: that cannot be told. */
static bool is_unpacked(struct annot_judge *j, const struct annot_node *n, const struct annot_node **inner)
{
    const struct annot_node *what = n->first, *arguments;
    *inner = NULL;
    if (n->kind != ANNOT_STAR && !str_equals(annot_construct(j, n, &what), "Unpack"))
        return false;
    if (what && what->kind == ANNOT_SUBSCRIPT && what->first->kind == ANNOT_NAME && (arguments = what->first->next)) {
        struct ghost_str name = annot_last_part(what->first->name);
        bool tuple = str_equals(name, "tuple") || str_equals(name, "Tuple");
        if (tuple && arguments->next && arguments->next->kind == ANNOT_ELLIPSIS)
            *inner = arguments;
    }
    return true;
}

static uint32_t count(const struct annot_node *n)
{
    uint32_t all = 0;
    for (; n; n = n->next)
        all++;
    return all;
}

static struct annot_answer of_length(struct annot_judge *j, const struct ghost_model_content *c)
{
    if (j->n_path < GHOST_DEEP_LEVELS) {
        j->path[j->n_path++] = (struct annot_step){ ANNOT_LENGTH, c->size };
        add_fault(j, GHOST_NONE, annot_mismatch);
        j->n_path--;
    }
    return annot_mismatch;
}

/* tuple[A, B, C], with at most one of them unpacked. */
static struct annot_answer by_position(struct annot_judge *j, const struct annot_node *arguments, const struct ghost_model_content *c)
{
    struct annot_answer all = annot_match;
    const struct annot_node *star = NULL, *inner = NULL, *one;
    uint32_t wanted = count(arguments), position = 0;
    for (const struct annot_node *n = arguments; n; n = n->next)
        if (is_unpacked(j, n, &one)) {
            if (star)
                return annot_match; /* where one ends and the other begins cannot be told */
            star = n;
            inner = one;
        }
    if (star ? c->size < wanted - 1 : c->size != wanted && !(wanted > GHOST_TUPLE_APART && c->size > GHOST_TUPLE_APART))
        return of_length(j, c);
    if (c->size > GHOST_TUPLE_APART)
        return annot_match; /* which element stood where was not kept */
    for (const struct annot_node *n = arguments; n && position < c->n_items; n = n->next) {
        uint32_t times = n == star ? c->size - (wanted - 1) : 1;
        const struct annot_node *want = n == star ? inner : n;
        for (; times > 0 && position < c->n_items; times--, position++)
            if (want)
                all = worse(all, decide_part(j, want, &c->items[position], (struct annot_step){ ANNOT_POSITION, position }));
    }
    return all;
}

static struct annot_answer of_tuple(struct annot_judge *j, const struct annot_node *arguments, const struct ghost_model_content *c)
{
    if (arguments->kind == ANNOT_TUPLE && !arguments->first) /* tuple[()] */
        return c->size == 0 ? annot_match : of_length(j, c);
    if (arguments->next && arguments->next->kind == ANNOT_ELLIPSIS && !arguments->next->next)
        return decide_all(j, arguments, c->items, c->n_items, ANNOT_ELEMENT);
    return by_position(j, arguments, c);
}

static const struct { const char *name; element_decider *decide; } forms[] = {
    { "list", of_elements }, { "List", of_elements }, { "Sequence", of_elements }, { "MutableSequence", of_elements },
    { "set", of_elements }, { "Set", of_elements }, { "frozenset", of_elements }, { "FrozenSet", of_elements }, { "AbstractSet", of_elements },
    { "MutableSet", of_elements }, { "Collection", of_elements }, { "Container", of_elements }, { "Iterable", of_elements }, { "Reversible", of_elements },
    { "dict", of_pairs }, { "Dict", of_pairs }, { "Mapping", of_pairs }, { "MutableMapping", of_pairs },
    { "tuple", of_tuple }, { "Tuple", of_tuple },
};

struct annot_answer annot_elements(struct annot_judge *j, struct ghost_str name, const struct annot_node *arguments, struct annot_answer a)
{
    if (a.verdict != ANNOT_MATCH || !j->content || !arguments)
        return a;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_equals(name, forms[i].name))
            return forms[i].decide(j, arguments, j->content);
    return a;
}
