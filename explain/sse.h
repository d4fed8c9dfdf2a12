/* sse.h - server-sent events out of chunks of bytes. Lines that are no field of
 * an event are kept aside: that is how some services send an error into a stream. */
#ifndef EXPLAIN_SSE_H
#define EXPLAIN_SSE_H

#include "ghost/def.h"

/* Data of one event, NUL-terminated; not 0 stops the parser, which returns it. */
typedef int sse_event(void *self, const char *data, size_t n);

struct sse { struct ghost_buf line, data, stray; sse_event *event; void *self; bool has_data; };

int sse_feed(struct sse *s, const char *bytes, size_t n);
/* The stream ended: an unfinished line and event count. */
int sse_end(struct sse *s);
void sse_release(struct sse *s);

#endif
