/* profile.h - the model, summed up per function: what report and export show.
 * There is one profile for each fn_key (module:qualname:line). */
#ifndef GHOST_PROFILE_H
#define GHOST_PROFILE_H

#include <stdio.h>
#include "arena.h"
#include "ghost/model.h"

struct profile_count { struct ghost_str name; uint64_t n; };
/* Most frequent first, then by name. */
struct profile_dist { const struct profile_count *v; uint32_t n; };
struct profile_exception { struct ghost_str type; uint64_t raised, passed, caught; };

struct profile {
    struct ghost_str fn_key, module, qualname, file;
    uint32_t line;
    bool is_module;                      /* the body of a module */
    uint64_t calls, finished, unfinished, adopted;
    uint64_t exceptions;                 /* calls left by an exception */
    uint64_t closed;                     /* generators and coroutines ended by close() */
    uint64_t total, self, suspended, min, max;   /* ns, of the finished calls */
    uint64_t p50, p95, p99;
    uint64_t first_real, last_real;
    uint32_t n_threads;                  /* told apart */
    struct profile_dist signatures, returns, yields, callers, callees;
    const struct profile_exception *exception_types; uint32_t n_exception_types;   /* by type */
};

struct profiles { struct profile *v; uint32_t n; struct arena arena; };

int profiles_make(struct profiles *p, const struct ghost_model *m, struct ghost_err *err);
void profiles_release(struct profiles *p);

static inline double profile_mean(const struct profile *p)
{
    return p->finished ? (double)p->total / (double)p->finished : 0;
}

/* One profile as a JSON object. */
struct json;
void profile_json(struct json *j, const struct profile *p);
/* A cause of loss (enum ghost_loss_cause) and a note's code in words. */
const char *model_loss_text(uint32_t cause);
const char *model_note_text(uint32_t code);
/* What the reader of any figures must know: losses, notes, damages, as members of an object. */
void model_json_caveats(struct json *j, const struct ghost_model *m);
/* The same as lines of text. */
void model_text_caveats(FILE *f, const struct ghost_model *m);

#endif
