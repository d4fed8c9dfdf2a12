/* db_profile.h - the stored sums of each fn_key: made once, so that the first N
 * in some order are found without the rest of the model. */
#ifndef DB_PROFILE_H
#define DB_PROFILE_H

#include "profile.h"

struct db_profile_row {
    struct profile p;
    uint32_t first, last;                /* functions of this fn_key */
    double mean, rate;
    uint32_t n_signatures;
    struct ghost_str signature;
    uint64_t signature_calls;
};
/* All calls from one profile (GHOST_NONE: from nothing recorded) to another. */
struct db_profile_call { uint32_t from, to; uint64_t calls, exceptions, finished, total, self; };
struct db_profile_rows {
    struct db_profile_row *v; uint32_t n;
    struct db_profile_call *calls; uint32_t n_calls;     /* by from, to */
};

/* Strings are those of `p`, which was made of `m`. */
int db_profile_rows(struct db_profile_rows *r, const struct profiles *p, const struct ghost_model *m, struct ghost_err *err);
/* Fills `calls`, after that. */
int db_profile_calls(struct db_profile_rows *r, const struct ghost_model *m, struct ghost_err *err);
void db_profile_rows_release(struct db_profile_rows *r);

#endif
