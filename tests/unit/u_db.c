/* A model through a database and back; and what a reader makes of a database
 * whose values somebody changed: an error or a model that can be walked, never
 * anything else. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tools/model_dump.h"
#include "analyzer/db_file.h"
#include "analyzer/db_open.h"
#include "analyzer/db_schema.h"
#include "analyzer/db_write.h"
#include "analyzer/pipeline.h"
#include "sample_log.h"

/* ---- a session with one of everything ---- */

static char folder[] = "/tmp/ghost-u-db-XXXXXX";

static void write_file(const char *name, const void *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
    char path[64];
    struct ghost_buf log = sample_log(true);
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/s", folder);
    mkdir(path, 0700);
    write_file("1-00000001.ghost", log.p, log.len);
    write_file("2-00000002.ghost", log.p, log.len / 2);      /* cut: damage */
    write_file("3-00000003.ghost", "no log", 6);
    ghost_buf_release(&log);
    return 0;
}

static int clean_up(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct session the_session(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/s", folder);
    return (struct session){ .id = "s", .path = path };
}

static struct ghost_model *the_model(void)
{
    struct session s = the_session();
    struct pipeline_options o = { .jobs = 1 };
    struct ghost_model *m = pipeline_run(&s, &o, NULL);
    assert_non_null(m);
    return m;
}

static char *text_of(const struct ghost_model *m)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    model_dump(f, m);
    assert_int_equal(fclose(f), 0);
    return text;
}

static sqlite3 *stored(const struct ghost_model *m)
{
    sqlite3 *db = NULL;
    struct ghost_err err = GHOST_ERR_INIT;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(db_write_model(db, m, &err), 0);
    return db;
}

/* ---- there and back ---- */

static void a_model_comes_back(void **state)
{
    (void)state;
    struct ghost_model *m = the_model();
    sqlite3 *db = stored(m);
    struct ghost_model *back = db_read_model(db, DB_ALL, NULL);
    assert_non_null(back);
    char *a = text_of(m), *b = text_of(back);
    assert_string_equal(a, b);
    assert_true(m->n_damages > 0 && m->n_losses > 0 && m->n_notes > 0 && m->n_marks > 0 && m->n_annotations > 0 && m->n_trees > 0);
    assert_ptr_equal(back->functions[0].module.p, back->functions[1].module.p);     /* equal strings are equal pointers */
    free(a);
    free(b);
    ghost_model_free(back);
    ghost_model_free(m);
    sqlite3_close(db);
}

static void the_head_is_a_part(void **state)
{
    (void)state;
    struct ghost_model *m = the_model();
    sqlite3 *db = stored(m);
    struct ghost_model *head = db_read_model(db, DB_HEAD, NULL);
    assert_non_null(head);
    assert_int_equal(head->n_functions, 0);
    assert_int_equal(head->n_processes, m->n_processes);
    assert_int_equal(head->n_losses, m->n_losses);
    assert_int_equal(head->n_damages, m->n_damages);
    assert_int_equal(head->events, m->events);
    assert_string_equal(ghost_model_meta(&head->processes[0], "pid").p, ghost_model_meta(&m->processes[0], "pid").p);
    ghost_model_free(head);
    ghost_model_free(m);
    sqlite3_close(db);
}

/* ---- values that were never written ---- */

static const char *const values[] = { "NULL", "-1", "0", "1", "3", "7", "4294967295", "4294967296", "9223372036854775807", "-9223372036854775808", "1.5",
                                      "'text'", "''", "x'00'", "'{\"1\":2,\"1\":2}'", "'{\"99999\":1}'", "'{\"5\":99999999999999999999}'", "'{\"5\":1'" };

/* One value of a copy of the database is another. */
static unsigned read_changed(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    struct ghost_err err = GHOST_ERR_INIT;
    assert_int_equal(sqlite3_exec(db, "SAVEPOINT before", NULL, NULL, NULL), SQLITE_OK);
    int code = sqlite3_exec(db, sql, NULL, NULL, &message);
    sqlite3_free(message);
    unsigned refused = 0;
    if (code == SQLITE_OK) {
        struct ghost_model *m = db_read_model(db, DB_ALL, &err);
        if (m)
            free(text_of(m));            /* all of it can be walked */
        else
            assert_int_equal(err.code, GHOST_E_CORRUPT);
        refused = !m;
        ghost_model_free(m);
    }
    sqlite3_exec(db, "ROLLBACK TO before; RELEASE before", NULL, NULL, NULL);
    return refused;
}

