/* facts_put.h - pieces of facts: figures in the form that reports have, names as
 * the model has them. */
#ifndef GHOST_FACTS_PUT_H
#define GHOST_FACTS_PUT_H

#include "explain/facts.h"
#include "facts_atlas.h"

/* Words with pieces in them: "{}" takes the next piece, a `struct piece`. */
enum piece_kind { PIECE_COUNT, PIECE_TIME, PIECE_SHARE, PIECE_RATIO, PIECE_PLAIN, PIECE_SPAN, PIECE_FUNCTION, PIECE_SIGNATURE, PIECE_TYPE, PIECE_FULL_TYPE,
                  PIECE_TEXT, PIECE_PARAM, PIECE_FILE, PIECE_MODULE, PIECE_ANNOTATION, PIECE_CALLER };
struct piece {
    enum piece_kind kind;
    uint64_t n, of;                      /* a count, a share n/of, or an index in the model */
    double value;                        /* time in ns, ratio */
    struct ghost_str s;
};
#define P_COUNT(c) ((struct piece){ .kind = PIECE_COUNT, .n = (c) })
#define P_PLAIN(c) ((struct piece){ .kind = PIECE_PLAIN, .n = (c) })
#define P_TIME(ns) ((struct piece){ .kind = PIECE_TIME, .value = (double)(ns) })
#define P_SPAN(ns) ((struct piece){ .kind = PIECE_SPAN, .value = (double)(ns) })
#define P_SHARE(a, b) ((struct piece){ .kind = PIECE_SHARE, .n = (a), .of = (b) })
#define P_RATIO(x) ((struct piece){ .kind = PIECE_RATIO, .value = (x) })
#define P_FUNCTION(i) ((struct piece){ .kind = PIECE_FUNCTION, .n = (i) })       /* its qualname */
#define P_CALLER(i, from) ((struct piece){ .kind = PIECE_CALLER, .n = (i), .of = (from) })  /* with its module when not `from`'s */
#define P_SIGNATURE(i) ((struct piece){ .kind = PIECE_SIGNATURE, .n = (i) })
#define P_TYPE(i) ((struct piece){ .kind = PIECE_TYPE, .n = (i) })
/* With its module: another type at hand has the same name. */
#define P_FULL_TYPE(i) ((struct piece){ .kind = PIECE_FULL_TYPE, .n = (i) })
#define P_TEXT(str) ((struct piece){ .kind = PIECE_TEXT, .s = (str) })
#define P_PARAM(str) ((struct piece){ .kind = PIECE_PARAM, .s = (str) })
#define P_FILE(str) ((struct piece){ .kind = PIECE_FILE, .s = (str) })
#define P_MODULE(str) ((struct piece){ .kind = PIECE_MODULE, .s = (str) })
#define P_ANNOTATION(str) ((struct piece){ .kind = PIECE_ANNOTATION, .s = (str) })

void put_pieces(struct facts *f, const struct atlas *a, const char *words, const struct piece *pieces, size_t n);
#define PUT(f, a, words, ...) \
    put_pieces((f), (a), (words), (const struct piece[]){ __VA_ARGS__ }, sizeof((const struct piece[]){ __VA_ARGS__ }) / sizeof(struct piece))

/* "1 call", "2 calls" */
void put_calls(struct facts *f, const struct atlas *a, uint64_t n, const char *one, const char *many);

/* module.qualname of a function, in `out`, cut when too long. */
struct ghost_str full_name(char out[1024], struct ghost_str module, struct ghost_str qualname);

#endif
