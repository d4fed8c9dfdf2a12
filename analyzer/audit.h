/* audit.h - what is in a log, a database, an archive or an export: every string
 * with its kind, every byte accounted to something known, and what is not.
 *
 * The parts fill one struct audit; the command prints it. Nothing here trusts
 * what is audited: sizes are checked, damaged parts are told and counted as not
 * proven, and the rest is looked at all the same. */
#ifndef GHOST_AUDIT_H
#define GHOST_AUDIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "arena.h"
#include "ghost/def.h"
#include "ghost/err.h"

/* Kinds of strings. X(name, as --list takes it, what it is) */
#define AUDIT_KINDS(X)                                                              \
    X(MODULE, "module", "modules of functions and types")                           \
    X(FUNCTION, "function", "qualified names of functions, classes' bodies, lambdas") \
    X(KEY, "fn_key", "functions as module:qualname:line")                           \
    X(PARAMETER, "parameter", "names of parameters")                                \
    X(TYPE, "type", "qualified names of types")                                     \
    X(MEMBER, "member", "names of types' own attributes and methods")               \
    X(FILE, "file", "files of source code")                                         \
    X(ANNOTATION, "annotation", "annotations, and the names in them")               \
    X(SIGNATURE, "signature", "argument types as shown, made of types and parameters") \
    X(THREAD, "thread", "names of threads")                                         \
    X(MARK, "mark", "names of marks that the application set")                      \
    X(NOTE, "note", "remarks of the recorder")                                      \
    X(META, "meta", "facts about the process: interpreter, host, script, clock")    \
    X(WORD, "word", "fixed words of the format itself: keys, kinds, versions")      \
    X(UNKNOWN, "unknown", "strings in places that this ghost does not know")

enum audit_kind {
#define X(name, word, text) AUDIT_##name,
    AUDIT_KINDS(X)
#undef X
    AUDIT_KIND_COUNT
};
extern const char *const audit_words[];              /* by kind, NULL at the end */
extern const char *const audit_texts[];

struct audit_string { struct ghost_str text; enum audit_kind kind; bool odd; uint64_t count; };

/* A kind of thing that bytes belong to: "record FUNC", "header", "index". */
struct audit_part { const char *name; uint64_t count, bytes, text_bytes; bool unknown; };

struct audit_problem { struct ghost_str text; };

struct audit {
    struct arena arena;
    struct keyset keys;                  /* kind and text */
    struct audit_string *strings; uint32_t n_strings, cap_strings;    /* in order of appearance */
    struct audit_part *parts; uint32_t n_parts, cap_parts;
    struct audit_problem *problems; uint32_t n_problems, cap_problems;    /* each: something is not proven */
    struct audit_problem *remarks; uint32_t n_remarks, cap_remarks;       /* worth knowing, no fault */
    uint64_t text_bytes;                 /* of all strings so far */
    uint64_t bytes;                      /* of the files */
    uint64_t files;
    bool failed;                         /* out of memory */
};

/* ---- collecting (audit_collect.c) ---- */
void audit_init(struct audit *a);
void audit_release(struct audit *a);
void audit_string(struct audit *a, enum audit_kind kind, struct ghost_str text);
/* Bytes (and those of them that are text) that belong to a part; `name` is static. */
void audit_part(struct audit *a, const char *name, bool unknown, uint64_t bytes, uint64_t text_bytes);
void audit_problem(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void audit_remark(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Strings sorted by kind and text, parts by name. */
void audit_sort(struct audit *a);
/* Does the text look like what its kind says? (an identifier, a path, ...) */
bool audit_is_odd(enum audit_kind kind, struct ghost_str text);

/* ---- what is audited ---- */
/* Every string of a definition (audit_def.c). */
struct ghost_def;
void audit_def(struct audit *a, const struct ghost_def *d);
/* One .ghost file or the live tail of one, from its bytes (audit_log.c). */
int audit_log(struct audit *a, const char *name, const uint8_t *bytes, size_t n, struct ghost_err *err);
/* A log with its live files, a database, an export: told by its content (audit_file.c). */
int audit_file(struct audit *a, const char *path, struct ghost_err *err);
int audit_database(struct audit *a, const char *path, const uint8_t *bytes, size_t n, struct ghost_err *err);
int audit_json(struct audit *a, const char *path, struct ghost_str text, struct ghost_err *err);
int audit_csv(struct audit *a, const char *path, struct ghost_str text, struct ghost_err *err);

/* ---- printing (audit_print.c) ---- */
void audit_print(const struct audit *a, const char *target, FILE *f);
/* `list`: the kind whose strings are wanted, AUDIT_KIND_COUNT: all, -1: none;
 * `grep`: only those that hold it, or NULL. Returns how many there are. */
uint64_t audit_print_list(const struct audit *a, int list, const char *grep, FILE *f);
uint64_t audit_print_json(const struct audit *a, const char *target, int list, const char *grep, FILE *f);

#endif
