/* db_vfs.c - the system's VFS with a digest added to pages written and checked
 * on pages read. Only whole pages of main databases are concerned. */
#include "db_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

/* Ours, then the system's file in the same block of memory. */
struct checked_file { sqlite3_file base; sqlite3_file *real; };

static sqlite3_file *real(sqlite3_file *f) { return ((struct checked_file *)f)->real; }

static bool is_page(int n, sqlite3_int64 at) { return n == DB_PAGE && at % DB_PAGE == 0; }

static uint64_t digest(const void *page, sqlite3_int64 at)
{
    return XXH3_64bits_withSeed(page, DB_PAGE - DB_PAGE_RESERVED, (uint64_t)at);
}

/* ---- pages ---- */

static int read_page(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    uint64_t stored;
    int code = real(f)->pMethods->xRead(real(f), to, n, at);
    if (code != SQLITE_OK || !is_page(n, at))
        return code;
    memcpy(&stored, (const char *)to + DB_PAGE - DB_PAGE_RESERVED, sizeof stored);
    return stored == digest(to, at) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

static int write_page(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    char page[DB_PAGE];
    if (!is_page(n, at))
        return real(f)->pMethods->xWrite(real(f), from, n, at);
    memcpy(page, from, DB_PAGE);
    uint64_t d = digest(page, at);
    memcpy(page + DB_PAGE - DB_PAGE_RESERVED, &d, sizeof d);
    return real(f)->pMethods->xWrite(real(f), page, n, at);
}

/* ---- everything else as it is ---- */

static int forward_close(sqlite3_file *f) { return real(f)->pMethods->xClose(real(f)); }
static int forward_truncate(sqlite3_file *f, sqlite3_int64 n) { return real(f)->pMethods->xTruncate(real(f), n); }
static int forward_sync(sqlite3_file *f, int flags) { return real(f)->pMethods->xSync(real(f), flags); }
static int forward_size(sqlite3_file *f, sqlite3_int64 *n) { return real(f)->pMethods->xFileSize(real(f), n); }
static int forward_lock(sqlite3_file *f, int how) { return real(f)->pMethods->xLock(real(f), how); }
static int forward_unlock(sqlite3_file *f, int how) { return real(f)->pMethods->xUnlock(real(f), how); }
static int forward_reserved(sqlite3_file *f, int *out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
static int forward_control(sqlite3_file *f, int what, void *arg) { return real(f)->pMethods->xFileControl(real(f), what, arg); }
static int forward_sector(sqlite3_file *f) { return real(f)->pMethods->xSectorSize(real(f)); }
static int forward_device(sqlite3_file *f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }

/* Version 1: without mapped reads, which would go past read_page. */
static const sqlite3_io_methods methods = {
    .iVersion = 1, .xClose = forward_close, .xRead = read_page, .xWrite = write_page, .xTruncate = forward_truncate, .xSync = forward_sync,
    .xFileSize = forward_size, .xLock = forward_lock, .xUnlock = forward_unlock, .xCheckReservedLock = forward_reserved,
    .xFileControl = forward_control, .xSectorSize = forward_sector, .xDeviceCharacteristics = forward_device,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    sqlite3_vfs *system = vfs->pAppData;
    struct checked_file *c = (struct checked_file *)f;
    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return system->xOpen(system, name, f, flags, out);
    *c = (struct checked_file){ .real = (sqlite3_file *)(c + 1) };
    int code = system->xOpen(system, name, c->real, flags, out);
    if (c->real->pMethods)               /* to be closed even when opening failed */
        c->base.pMethods = &methods;
    return code;
}

static sqlite3_vfs checked;

/* By whichever thread opens a database first, while others wait. */
static void register_checked(void)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    if (!system)
        return;
    checked = *system;
    checked.pNext = NULL;
    checked.pAppData = system;
    checked.szOsFile = system->szOsFile + (int)sizeof(struct checked_file);
    checked.xOpen = open_file;
    checked.zName = "ghost";
    if (sqlite3_vfs_register(&checked, 0) != SQLITE_OK)
        checked.zName = NULL;
}

const char *db_vfs(struct ghost_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_checked);
    if (!checked.zName)
        ghost_fail(err, GHOST_E_STATE, "SQLite has no file system here");
    return checked.zName;
}
