/* audit_names.h - which names are the program's own, and what stands in their place.
 *
 * First all definitions of a session are shown to names_learn, then each text is
 * asked for. Kept as they are: Python's own words (audit_public.c), and, unless
 * `all`, what belongs to the standard library: modules of its names whose code
 * lies in its folder, and the types in them. Every other word of a text becomes
 * its token, whatever it is a name of; what joins words stays. */
#ifndef GHOST_AUDIT_NAMES_H
#define GHOST_AUDIT_NAMES_H

#include <stdbool.h>
#include "arena.h"
#include "audit_token.h"
#include "ghost/def.h"

bool public_module(const char *p, size_t n);     /* of the standard library */
bool public_word(const char *p, size_t n);       /* of the language */

struct names {
    bool all;
    struct token_key key;
    struct arena arena;
    struct keyset shadowed;          /* names of the standard library that the program's code bears */
    struct keyset own;               /* words of the program's modules, functions and types */
    struct keyset kept;              /* words of texts that stayed as Python's own */
    struct keyset replaced;          /* words that have become tokens, in order */
    char (*tokens)[TOKEN_LENGTH + 1]; uint32_t cap_tokens;   /* of them */
    bool failed;                     /* out of memory */
};
void names_init(struct names *n, const struct token_key *key, bool all);
void names_release(struct names *n);

/* First pass, twice over all definitions: the second time it knows what is shadowed. */
void names_learn_modules(struct names *n, const struct ghost_def *d);
void names_learn_words(struct names *n, const struct ghost_def *d);

bool names_is_public_module(const struct names *n, struct ghost_str module);
bool names_is_public_func(const struct names *n, struct ghost_str module, struct ghost_str file);
bool names_is_public_type(const struct names *n, const struct ghost_def_type *t);

/* The text itself, which is Python's: its words are noted as kept. */
struct ghost_str names_keep(struct names *n, struct ghost_str text);
/* New texts in an arena of the caller. */
struct ghost_str names_words(struct names *n, struct arena *a, struct ghost_str text);
/* The same, but the words in `keep` (NULL: none) stay. */
struct ghost_str names_words_except(struct names *n, struct arena *a, struct ghost_str text, const struct keyset *keep);
/* A path: the folders of the standard library stay, what they stand in does not. */
struct ghost_str names_path(struct names *n, struct arena *a, struct ghost_str path);
bool names_is_library_file(struct ghost_str path);

/* Each word of a text, one after another; false at the end. */
bool names_next_word(struct ghost_str text, uint32_t *at, struct ghost_str *word);

#endif