static unsigned change_column(sqlite3 *db, const struct db_table *t, const char *column)
{
    unsigned refused = 0;
    for (size_t v = 0; v < sizeof values / sizeof *values; v++)
        for (unsigned last = 0; last < 2; last++) {
            char sql[512];
            const char *key = t->parent ? t->parent->name : "id";
            snprintf(sql, sizeof sql, "UPDATE OR IGNORE %s SET \"%s\" = %s WHERE \"%s\" = (SELECT %s(\"%s\") FROM %s)", t->name, column, values[v], key,
                     last ? "max" : "min", key, t->name);
            refused += read_changed(db, sql);
        }
    return refused;
}

static void changed_values_are_refused_or_harmless(void **state)
{
    (void)state;
    struct ghost_model *m = the_model();
    sqlite3 *db = stored(m);
    unsigned refused = 0;
    for (size_t i = 0; db_tables[i]; i++) {
        const struct db_table *t = db_tables[i];
        for (unsigned c = 0; c < t->n_columns; c++)
            refused += change_column(db, t, t->columns[c].name);
        if (t->parent)
            refused += change_column(db, t, "position") + change_column(db, t, t->parent->name);
        char sql[160];
        snprintf(sql, sizeof sql, "DELETE FROM %s", t->name);
        refused += read_changed(db, sql);
    }
    assert_true(refused > 300);
    char *a = text_of(m);
    struct ghost_model *back = db_read_model(db, DB_ALL, NULL);
    char *b = text_of(back);
    assert_string_equal(a, b);           /* all changes were taken back */
    free(a);
    free(b);
    ghost_model_free(back);
    ghost_model_free(m);
    sqlite3_close(db);
}

/* ---- the file ---- */

static void a_file_in_the_making_is_not_cleaned_away(void **state)
{
    (void)state;
    char path[64];
    struct db_file f;
    snprintf(path, sizeof path, "%s/x.db", folder);
    assert_int_equal(db_file_begin(&f, path, NULL), 0);
    db_clean_temporaries(path);
    assert_int_equal(access(f.temporary, F_OK), 0);
    char *copy = strdup(f.temporary);
    assert_int_equal(db_file_end(&f, -1, NULL), -1);         /* given up */
    assert_int_equal(access(copy, F_OK), -1);
    close(open(copy, O_CREAT | O_WRONLY, 0600));             /* left by somebody */
    db_clean_temporaries(path);
    assert_int_equal(access(copy, F_OK), -1);
    free(copy);
}

static void others_files_stay(void **state)
{
    (void)state;
    static const char *const names[] = { ".y.db.tmp", ".x.dbz.1-AAAAAA.tmp", "x.db.1-AAAAAA.tmp", ".x.db.1-AAAAAA.tm" };
    char path[128];
    snprintf(path, sizeof path, "%s/x.db", folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/%s", folder, names[i]);
        close(open(name, O_CREAT | O_WRONLY, 0600));
        db_clean_temporaries(path);
        assert_int_equal(access(name, F_OK), 0);
    }
}

/* Every page is read, and all are well. */
static bool is_well(const char *path)
{
    sqlite3 *db = db_file_open(path, NULL);
    sqlite3_stmt *q = NULL;
    bool well = db && sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0;
    sqlite3_finalize(q);
    sqlite3_close(db);
    return well;
}

static void a_page_that_changed_is_seen(void **state)
{
    (void)state;
    struct session s = the_session();
    struct db_request r = { .jobs = 1 };
    struct db *d;
    char path[80], byte;
    struct stat st;
    assert_int_equal(db_open(&s, &r, &d, NULL), 0);
    snprintf(path, sizeof path, "%s", db_path(d));
    db_close(d);
    assert_int_equal(stat(path, &st), 0);
    for (off_t at = 4096 + 123; at < st.st_size; at += 4096 * 3) {
        int fd = open(path, O_RDWR);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_false(is_well(path));
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
    }
    assert_true(is_well(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_comes_back), cmocka_unit_test(the_head_is_a_part), cmocka_unit_test(changed_values_are_refused_or_harmless),
        cmocka_unit_test(a_file_in_the_making_is_not_cleaned_away), cmocka_unit_test(others_files_stay), cmocka_unit_test(a_page_that_changed_is_seen),
    };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
