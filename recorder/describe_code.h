/* describe_code.h - compiled code followed without running it.
 *
 * A machine goes through the instructions of one code object in their order,
 * jumps not taken, with expression trees on its stack in place of values. That
 * is enough to read what the compiler made of decorators, class statements,
 * `if` tests and annotations, which all are straight-line code. */
#ifndef GHOST_DESCRIBE_CODE_H
#define GHOST_DESCRIBE_CODE_H

#include "describe_expr.h"

enum action {
    ACT_OTHER,      /* nothing that matters here; the stack effect is the compiler's */
    ACT_EFFECT,     /* the same, and it changes something outside the stack */
    ACT_SKIP,       /* no effect */
    ACT_POP, ACT_COPY, ACT_SWAP,
    ACT_PUSH_NULL, ACT_CONST, ACT_SMALL_INT, ACT_COMMON_CONST, ACT_GENERATOR,
    ACT_NAME, ACT_GLOBAL, ACT_FAST, ACT_FAST_2, ACT_CELL, ACT_DICT_OR_GLOBAL, ACT_DICT_OR_CELL, ACT_BUILD_CLASS,
    ACT_ATTR, ACT_METHOD, ACT_SUBSCRIPT, ACT_BINARY, ACT_COMPARE,
    ACT_TUPLE, ACT_LIST, ACT_MAP, ACT_LIST_APPEND, ACT_LIST_EXTEND, ACT_TO_TUPLE, ACT_UNPACK,
    ACT_FUNCTION, ACT_FUNCTION_PART, ACT_CALL, ACT_CALL_KEYWORDS, ACT_CALL_EX, ACT_INTRINSIC_1, ACT_INTRINSIC_2,
    ACT_IMPORT, ACT_IMPORT_FROM, ACT_IMPORT_STAR, ACT_STORE_NAME, ACT_STORE_LOCAL,
    ACT_JUMP, ACT_JUMP_BACK, ACT_IF_FALSE, ACT_IF_TRUE, ACT_IF_OTHER, ACT_RETURN, ACT_RETURN_CONST, ACT_RAISE,
    N_ACTIONS,
};

struct machine {
    struct annot *a;             /* memory, and where names are looked up */
    bool resolve;                /* look names up */
    PyCodeObject *code;
    const uint8_t *bytes;        /* of the plain code */
    size_t size;
    size_t at, next;             /* the instruction just done, and the one behind it */
    enum action action;          /* of the instruction just done, with its argument */
    uint32_t arg;
    size_t target;               /* jumps: where to */
    struct expr *value;          /* what a store, a test, a return or a raise has taken */
    PyObject *name;              /* stores: the variable */
    struct expr **args;          /* calls, intrinsics, maps: the operands, callee not included */
    uint32_t n_args;
    struct expr *callee;
    struct expr **stack;
    int depth, room;
};

/* `plain_code` (compat_plain_code) must outlive the machine. False without memory. */
bool machine_init(struct machine *m, struct annot *a, PyCodeObject *code, PyObject *plain_code, bool resolve);
/* One instruction; false at the end of the code. */
bool machine_step(struct machine *m);
/* The value on top, or below it; never NULL but without memory. */
struct expr *machine_top(struct machine *m, int below);
void machine_replace_top(struct machine *m, struct expr *e);
/* Goes on at a later place of the code. */
void machine_go(struct machine *m, size_t offset);
/* Does the code fall through to `offset` from the instruction before it? And
 * when that one jumps forward: where to, else 0. */
bool machine_falls_into(const struct machine *m, size_t offset, size_t *jump_target);

/* describe_thunk.c: is it a function that the compiler made to be evaluated
 * later, and not one that somebody wrote? */
bool thunk_is_lazy_code(struct annot *a, PyCodeObject *code, PyObject *plain_code);

#endif
