/* session.h - the folder of sessions on disk: find, name, make.
 *
 * DATA_DIR/sessions/<unix time>-<8 hex>/ holds one NAME.ghost per process.
 * `data_dir` may be NULL everywhere: $GHOST_DATA_DIR, else ~/.ghost. */
#ifndef GHOST_SESSION_H
#define GHOST_SESSION_H

#include <stddef.h>
#include "ghost/err.h"

struct session {
    char *id;                /* the folder's name, or a lone log's without ".ghost" */
    char *path;              /* the folder, or the lone log */
    int is_file;             /* path is one .ghost file */
};
void session_release(struct session *s);

struct session_list { char **ids; size_t n; };   /* newest first */
void session_list_release(struct session_list *l);

/* DATA_DIR/sessions as a new string; NULL with `err` filled. */
char *session_root(const char *data_dir, struct ghost_err *err);

/* All session ids. A missing folder is an empty list. */
int session_list(const char *data_dir, struct session_list *out, struct ghost_err *err);

/* Makes a new, private (0700) folder; missing folders above it too. */
int session_create(const char *data_dir, struct session *out, struct ghost_err *err);

/* `name`: an id, a unique beginning of one, a path to a session folder or to
 * a .ghost file; NULL: the newest. NOT_FOUND and AMBIGUOUS list what is near. */
int session_resolve(const char *data_dir, const char *name, struct session *out, struct ghost_err *err);

/* Paths of the session's logs, sorted; free each and the array. */
int session_logs(const struct session *s, char ***paths, size_t *n, struct ghost_err *err);
void session_logs_release(char **paths, size_t n);

#endif
