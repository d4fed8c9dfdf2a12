/* cache.h - answers that came once, by backend, address, model and prompt. Files
 * for their owner alone; a damaged one is as if it were not there. */
#ifndef EXPLAIN_CACHE_H
#define EXPLAIN_CACHE_H

#include "prompt.h"

struct cache_key { const char *backend, *base, *model; const struct prompt *prompt; };
struct cached { char *text, *version; };     /* the model's words as they came */
void cached_release(struct cached *c);

bool cache_get(const char *dir, const struct cache_key *k, struct cached *out);
/* Keeps the newest CACHE_FILES. 0, or a negative code with `err` filled. */
#define CACHE_FILES 500
int cache_put(const char *dir, const struct cache_key *k, const struct cached *c, struct ghost_err *err);

/* Makes a private folder, and those above it. */
int private_folder(const char *path, struct ghost_err *err);

#endif
