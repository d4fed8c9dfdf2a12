/* load.h - a SESSION operand to a model, the same way in every command. */
#ifndef GHOST_LOAD_H
#define GHOST_LOAD_H

#include "ghost/model.h"

/* `name` as in session_resolve; jobs 0: as many as processors. The model comes
 * from the session's database when that is up to date; else the logs are
 * analysed, with progress on stderr when that is a terminal and it takes long,
 * and the database is made. NULL with `err` filled. */
struct ghost_model *load_model(const char *data_dir, const char *name, unsigned jobs, struct ghost_err *err);

/* Only calls that began between `from` and `to` (as in when_range; NULL: no
 * limit): always analysed, never kept. */
struct ghost_model *load_model_range(const char *data_dir, const char *name, unsigned jobs, const char *from, const char *to,
                                     struct ghost_err *err);

/* Sessions by name, and the model of each. */
struct load_list { const char *const *names; struct ghost_model **models; uint32_t n; };
/* As load_model, for two lists whose models are all NULL yet: what is kept is read from both at once; then
 * what must be analysed is, one after another in their order, each by all threads. On failure some of the
 * models are there, for the caller to free. */
int load_lists(const char *data_dir, struct load_list *a, struct load_list *b, unsigned jobs, struct ghost_err *err);

#endif
