/* relation.h - a claim as tokens, and how its relations are settled. Of relation.c
 * and relation_judge.c alone. */
#ifndef EXPLAIN_RELATION_H
#define EXPLAIN_RELATION_H

#include "relation_words.h"
#include "scope.h"

enum { TOKENS = 256 };
enum token_kind { TOKEN_RELATION, TOKEN_NUMBER, TOKEN_NAME, TOKEN_CLAUSE, TOKEN_SENTENCE };
struct token {
    enum token_kind kind;
    const char *p; size_t len;
    const struct relation_word *word;
    struct quantity number;
    bool base;                       /* "3 of 8": the 8 */
    enum { OPEN, SETTLED, DONE } state;     /* of a relation; a number that is DONE belongs to one */
};
struct claim_text { const struct scope *s; const char *text; struct token v[TOKENS]; size_t n; };


bool is_role(const struct token *t, enum role_family family);
/* The facts decide it, and it is right, or wrong: then it is a fault of the claim. */
void settle(struct claim_text *c, struct token *t);
void wrong(struct claim_text *c, struct token *t, const char *format);
/* "not slower", "no failures": the word before turns it round. */
bool is_negated(const struct claim_text *c, const struct token *t);
/* Shares of failures in what is cited. False: none is told. */
bool failing_shares(const struct claim_text *c, double *least, double *most);
/* Decides the relation at `at`, or leaves it open. */
void judge_relation(struct claim_text *c, size_t at);

#endif
