/* when.h - moments as people write them, for --from and --to.
 *
 *   2026-11-21 [12:04[:05[.5]]]   local time; with Z or +01:00 behind it, that zone's
 *   1795274757.5                  seconds since 1970
 *   +10s                          after the session's beginning
 *   -1m30s                        before its end
 *
 * Units of the last two are ns, us, ms, s, m, h and d; a bare number is seconds. */
#ifndef GHOST_WHEN_H
#define GHOST_WHEN_H

#include <stdint.h>
#include "ghost/err.h"
#include "session.h"

enum when_kind { WHEN_NONE, WHEN_REAL, WHEN_AFTER_START, WHEN_BEFORE_END };
struct when { enum when_kind kind; uint64_t ns; };

/* NULL is WHEN_NONE. GHOST_E_USAGE with `err` filled; `option` is named in the message. */
int when_parse(const char *text, const char *option, struct when *out, struct ghost_err *err);
/* ns since 1970. */
uint64_t when_real(const struct when *w, uint64_t start_real, uint64_t end_real);

/* The values of --from and --to (NULL: not given) as ns since 1970, *to 0 without an end. Looks the
 * session's beginning and end up when they are needed; where a large log has no index yet, the end
 * is now. A range that holds nothing is a GHOST_E_USAGE. */
int when_range(const struct session *s, const char *from_text, const char *to_text,
               uint64_t *from, uint64_t *to, struct ghost_err *err);

/* What --from and --to say in the help of every command that has them. */
#define WHEN_FROM_HELP "only calls that began at TIME or later: 2026-11-21T12:04:05, seconds\n" \
    "since 1970, +10s after the session's beginning, -10s before its end"
#define WHEN_TO_HELP "only calls that began before TIME"

#endif
