/* db_roundtrip - analyses sessions, stores each model in a database in memory,
 * reads it back, and says whether every field came back.
 *
 *   build/tools/db_roundtrip SESSION...      status 1: one did not
 *   build/tools/db_roundtrip --dump SESSION  the fields, as text */
#include <stdlib.h>
#include <string.h>

#include "analyzer/db_open.h"
#include "analyzer/db_write.h"
#include "analyzer/events_import.h"
#include "analyzer/pipeline.h"
#include "model_dump.h"

static char *text_of(const struct ghost_model *m)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    model_dump(f, m);
    return fclose(f) == 0 ? text : NULL;
}

static struct ghost_model *through_database(const struct ghost_model *m, struct ghost_err *err)
{
    sqlite3 *db = NULL;
    struct ghost_model *back = NULL;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK && db_write_model(db, m, err) == 0)
        back = db_read_model(db, DB_ALL, err);
    sqlite3_close(db);
    return back;
}

static void show_difference(const char *a, const char *b)
{
    size_t at = 0, line = 0;
    for (; a[at] && a[at] == b[at]; at++)
        if (a[at] == '\n')
            line = at + 1;
    fprintf(stderr, "  was  %.*s\n  is   %.*s\n", (int)strcspn(a + line, "\n"), a + line, (int)strcspn(b + line, "\n"), b + line);
}

static int check(const char *path, bool dump)
{
    struct session s;
    struct ghost_err err = GHOST_ERR_INIT;
    struct pipeline_options o = { .jobs = 2 };
    struct ghost_model *m = NULL, *back = NULL;
    char *before = NULL, *after = NULL;
    int ret = 1;
    if (session_resolve(NULL, path, &s, &err) < 0) {
        fprintf(stderr, "%s: %s\n", path, err.msg);
        return 1;
    }
    m = pipeline_run(&s, &o, &err);
    back = m ? through_database(m, &err) : NULL;
    before = back ? text_of(m) : NULL;
    after = back ? text_of(back) : NULL;
    if (before && after) {
        ret = strcmp(before, after) != 0;
        printf("%s: %zu bytes of fields, %s\n", path, strlen(before), ret ? "DIFFERENT" : "the same");
        if (ret)
            show_difference(before, after);
        if (dump)
            fputs(before, stdout);
    } else {
        fprintf(stderr, "%s: %s\n", path, err.msg);
    }
    free(before);
    free(after);
    ghost_model_free(m);
    ghost_model_free(back);
    session_release(&s);
    return ret;
}

int main(int argc, char **argv)
{
    int ret = argc < 2;
    bool dump = argc > 1 && strcmp(argv[1], "--dump") == 0;
    for (int i = 1 + dump; i < argc; i++)
        ret |= check(argv[i], dump);
    return ret;
}
