/* audit_token.h - stable tokens in place of names: HMAC-SHA-256 of the name under
 * a secret key. Who has not the key can neither read a token nor try names
 * against it; with the same key the same name always gets the same token. */
#ifndef GHOST_AUDIT_TOKEN_H
#define GHOST_AUDIT_TOKEN_H

#include <stddef.h>
#include <stdint.h>
#include "ghost/err.h"

struct token_key { uint8_t bytes[32]; };

/* The content of `file` (any secret text or bytes) as a key. NULL: DATA_DIR/redact.key,
 * which is made (random, 0600) when it is not there; `used`: the path that was taken,
 * as a new string. */
int token_key_load(struct token_key *key, const char *file, const char *data_dir, char **used, struct ghost_err *err);

/* "n" and 12 letters or digits (a-z, 2-7): 60 bits, an identifier in Python. */
enum { TOKEN_LENGTH = 13 };
void token_of(const struct token_key *key, const void *name, size_t n, char out[TOKEN_LENGTH + 1]);
/* The same for a number that tells what something is (a fingerprint of code). */
uint64_t token_number(const struct token_key *key, uint64_t number);

void sha256(const void *bytes, size_t n, uint8_t out[32]);
void hmac_sha256(const struct token_key *key, const void *bytes, size_t n, uint8_t out[32]);

#endif
