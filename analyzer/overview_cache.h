/* overview_cache.h - what sessions that have ended look like, remembered in one file
 * (.overview in the folder of sessions), so that a long list needs no log opened.
 *
 * A session is remembered when all its processes have ended: in good order, or killed and
 * nothing of them has changed for an hour (clean_session.h). A line
 * counts as long as the folder (or archive) has the same change time and size: a
 * process that joins the session changes the folder. The file may be deleted at any
 * time; one that cannot be written only costs time. */
#ifndef GHOST_OVERVIEW_CACHE_H
#define GHOST_OVERVIEW_CACHE_H

#include "overview.h"

struct overview_cache;
struct overview_cache *overview_cache_open(const char *root);    /* NULL: none; the calls below take it */
/* Writes what has been learned. */
void overview_cache_close(struct overview_cache *c);

/* As overview_read. */
int overview_cached(struct overview_cache *c, struct overview *o, const struct session *s);

#endif
