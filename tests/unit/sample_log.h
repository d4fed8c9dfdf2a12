/* sample_log.h - a small log that holds every kind of record and of event. */
#ifndef SAMPLE_LOG_H
#define SAMPLE_LOG_H

#include "ghost/log.h"

/* One event of a thread. */
struct ghost_event sample_event(uint64_t tick, uint32_t kind, uint32_t func, uint32_t aux, uint32_t arg);

/* Appends one definition of each kind that a log may hold before its end. */
void sample_records(struct ghost_buf *b);

/* Events of threads 1 and 2 in order of time; a generator begun by 1 goes on in 2. */
struct sample_step { uint32_t thread; struct ghost_event event; };
extern const struct sample_step *const sample_steps;
extern const size_t sample_n_steps;

/* Writes records and steps (and END and index if `finish`) with small blocks. The
 * first code that is not 0, or 0. A step that fails is tried once more. */
int sample_write(struct ghost_writer *w, bool finish);
/* The bytes of that log. */
struct ghost_buf sample_log(bool finish);

/* One line of the dump after another, joined by '\n'; freed by the caller. */
char *sample_dump(const void *bytes, size_t n, bool events);

#endif
