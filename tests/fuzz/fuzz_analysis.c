/* fuzz_analysis.c - the whole way: frames of any content -> logs -> model -> database ->
 * report, anomalies, export. Nothing may crash, and what is read back from the database
 * must be what the analysis itself says.
 *
 * Input: pieces, each u8 how (bit 0: another log begins), u24 length, bytes: the content
 * of one frame. zstd's checksums would keep a fuzzer away from the records, so the input
 * is packed into frames here. seeds_analysis.py makes pieces of a log. */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include "analyzer/command.h"
#include "format/frame.h"
#include "format/varint.h"

enum { LOGS_MAX = 2, PIECE_MAX = 1 << 16 };

static char folder[64], session[80];
static ZSTD_CCtx *z;

/* ---- memory for SQLite ----
 * It asks for hundreds of thousands of small pieces an input and is not what is tested here: AddressSanitizer's
 * allocator would take most of the time. Powers of two, never given back. */

enum { CLASSES = 40, SLAB = 1 << 20 };
static union piece { union piece *next; size_t class; long double align; } *free_pieces[CLASSES];

static size_t class_of(size_t n)
{
    size_t class = 5;
    while (((size_t)1 << class) - sizeof(union piece) < n) class++;
    return class;
}

static void refill(size_t class)
{
    size_t size = (size_t)1 << class, n = size < SLAB ? SLAB / size : 1;
    char *slab = malloc(n * size);
    for (size_t i = 0; slab && i < n; i++) {
        union piece *p = (union piece *)(slab + i * size);
        p->next = free_pieces[class];
        free_pieces[class] = p;
    }
}

static void *sql_malloc(int n)
{
    size_t class = class_of((size_t)n);
    if (!free_pieces[class]) refill(class);
    union piece *p = free_pieces[class];
    if (!p) return NULL;
    free_pieces[class] = p->next;
    p->class = class;
    return p + 1;
}

static void sql_free(void *at)
{
    if (!at) return;
    union piece *p = (union piece *)at - 1;
    size_t class = p->class;
    p->next = free_pieces[class];
    free_pieces[class] = p;
}

static int sql_size(void *at) { return at ? (int)(((size_t)1 << ((union piece *)at - 1)->class) - sizeof(union piece)) : 0; }
static int sql_roundup(int n) { return (int)(((size_t)1 << class_of((size_t)n)) - sizeof(union piece)); }
static int sql_begin(void *self) { return self ? SQLITE_ERROR : SQLITE_OK; }
static void sql_end(void *self) { (void)self; }

static void *sql_realloc(void *at, int n)
{
    if (sql_size(at) >= n) return at;
    void *to = sql_malloc(n);
    if (!to) return NULL;
    memcpy(to, at, (size_t)sql_size(at));
    sql_free(at);
    return to;
}

static const sqlite3_mem_methods pieces = { sql_malloc, sql_free, sql_realloc, sql_size, sql_roundup, sql_begin, sql_end, NULL };

/* ---- a session on disk ---- */

static void empty(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            unlinkat(dirfd(dir), d->d_name, 0);
    if (dir) closedir(dir);
}

static void remove_all(void)
{
    empty(session);
    rmdir(session);
    empty(folder);
    rmdir(folder);
}

static void prepare(void)
{
    snprintf(folder, sizeof folder, "%s/fuzz_analysis_XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) abort();
    snprintf(session, sizeof session, "%s/s", folder);
    if (mkdir(session, 0700) != 0) abort();
    setenv("GHOST_DATA_DIR", folder, 1);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &pieces) != SQLITE_OK) abort();
    z = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    atexit(remove_all);
}

static void put_log(unsigned n, struct ghost_buf *log)
{
    char path[128];
    if (!log->len) return;
    snprintf(path, sizeof path, "%s/%u-0000000%u.ghost", session, n, n);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, log->p, log->len) != (ssize_t)log->len) abort();
    close(fd);
    buf_clear(log);
}

static void begin_log(unsigned n, struct ghost_buf *log)
{
    uint8_t identity[16] = { (uint8_t)n };
    header_encode(log, identity);
}

static void put_session(const uint8_t *data, size_t size)
{
    struct ghost_buf log = { 0 };
    struct cursor c = { data, data + size, false };
    unsigned n = 1;
    begin_log(n, &log);
    while (cursor_left(&c) >= 4) {
        unsigned how = (unsigned)get_fixed(&c, 1);
        size_t bytes = (size_t)get_fixed(&c, 3) % PIECE_MAX;
        if (bytes > cursor_left(&c)) bytes = cursor_left(&c);
        struct ghost_buf content = { .p = (uint8_t *)get_bytes(&c, bytes), .len = bytes };
        if ((how & 1) && n < LOGS_MAX) {
            put_log(n++, &log);
            begin_log(n, &log);
        }
        if (frame_compress(z, &content, NULL, &log, NULL) < 0) abort();
    }
    put_log(n, &log);
    ghost_buf_release(&log);
}

/* ---- commands, as the shell would call them ---- */

struct text { char *p; size_t n; };

/* What a command prints; an error is a result, too. */
static struct text run(const struct command *cmd, const char *first, const char *second, const char *third)
{
    struct text t = { 0 };
    char *argv[] = { session, (char *)"--no-config", (char *)first, (char *)second, (char *)third, NULL };
    struct ghost_err err = GHOST_ERR_INIT;
    FILE *out = stdout;
    bool help;
    int argc = 0;
    void *values = calloc(1, cmd->options_size);
    stdout = open_memstream(&t.p, &t.n);
    if (!values || !stdout) abort();
    while (argv[argc]) argc++;
    int ret = opt_parse(cmd, argc, argv, values, &help, &err);
    if (ret < 0) abort();                /* the commands below are right */
    ret = cmd->run(values, ret, argv, &err);
    if (ret < 0 && !err.msg[0]) abort(); /* every error says what is wrong */
    if (ret < 0) fprintf(stdout, "%d %s\n", ret, err.msg);
    opt_release(cmd, values);
    free(values);
    fclose(stdout);
    stdout = out;
    return t;
}

static void check(const struct command *cmd, const char *first, const char *second, const char *third)
{
    free(run(cmd, first, second, third).p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!folder[0]) prepare();
    put_session(data, size);
    struct text made = run(&cmd_export, "--format", "json", "--jobs=1"), kept = run(&cmd_export, "--format", "json", "--jobs=1");
    if (made.n != kept.n || memcmp(made.p, kept.p, made.n) != 0) {
        fprintf(stderr, "the database is not the analysis:\n%s\n---\n%s\n", made.p, kept.p);
        abort();
    }
    free(made.p);
    free(kept.p);
    check(&cmd_report, "--modules", "--top=0", NULL);
    check(&cmd_report, "--exceptions", NULL, NULL);
    check(&cmd_report, "--time", NULL, NULL);
    check(&cmd_report, "--tree", "f", NULL);
    check(&cmd_anomalies, "--format", "json", NULL);
    check(&cmd_import, "--force", "--events=all", NULL);
    empty(session);
    empty(folder);
    return 0;
}
