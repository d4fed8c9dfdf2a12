/* live_tail.h - the steps of which ghost_live_open and ghost_follow_look are made. */
#ifndef LIVE_TAIL_H
#define LIVE_TAIL_H

#include "livefile_read.h"
#include "log_replay.h"

/* The identity in a log's header; false: not readable (yet). */
bool live_identity(const char *log_path, uint8_t process[16]);
/* Is there more than the log holds? */
bool live_anything(const struct live_files *l);
/* No event of the rings is older; UINT64_MAX: they are empty. */
uint64_t live_oldest_event(const struct live_files *l);
/* Appends what the files hold beyond the replayed log to `out`, as frames. */
int live_encode_tail(struct live_files *l, const struct replay *r, struct ghost_buf *out, struct ghost_err *err);

#endif
