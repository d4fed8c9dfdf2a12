/* describe_expr.c - expression trees: making, printing, listing their names. */
#include "describe_expr.h"

/* ---------------- making ---------------- */
struct expr *expr_new(struct annot *a, enum expr_kind kind)
{
    struct expr *e = scratch_alloc(a->s, sizeof *e);
    if (e) e->kind = kind;
    return e;
}

struct expr *expr_name(struct annot *a, struct ghost_str text, PyObject *object)
{
    struct expr *e = expr_new(a, EXPR_NAME);
    if (e) e->text = text, e->object = object;
    return e;
}

struct expr *expr_atom(struct annot *a, const char *text)
{
    struct expr *e = expr_new(a, EXPR_ATOM);
    if (e) e->text = c_text(text);
    return e;
}

struct expr *expr_value(struct annot *a, PyTypeObject *type)
{
    struct expr *e = expr_new(a, EXPR_VALUE);
    if (e) e->object = (PyObject *)type;
    return e;
}

struct expr *expr_add(struct expr *parent, struct expr *child)
{
    if (!parent) return NULL;
    if (!child) {
        parent->kind = EXPR_OPAQUE;
        return parent;
    }
    if (parent->last) parent->last->next = child;
    else parent->first = child;
    parent->last = child;
    return parent;
}

/* ---------------- text ---------------- */
#define TEXT_MAX (2 * GHOST_STR_MAX) /* the encoder cuts what is too long and marks it */

struct text { struct annot *a; char *p; size_t len, cap; };

static void text_put(struct text *t, const char *p, size_t n)
{
    if (t->len + n > TEXT_MAX) return;
    if (t->len + n > t->cap) {
        size_t cap = (t->len + n) * 2 + 64;
        char *bigger = scratch_alloc(t->a->s, cap);
        if (!bigger) return;
        if (t->len) memcpy(bigger, t->p, t->len);
        t->p = bigger;
        t->cap = cap;
    }
    memcpy(t->p + t->len, p, n);
    t->len += n;
}

static void text_str(struct text *t, struct ghost_str s) { text_put(t, s.p, s.len); }
static void text_c(struct text *t, const char *s) { text_put(t, s, strlen(s)); }

