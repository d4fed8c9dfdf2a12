/* writer.h - what live.c needs of a writer beyond ghost/log.h. */
#ifndef WRITER_H
#define WRITER_H

#include "ghost/log.h"
#include "tracker.h"

/* A writer that does not begin with a header: its frames go behind others. */
struct ghost_writer *writer_new_bare(const struct ghost_writer_config *cfg, const struct ghost_sink *sink,
                                     struct ghost_err *err);
struct tracker *writer_tracker(struct ghost_writer *w);

#endif
