/* session.h - the folder of sessions on disk: find, name, make.
 *
 * A session is one of:
 *   DATA_DIR/sessions/<unix time>-<8 hex>/            a folder with one NAME.ghost per process
 *   DATA_DIR/sessions/<unix time>-<8 hex>.ghostpack   an archive (`ghost pack`)
 *   DATA_DIR/sessions/<unix time>-<8 hex>.db          an analysis whose logs are gone
 *   a path to such a folder, such a file, or one .ghost log.
 * The analysis of a session stands beside it: its path and ".db".
 * `data_dir` may be NULL everywhere: $GHOST_DATA_DIR, else ~/.ghost. */
#ifndef GHOST_SESSION_H
#define GHOST_SESSION_H

#include <stddef.h>
#include <stdint.h>
#include "ghost/err.h"

struct session {
    char *id;                /* the folder's name, or a file's without its suffix */
    char *path;              /* the folder, or the file */
    int is_file;             /* path is one .ghost log */
    int is_member;           /* is_file, and it is inside an archive: ARCHIVE/NAME.ghost */
    int is_archive;          /* path is an archive */
    int is_db;               /* path is a database: there are no logs */
};
void session_release(struct session *s);

/* Newest first. Of things with one id the folder counts, then the archive. */
enum session_form { SESSION_FOLDER, SESSION_ARCHIVE, SESSION_DB };
struct session_list { char **ids; unsigned char *forms /* enum session_form */; size_t n; };
void session_list_release(struct session_list *l);

/* DATA_DIR/sessions as a new string; NULL with `err` filled. */
char *session_root(const char *data_dir, struct ghost_err *err);

/* All session ids, each once. A missing folder is an empty list. */
int session_list(const char *data_dir, struct session_list *out, struct ghost_err *err);

/* Makes a new, private (0700) folder; missing folders above it too. */
int session_create(const char *data_dir, struct session *out, struct ghost_err *err);

/* Entry `i` of a list as a session. */
int session_of_list(const char *root, const struct session_list *l, size_t i, struct session *out, struct ghost_err *err);

/* `name`: an id, a unique beginning of one, or a path: of a session folder, a
 * .ghost log, an archive, a database (the session beside it, if there is one);
 * NULL: the newest. NOT_FOUND and AMBIGUOUS list what is near. */
int session_resolve(const char *data_dir, const char *name, struct session *out, struct ghost_err *err);

/* Paths of the session's logs, sorted by name. The path of a log inside an archive is
 * ARCHIVE/NAME.ghost; ghost_log_open and ghost_live_open take both kinds, nobody
 * else need tell them apart. */
int session_logs(const struct session *s, char ***paths, size_t *n, struct ghost_err *err);
void session_logs_release(char **paths, size_t n);
/* Bytes of one of them, 0 when it is not there. */
uint64_t session_log_size(const char *path);

#endif
