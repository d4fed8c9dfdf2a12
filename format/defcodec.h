/* defcodec.h - decoding definitions; the encoders are public (ghost/def.h). */
#ifndef DEFCODEC_H
#define DEFCODEC_H

#include "ghost/def.h"
#include "varint.h"

/* A record is never longer: an encoder gives up (buffer `failed`) rather than
 * make one that no frame could hold. */
#define RECORD_MAX (8u << 20)

/* Memory for the lists of one decoded definition. */
#define DEF_LISTS 3
struct def_scratch {
    void *list[DEF_LISTS]; size_t cap[DEF_LISTS];
    struct ghost_def_node *nodes; size_t nodes_cap;   /* of a MODULE, with their names: */
    struct ghost_buf names;
};
void def_scratch_release(struct def_scratch *s);

bool def_known(uint64_t kind);
const char *def_name(uint64_t kind);   /* "FUNC"; NULL if unknown */

/* Appends the record's name and its fields as JSON, keys sorted. */
void def_print(struct ghost_buf *b, const struct ghost_def *d);

/* The kind of record that a definition of this kind (ghost_def.kind) is written as by this version. */
uint32_t def_written_as(uint32_t kind);
/* Appends a decoded definition as a record of `kind`: as it was, which may be an older form, or as def_written_as. */
void def_encode(struct ghost_buf *b, uint32_t kind, const struct ghost_def *d);

/* Decodes one payload. On failure *why says what is wrong with it (static text).
 * What `d` points to lives in the payload and in `s` until the next call. */
int def_decode(struct def_scratch *s, uint32_t kind, const uint8_t *payload, size_t n,
               struct ghost_def *d, const char **why);

#endif
