/* term.h - what a terminal can show: width, colour, characters; numbers and
 * times as people read them. */
#ifndef GHOST_TERM_H
#define GHOST_TERM_H

#include <stdbool.h>
#include <stdio.h>
#include "ghost/def.h"

/* Columns of the terminal behind `f`; COLUMNS overrides; 0: no terminal, no limit. */
unsigned term_width(FILE *f);
/* A terminal, and the user has not said NO_COLOR. */
bool term_color(FILE *f);
/* Characters beyond ASCII may be shown. */
bool term_unicode(void);

/* Columns that UTF-8 text takes. */
unsigned text_width(struct ghost_str s);
/* Writes `s` in at most `width` columns (UINT_MAX: all), cut with an ellipsis,
 * control characters made harmless; returns the columns used. */
unsigned text_put(FILE *f, struct ghost_str s, unsigned width);
/* The same, but it is the beginning that is cut off. */
unsigned text_put_end(FILE *f, struct ghost_str s, unsigned width);

enum { HUMAN = 32 };
const char *human_ns(char out[HUMAN], double ns);            /* 12.50ms, <1µs */
const char *human_count(char out[HUMAN], uint64_t n);        /* 1,234,567 */
const char *human_bytes(char out[HUMAN], uint64_t n);        /* 1.2 MB */
const char *human_share(char out[HUMAN], uint64_t n, uint64_t of); /* 38% */
const char *human_time(char out[HUMAN], uint64_t real_ns);   /* 2026-11-21 12:04:05 */
const char *human_span(char out[HUMAN], uint64_t ns);        /* 12.3 s, 4 min 05 s */

#endif
