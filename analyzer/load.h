/* load.h - a SESSION operand to a model, the same way in every command. */
#ifndef GHOST_LOAD_H
#define GHOST_LOAD_H

#include "ghost/model.h"

/* `name` as in session_resolve; jobs 0: as many as processors. Shows progress
 * on stderr when that is a terminal and it takes long. */
struct ghost_model *load_model(const char *data_dir, const char *name, unsigned jobs, struct ghost_err *err);

#endif
