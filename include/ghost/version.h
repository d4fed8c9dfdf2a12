/* version.h - every version number of the product, and nothing else. */
#ifndef GHOST_VERSION_H
#define GHOST_VERSION_H

#define GHOST_VERSION "0.1.0"

/* Log format written by this build, and the oldest one its reader accepts.
 * docs/format.md, "How the format may change", says when each moves. */
#define GHOST_LOG_VERSION 2
#define GHOST_LOG_OLDEST_READABLE 1

/* Layout of the ring and definition files of a live or killed process. */
#define GHOST_LIVE_VERSION 1

/* Tables of the analysis (docs/db-schema.md). Moves with every change of them: an
 * analysis of another version is made anew from the logs. */
#define GHOST_DB_VERSION 2

#endif
