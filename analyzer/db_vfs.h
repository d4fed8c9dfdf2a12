/* db_vfs.h - SQLite files whose pages carry a checksum.
 *
 * The last 8 bytes of each page, which SQLite leaves alone when told to reserve
 * them, hold a digest of the others and of the page's place. Any SQLite reads
 * such a file; ours also notices a page that was changed, moved or lost, when it
 * is read and not before. */
#ifndef DB_VFS_H
#define DB_VFS_H

#include "ghost/err.h"

enum { DB_PAGE = 4096, DB_PAGE_RESERVED = 8 };

/* The name of the VFS, for sqlite3_open_v2; NULL with `err` filled. */
const char *db_vfs(struct ghost_err *err);

#endif
