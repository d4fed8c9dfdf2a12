/* answer.h - a model's answer as claims. It is read while it comes: a claim is
 * there as soon as its closing brace is. */
#ifndef EXPLAIN_ANSWER_H
#define EXPLAIN_ANSWER_H

#include "check.h"
#include "ghost/err.h"

#define ANSWER_CLAIMS 64u
#define ANSWER_CITED 32u
#define ANSWER_TEXT 4000u            /* bytes of one claim */

struct claim {
    char *text;
    unsigned cited[ANSWER_CITED]; size_t n_cited;
    struct verdict verdict;          /* filled by explain.c */
    bool missing;                    /* it tells what is not in the facts */
};

typedef int answer_claim(void *self, struct claim *c);   /* the callee takes c->text */

struct answer {
    struct ghost_buf text;           /* all that came */
    answer_claim *claim; void *self;
    size_t at, start;                /* scanned so far; where the open claim began */
    uint64_t arrays; unsigned depth; /* bit d: the bracket at depth d is '[' */
    unsigned claim_depth;            /* depth inside the open claim, 0: none is open */
    bool in_string, escaped, begun, overflow;
    unsigned n;
};

/* 0, or what `claim` returned, or GHOST_E_NOMEM. */
int answer_feed(struct answer *a, const char *text, size_t n);
/* The end: what is not in the facts; and prose, when it was not the JSON that was asked for.
 * Returns GHOST_E_CORRUPT when nothing could be read. */
int answer_end(struct answer *a);
void answer_release(struct answer *a);

#endif
