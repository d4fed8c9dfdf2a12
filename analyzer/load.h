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

#endif
