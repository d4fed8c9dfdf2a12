/* column.h - the time codes of a block: deltas of ticks, one byte each, with
 * extra bytes behind for the long ones (docs/format.md, 5.1). */
#ifndef COLUMN_H
#define COLUMN_H

#include <stddef.h>
#include <stdint.h>
#include "varint.h"

#define TIME_SHORT 192u      /* codes below are the delta itself */
#define TIME_ESCAPE 255u     /* the delta follows as a varint */
#define TIME_EXTRA_MAX 10    /* extra bytes of one delta at most */
#define TIME_TICK_MAX (UINT64_C(1) << 60)

/* Stores the code of a delta of TIME_SHORT or more at *code and its extra bytes at
 * `extra` (room for TIME_EXTRA_MAX is there). Returns what is behind them. */
uint8_t *time_encode_long(uint64_t delta, uint8_t *code, uint8_t *extra);

/* Turns `n` codes into absolute ticks that start from `base`, and takes their extra
 * bytes, which must be followed by 8 readable bytes. 0, or -1 when there are too
 * few of them or a tick passes TIME_TICK_MAX. */
int time_decode(const uint8_t *codes, size_t n, uint64_t base,
                struct cursor *extra, uint64_t *ticks);

#endif
