/* describe_expr.h - annotations as expression trees.
 *
 * Three builders make the same tree: from the annotation's objects, from a
 * string's text, from compiled code. One printer turns it into text and lists
 * the names in it with what they denote. No value gets into a tree: of a
 * constant only its type is kept. */
#ifndef GHOST_DESCRIBE_EXPR_H
#define GHOST_DESCRIBE_EXPR_H

#include "describe_internal.h"

enum expr_kind {
    EXPR_NAME,      /* a name, dotted perhaps: text; object = what it denotes, NULL unknown */
    EXPR_ATOM,      /* None or ...: text */
    EXPR_SUBSCRIPT, /* children: base, then arguments */
    EXPR_LIST, EXPR_TUPLE, EXPR_UNION,
    EXPR_STAR,      /* *child */
    EXPR_STRING,    /* an expression inside quotes: text */
    EXPR_VALUE,     /* some value: object = its type */
    EXPR_CALL,      /* child: what is called; arguments are dropped */
    EXPR_OPAQUE,    /* something that cannot be shown */
    /* only on the stack of a machine (describe_code.h): */
    EXPR_NULL,
    EXPR_FUNC,      /* made from code: object; index = of the constant, then the user's */
    EXPR_BUILD_CLASS,
    EXPR_MODULE,    /* imported: text = its name as written */
    EXPR_IS_MAIN,   /* __name__ == "__main__" */
};
struct expr {
    enum expr_kind kind;
    struct ghost_str text;
    PyObject *object;
    uint32_t index;
    struct expr *first, *last, *next;
};

/* Where a name is looked up, in this order: closure, type parameters, class
 * namespace (types only), globals, builtins. Any may be NULL. */
struct scope { PyObject *cell_names, *cells, *type_params, *namespace_, *globals, *builtins; };

/* One ANNOT record in the making. */
struct annot {
    struct scratch *s;
    struct scope scope;
    PyTypeObject *owner;         /* the class that defines the function, NULL unknown: what Self is about */
    uint32_t flags;              /* GHOST_ANNOT_* */
    uint32_t budget;             /* tree nodes that may still be printed */
    int depth;
    struct ghost_def_name *names;
    PyObject **targets;          /* what each name denotes */
    uint32_t n_names, cap_names;
};
#define ANNOT_DEPTH 32
#define ANNOT_BUDGET 4096
#define ANNOT_NAMES 1024

/* ---- describe_expr.c ---- */
struct expr *expr_new(struct annot *a, enum expr_kind kind); /* NULL without memory */
struct expr *expr_name(struct annot *a, struct ghost_str text, PyObject *object);
struct expr *expr_atom(struct annot *a, const char *text);
struct expr *expr_value(struct annot *a, PyTypeObject *type);
/* Appends a child (NULL: makes the parent opaque). Returns the parent. */
struct expr *expr_add(struct expr *parent, struct expr *child);
/* The last part of a dotted name. */
struct ghost_str last_component(struct ghost_str name);
/* The text of an expression; names go to a->names. */
struct ghost_str expr_print(struct annot *a, struct expr *e);

/* ---- describe_parse.c ---- */
struct expr *expr_from_text(struct annot *a, struct ghost_str text);

/* ---- describe_object.c ---- */
/* A constant of compiled code: a string is a forward reference. */
struct expr *expr_from_constant(struct annot *a, PyObject *o);
struct expr *expr_from_object(struct annot *a, PyObject *o);
/* What typing (or typing_extensions, types) means by an object. */
enum typing_kind {
    TYPING_NONE, TYPING_FORM, TYPING_BARE, TYPING_ALIAS, TYPING_UNION, TYPING_LITERAL, TYPING_ANNOTATED, TYPING_CALLABLE,
    TYPING_GENERIC, TYPING_X_OR_Y, TYPING_FORWARD, TYPING_NEWTYPE, TYPING_TYPEALIAS, TYPING_VAR, TYPING_PARAMSPEC,
    TYPING_PARAM_PART, TYPING_VARTUPLE,
};
enum typing_kind typing_kind_of(PyObject *o);

/* ---- describe_thunk.c ---- */
/* What a function made by the compiler for annotations, a bound, constraints
 * or an alias would return. */
struct thunk {
    struct scope scope;          /* its own */
    struct expr *value;
    struct expr **items;         /* of an __annotate__: key, value, key, value, ... */
    uint32_t n_items;
};
/* False when it is no such function. */
bool thunk_follow(struct annot *a, PyObject *func, struct thunk *t);
/* The scope of a function's body; false when it is none. */
bool function_scope(PyObject *func, struct scope *scope);

/* ---- describe_names.c ---- */
PyObject *scope_find(struct annot *a, struct ghost_str dotted);
/* An attribute of a module or a type, as stored; NULL. */
PyObject *object_member(PyObject *o, PyObject *name);
/* Fills kind, type, flags and text of a name that denotes `object`. */
void name_classify(struct annot *a, uint32_t index, PyObject *object);

#endif