/* ---------------- names ---------------- */
static bool is_identifier_byte(unsigned char c)
{
    return c >= 0x80 || c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A name must be readable as one: what type("two words", ...) made is not. */
static struct ghost_str as_identifier(struct annot *a, struct ghost_str name)
{
    bool good = name.len && !(name.p[0] >= '0' && name.p[0] <= '9');
    for (uint32_t i = 0; good && i < name.len; i++) good = is_identifier_byte((unsigned char)name.p[i]);
    if (good) return name;
    char *p = scratch_alloc(a->s, name.len + 1);
    if (!p) return GHOST_STR("_");
    p[0] = '_';
    for (uint32_t i = 0; i < name.len; i++) p[i + 1] = is_identifier_byte((unsigned char)name.p[i]) ? name.p[i] : '_';
    return (struct ghost_str){ p, name.len + 1 };
}

/* name, name_2, name_3: two different things of one name in one record. */
static struct ghost_str numbered(struct annot *a, struct ghost_str name, unsigned n)
{
    char *p = scratch_alloc(a->s, name.len + 16);
    if (!p) return name;
    memcpy(p, name.p, name.len);
    return (struct ghost_str){ p, name.len + (uint32_t)snprintf(p + name.len, 16, "_%u", n) };
}

static bool names_grow(struct annot *a)
{
    if (a->n_names < a->cap_names) return true;
    uint32_t cap = a->cap_names ? a->cap_names * 4 : 16;
    struct ghost_def_name *names = scratch_alloc(a->s, cap * sizeof *names);
    PyObject **targets = scratch_alloc(a->s, cap * sizeof *targets);
    if (!names || !targets) return false;
    if (a->n_names) {
        memcpy(names, a->names, a->n_names * sizeof *names);
        memcpy(targets, a->targets, a->n_names * sizeof *targets);
    }
    a->names = names;
    a->targets = targets;
    a->cap_names = cap;
    return true;
}

/* Lists a name that denotes `target` (a literal: is a value of type `target`)
 * and returns it as it is to be printed. */
static struct ghost_str name_list(struct annot *a, struct ghost_str want, PyObject *target, bool literal)
{
    want = as_identifier(a, want);
    struct ghost_str name = want;
    unsigned same = 1;
    for (uint32_t i = 0; i < a->n_names; i++) {
        if (!str_same(a->names[i].name, name) || (a->names[i].kind == GHOST_NAME_LITERAL) != literal) continue;
        if (a->targets[i] == target) return name;
        name = numbered(a, want, ++same);
        i = (uint32_t)-1; /* that one may be taken as well */
        if (same > 64) break;
    }
    if (a->n_names >= ANNOT_NAMES || !names_grow(a)) {
        a->flags |= GHOST_ANNOT_UNREADABLE;
        return name;
    }
    uint32_t index = a->n_names++;
    a->names[index] = (struct ghost_def_name){ .name = name, .kind = literal ? GHOST_NAME_LITERAL : GHOST_NAME_UNRESOLVED };
    a->targets[index] = target;
    if (literal) a->names[index].type = ident_type((PyTypeObject *)target);
    else name_classify(a, index, target);
    return name;
}

struct ghost_str last_component(struct ghost_str name)
{
    for (uint32_t i = name.len; i-- > 0;)
        if (name.p[i] == '.') return (struct ghost_str){ name.p + i + 1, name.len - i - 1 };
    return name;
}

static void put_literal(struct text *t, PyTypeObject *type)
{
    if (type == Py_TYPE(Py_None)) text_c(t, "None");
    else text_str(t, name_list(t->a, last_component(type_qualname(t->a->s, type)), (PyObject *)type, true));
}

/* ---------------- printing ---------------- */
enum mode { PLAIN, LITERAL };
static void print(struct text *t, struct expr *e, enum mode mode);

static void print_joined(struct text *t, struct expr *e, const char *joint, enum mode mode)
{
    for (; e; e = e->next) {
        print(t, e, mode);
        if (e->next) text_c(t, joint);
    }
}

static void print_name(struct text *t, struct expr *e, enum mode mode)
{
    PyObject *o = e->object;
    if (o == Py_None || o == (PyObject *)Py_TYPE(Py_None)) text_c(t, "None");
    else if (o == Py_Ellipsis) text_c(t, "...");
    else if (mode == LITERAL && o && !PyType_Check(o) && typing_kind_of(o) == TYPING_NONE) put_literal(t, Py_TYPE(o));
    else text_str(t, name_list(t->a, e->text, o, false));
}

static void print_value(struct text *t, struct expr *e, enum mode mode)
{
    PyTypeObject *type = (PyTypeObject *)e->object;
    if (mode == LITERAL) put_literal(t, type);
    else {
        t->a->flags |= GHOST_ANNOT_UNREADABLE; /* a value where a type should be */
        text_c(t, "...");
    }
}

static void print_string(struct text *t, struct expr *e, enum mode mode)
{
    if (mode == LITERAL) {
        put_literal(t, &PyUnicode_Type);
        return;
    }
    t->a->flags |= GHOST_ANNOT_STRINGS;
    print(t, expr_from_text(t->a, e->text), mode);
}

/* Is `e` the special form of that name? By what it denotes, or by its name
 * when that could not be resolved: Literal's members must not get out. */
static bool is_form(struct text *t, struct expr *e, const char *name)
{
    if (e->kind != EXPR_NAME) return false;
    if (!e->object) return str_is(last_component(e->text), name);
    if (typing_kind_of(e->object) != TYPING_FORM && typing_kind_of(e->object) != TYPING_BARE && !PyType_Check(e->object)) return false;
    if (PyType_Check(e->object)) /* Annotated was a class once */
        return str_is(type_qualname(t->a->s, (PyTypeObject *)e->object), name)
               && str_is(type_module(t->a->s, (PyTypeObject *)e->object), "typing");
    PyObject *form = attr_find(e->object, KEY(_name));
    return form && PyUnicode_CheckExact(form) && str_is(str_text(t->a->s, form), name);
}

static void print_subscript(struct text *t, struct expr *e, enum mode mode)
{
    struct expr *base = e->first, *args = base->next;
    bool literal = is_form(t, base, "Literal");
    (void)mode;
    print(t, base, PLAIN);
    text_c(t, "[");
    if (literal) print_joined(t, args, ", ", LITERAL);
    else if (args && is_form(t, base, "Annotated")) {
        print(t, args, PLAIN);
        text_c(t, ", ..."); /* metadata are values */
    } else print_joined(t, args, ", ", PLAIN);
    text_c(t, "]");
}

static void print_sequence(struct text *t, struct expr *e, enum mode mode)
{
    text_c(t, e->kind == EXPR_LIST ? "[" : "(");
    print_joined(t, e->first, ", ", mode);
    if (e->kind == EXPR_TUPLE && e->first && !e->first->next) text_c(t, ",");
    text_c(t, e->kind == EXPR_LIST ? "]" : ")");
}

static void print_union(struct text *t, struct expr *e, enum mode mode) { print_joined(t, e->first, " | ", mode); }
static void print_atom(struct text *t, struct expr *e, enum mode mode) { (void)mode, text_str(t, e->text); }

static void print_star(struct text *t, struct expr *e, enum mode mode)
{
    text_c(t, "*");
    print(t, e->first, mode);
}

static void print_call(struct text *t, struct expr *e, enum mode mode)
{
    print(t, e->first, mode);
    text_c(t, "(...)");
}

static void print_opaque(struct text *t, struct expr *e, enum mode mode)
{
    (void)e, (void)mode;
    t->a->flags |= GHOST_ANNOT_UNREADABLE;
    text_c(t, "...");
}

static void print(struct text *t, struct expr *e, enum mode mode)
{
    static void (*const printers[])(struct text *, struct expr *, enum mode) = {
        [EXPR_NAME] = print_name, [EXPR_ATOM] = print_atom, [EXPR_SUBSCRIPT] = print_subscript,
        [EXPR_LIST] = print_sequence, [EXPR_TUPLE] = print_sequence, [EXPR_UNION] = print_union,
        [EXPR_STAR] = print_star, [EXPR_STRING] = print_string, [EXPR_VALUE] = print_value,
        [EXPR_CALL] = print_call, [EXPR_OPAQUE] = print_opaque, [EXPR_NULL] = print_opaque, [EXPR_FUNC] = print_opaque,
        [EXPR_BUILD_CLASS] = print_opaque, [EXPR_MODULE] = print_opaque, [EXPR_IS_MAIN] = print_opaque,
    };
    if (!e || t->a->depth >= ANNOT_DEPTH || t->a->budget == 0) {
        print_opaque(t, e, mode);
        return;
    }
    t->a->depth++;
    t->a->budget--;
    printers[e->kind](t, e, mode);
    t->a->depth--;
}

struct ghost_str expr_print(struct annot *a, struct expr *e)
{
    struct text t = { .a = a };
    print(&t, e, PLAIN);
    return (struct ghost_str){ t.p, (uint32_t)t.len };
}
