/* audit_walk.h - all bytes of a log, in order: frames, the records in them, and
 * what is neither. Records are shown raw, so that nothing in them is passed over. */
#ifndef GHOST_AUDIT_WALK_H
#define GHOST_AUDIT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/def.h"
#include "ghost/err.h"

/* `whole` begins at the record's id, `payload` (n bytes, 8 readable behind it) ends with it. */
struct walk_record { uint64_t kind; const uint8_t *whole, *payload; size_t n, whole_n; };

/* Each may be NULL, but `record`. */
struct log_walk {
    void *self;
    void (*frame)(void *self, uint64_t offset, size_t size, const char *why);    /* a data frame begins; why: it cannot be unpacked */
    void (*record)(void *self, const struct walk_record *r);
    void (*torn)(void *self, size_t n);                  /* the rest of a frame's content is no record */
    void (*frame_end)(void *self);                       /* of one that could be unpacked */
    void (*skippable)(void *self, uint64_t offset, const uint8_t *p, size_t n);
    void (*lost)(void *self, uint64_t offset, size_t n, bool cut);               /* no frame */
};
int walk_log(const struct log_walk *w, const uint8_t *bytes, size_t n, struct ghost_err *err);

#endif
