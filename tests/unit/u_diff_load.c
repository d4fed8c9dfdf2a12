/* u_diff_load.c - two sides at once: a comparison says the same whatever the number of threads, whether
 * the sessions are analysed already, and which side fails first. Run under TSan too (make unit SAN=thread). */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/diff_print.h"
#include "analyzer/threads.h"
#include "sample_log.h"

static char folder[] = "/tmp/ghost-u_diff_load-XXXXXX";

/* ---- sessions ---- */

static void write_log(const char *session, const char *name, const void *bytes, size_t n)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, session);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%s", folder, session, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
    struct ghost_buf log = sample_log(true);
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    write_log("whole", "1-00000001.ghost", log.p, log.len);
    write_log("twice", "1-00000001.ghost", log.p, log.len);
    write_log("twice", "2-00000002.ghost", log.p, log.len);
    write_log("cut", "1-00000001.ghost", log.p, log.len / 2);
    write_log("nonsense", "1-00000001.ghost", "no log", 6);
    ghost_buf_release(&log);
    return 0;
}

static int run_in_folder(const char *what)
{
    char command[160];
    snprintf(command, sizeof command, "cd %s && %s", folder, what);
    return system(command);
}

static int clean_up(void **state)
{
    (void)state;
    return run_in_folder("rm -rf \"$PWD\"");
}

/* "a,b" as paths. */
static void paths_of(char *out, size_t size, const char *names)
{
    char copy[64], *rest = copy, *name;
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", names);
    for (; (name = strsep(&rest, ",")); n = strlen(out))
        snprintf(out + n, size - n, "%s%s/%s", n ? "," : "", folder, name);
}

/* ---- comparisons ---- */

/* A line for the code and the message of a failure, or the comparison as JSON; to be freed. */
static char *told(const char *before, const char *after, const char *split, unsigned jobs)
{
    struct diff_options o = DIFF_DEFAULTS;
    struct diff_sources from = { NULL, jobs };
    struct diff_side b, a;
    struct diff d = { 0 };
    struct diff_rules rules = { 0 };
    struct findings fired = { 0 };
    struct ghost_err err = GHOST_ERR_INIT;
    char *text = NULL, first[256], second[256];
    size_t n = 0;
    paths_of(first, sizeof first, before);
    paths_of(second, sizeof second, after);
    o.jobs = jobs;
    int ret = split ? diff_load_split(&b, &a, &from, first, split, &err) : diff_load(&b, &a, &from, first, second, &err);
    if (ret == 0)
        ret = diff_make(&d, &b, &a, &o, &err);
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    if (ret == 0)
        diff_json(f, &(struct diff_view){ &d, &rules, &fired, 0, true, folder });
    else
        fprintf(f, "failed: %d, %s", ret, err.msg);
    assert_int_equal(fclose(f), 0);
    diff_release(&d);
    return text;
}

static const struct { const char *before, *after, *split, *with; } comparisons[] = {
    { "whole", "twice", NULL, "\"before\"" },
    { "whole", "whole", NULL, "\"before\"" },
    { "whole,cut", "twice,whole", NULL, "\"before\"" },
    { "cut", "whole", NULL, "\"before\"" },
    { "whole", "whole", "+1ms", "\"before\"" },
    { "nonsense", "whole", NULL, "session nonsense" },
    { "whole", "nonsense", NULL, "session nonsense" },
    { "gone", "nonsense", NULL, "/gone" },       /* the first side's failure is told */
    { "nonsense", "gone", NULL, "session nonsense" },
};

static void the_same_by_any_number_of_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        char *first = NULL;
        for (unsigned round = 0; round < 4; round++) {
            if (round % 2 == 0)          /* analysed by this round, read by the next */
                assert_int_equal(run_in_folder("rm -f *.db"), 0);
            char *text = told(comparisons[i].before, comparisons[i].after, comparisons[i].split, round < 2 ? 1 : 2);
            assert_non_null(text);
            if (first)
                assert_string_equal(text, first);
            else if (!strstr(text, comparisons[i].with))
                fail_msg("%s against %s: %s", comparisons[i].before, comparisons[i].after, text);
            free(first);
            first = text;
        }
        free(first);
    }
}

/* Another process made the databases, so that in this one two threads are the first to open any. */
static void both_threads_begin(void **state)
{
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        free(told("whole", "twice", NULL, 1));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(run_in_folder("test -f whole.db && test -f twice.db"), 0);
    char *text = told("whole", "twice", NULL, 2);
    assert_non_null(strstr(text, "\"before\""));
    free(text);
}

/* ---- two things at once ---- */

struct part { int ret; const char *says; unsigned done; };

static int do_part(void *self, struct ghost_err *err)
{
    struct part *p = self;
    p->done++;
    return p->ret < 0 ? ghost_fail(err, p->ret, "%s", p->says) : 0;
}

static void the_first_failure_is_told(void **state)
{
    (void)state;
    for (unsigned jobs = 1; jobs < 3; jobs++)
        for (unsigned fails = 0; fails < 4; fails++) {
            struct part a = { fails & 1 ? GHOST_E_IO : 0, "first", 0 }, b = { fails & 2 ? GHOST_E_FULL : 0, "second", 0 };
            struct ghost_err err = GHOST_ERR_INIT;
            assert_int_equal(threads_both(jobs, do_part, &a, &b, &err), a.ret ? a.ret : b.ret);
            assert_int_equal(err.code, a.ret ? a.ret : b.ret);
            assert_string_equal(err.msg, a.ret ? "first" : b.ret ? "second" : "");
            assert_int_equal(a.done, 1);
            assert_true(b.done == 1 || (b.done == 0 && a.ret && jobs == 1));
            assert_int_equal(threads_both(jobs, do_part, &a, &b, NULL), a.ret ? a.ret : b.ret);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(both_threads_begin),    /* before any other */
                                        cmocka_unit_test(the_same_by_any_number_of_threads), cmocka_unit_test(the_first_failure_is_told) };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
