/* facts.h - what is known about one question: numbered statements, each with the
 * numbers and names it is made of.
 *
 * A fact is text that is built from left to right out of words, numbers and
 * names, and remembers where its numbers and names stand. So one struct serves
 * all: people read the text, a model gets it with the names replaced (redact.h),
 * and an answer is checked against the numbers and names (check.h). Words must
 * hold neither numbers nor names of the recorded program.
 *
 * Order: fact_begin, then pieces, then the next fact_begin. A failed allocation
 * sets `failed` and later calls do nothing: look once at the end. Everything is
 * copied and belongs to the facts. Not for use by several threads. */
#ifndef EXPLAIN_FACTS_H
#define EXPLAIN_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/def.h"

/* X(NAME, key in JSON, heading), in the order of the output. */
#define FACT_SECTIONS(X)                                        \
    X(NOTABLE, "notable", "What stands out")                    \
    X(SUBJECT, "subject", "Subject")                            \
    X(CALLS, "calls", "Calls")                                  \
    X(LATENCY, "latency", "Latency")                            \
    X(EXCEPTIONS, "exceptions", "Exceptions")                   \
    X(SIGNATURES, "signatures", "Argument type distribution")   \
    X(PARAMETERS, "parameters", "Parameter types")              \
    X(RETURNS, "returns", "Return type distribution")           \
    X(YIELDS, "yields", "Yielded types")                        \
    X(CALLERS, "callers", "Top callers")                        \
    X(CALLEES, "callees", "Functions called from here")         \
    X(ENTRIES, "entries", "Where work enters")                  \
    X(HOT, "hot", "Where the time goes")                        \
    X(SLOW, "slow", "Slowest functions")                        \
    X(FAILING, "failing", "Functions left by exceptions")       \
    X(MODULES, "modules", "Modules")                            \
    X(DEAD, "never_called", "Never called")                     \
    X(CHANGES, "changes", "Changes")                            \
    X(FINDINGS, "findings", "Findings of the detectors")        \
    X(PLACE, "place", "Place in the session")                   \
    X(CAVEATS, "caveats", "What to keep in mind")

enum fact_section {
#define X(name, key, heading) FACT_##name,
    FACT_SECTIONS(X)
#undef X
    FACT_SECTION_COUNT
};

/* X(NAME, key in JSON) */
#define FACT_UNITS(X) X(COUNT, "count") X(NS, "ns") X(SHARE, "share") X(RATIO, "ratio") X(BYTES, "bytes") X(PLAIN, "number")
enum fact_unit {
#define X(name, key) UNIT_##name,
    FACT_UNITS(X)
#undef X
    UNIT_COUNT_
};

/* X(NAME, key in JSON, token when redacted). Text: anything else that comes from
 * the recorded program, as a thread's name; it is redacted whole. */
#define FACT_NAMES(X)                                                                       \
    X(FUNCTION, "function", "fn") X(TYPE, "type", "type") X(MODULE, "module", "mod")         \
    X(PARAM, "parameter", "param") X(FILE, "file", "file") X(TEXT, "text", "text")
enum fact_name_kind {
#define X(name, key, token) NAME_##name,
    FACT_NAMES(X)
#undef X
    NAME_COUNT
};

struct fact_number { uint32_t at, len; double value; enum fact_unit unit; };   /* bytes of the text */
struct fact_name { uint32_t at, len; enum fact_name_kind kind; char *full; };  /* full: with its module, as "shop.orders.Order.add" */

struct fact {
    unsigned number;                 /* from 1 */
    enum fact_section section;
    unsigned weight;                 /* how much it stands out, 0: not at all */
    char *text; uint32_t len;        /* complete statement, UTF-8, no control characters */
    bool full;                       /* it was cut */
    uint32_t label, note;            /* text[0..label) is what it is about, text[note..len) what a table may leave to the end */
    uint64_t count; double share;    /* of a row of a distribution; share < 0: it is none */
    struct fact_number *numbers; uint32_t n_numbers;
    struct fact_name *names; uint32_t n_names;
};

struct facts {
    struct fact *v; uint32_t n, cap;
    char *session;                   /* id */
    char *about;                     /* what was asked for: "function", "session", "anomaly", "diff" */
    char *title;                     /* heading of the explanation */
    struct fact lead;                /* a sentence or two of prose, not numbered, said again by the facts */
    bool failed;
    bool in_lead;                    /* pieces go to the lead */
};

void explain_facts_release(struct facts *f);

/* Ends the fact before, begins the next. */
void fact_begin(struct facts *f, enum fact_section section);
void facts_begin_lead(struct facts *f);
/* The fact that was begun last. */
struct fact *fact_last(struct facts *f);

/* Pieces. Control characters, broken UTF-8 and what turns or hides text (plain.h) become
 * '?'. Names are cut at 200 bytes; a fact ends with "..." before it passes FACT_BYTES,
 * pieces after that are left out. */
#define FACT_BYTES 4000u
void fact_words(struct facts *f, const char *words);
void fact_number(struct facts *f, double value, enum fact_unit unit, const char *text);
void fact_name(struct facts *f, enum fact_name_kind kind, struct ghost_str shown, struct ghost_str full);
/* What was written so far is the label; writes ": ". */
void fact_label(struct facts *f);
/* What follows is left to the end of a table's row. */
void fact_note(struct facts *f);

/* Sorts by section (notable ones: by weight first), keeps the order otherwise, and numbers. */
void facts_number(struct facts *f);

extern const char *const fact_section_keys[], *const fact_section_headings[];
extern const char *const fact_unit_keys[], *const fact_name_keys[], *const fact_name_tokens[];

#endif
