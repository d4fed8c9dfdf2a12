/* audit_redact.h - a copy of a session without the program's names. */
#ifndef GHOST_AUDIT_REDACT_H
#define GHOST_AUDIT_REDACT_H

#include "audit_names.h"
#include "audit_walk.h"

/* ---- definitions (audit_redact.c) ---- */

/* The types of one log by number, as the annotations need them. */
struct redact_type { uint32_t id; bool is_public; struct ghost_str module, qualname; };
struct redact_types { struct arena arena; struct redact_type *v; uint32_t n, cap; struct table by_id; bool failed; };
void redact_types_add(struct redact_types *t, const struct names *n, const struct ghost_def_type *d);
void redact_types_release(struct redact_types *t);

/* The definition with tokens for names; its strings live in `a`. */
void redact_def(struct names *n, const struct redact_types *t, struct arena *a, const struct ghost_def *from, struct ghost_def *to);

/* ---- files (audit_copy.c) ---- */

struct redact_request { const char *output, *key_file, *map_file, *data_dir; bool all; };
struct redact_result {
    uint64_t logs, replaced;         /* different words that became tokens */
    uint64_t dropped_records, dropped_bytes;     /* of unknown kinds, of what could not be read */
    char *key_path;                  /* where the key is; the caller frees it */
};
/* Writes the copy of a session (a folder, an archive or one log; not a database)
 * to `output`, which must not exist: of the same form, and made anew by `ghost
 * import` like any other. Then looks for each replaced word in the copy; one that
 * is still there is a failure, and nothing is left. */
struct session;
int redact_session(const struct session *s, const struct redact_request *r, struct redact_result *out, struct ghost_err *err);

#endif
