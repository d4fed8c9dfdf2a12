/* report.h - between the report_*.c: what was asked for, what was read, and the views. */
#ifndef GHOST_REPORT_H
#define GHOST_REPORT_H

#include "json.h"
#include "profile.h"

struct report_options {
    const char *sort, *format, *data_dir, *module, *function, *from, *to, *tree;
    uint64_t top, jobs, depth;
    bool modules, exceptions, time;
};

/* A session, as far as the view needs it. */
struct report {
    const struct report_options *o;
    struct ghost_model *m;               /* without functions where the profiles came from the database alone */
    struct profiles p;                   /* those of `v`, or all */
    const struct profile **v; uint64_t n;    /* what is shown, in order */
    uint64_t matching, functions, modules, unfinished;   /* see struct db_totals */
};

/* `whole`: the view reads the model, not only the profiles. */
int report_load(struct report *r, const struct report_options *o, const char *session, bool whole, struct ghost_err *err);
void report_release(struct report *r);
/* Names for --sort, as the database has them. */
extern const char *const *const report_sorts;
/* Orders profiles; the same order as the database's. */
void report_sort(const struct profile **v, uint64_t n, const char *sort);
/* "qualname:line" */
struct ghost_str report_name(struct arena *a, const struct profile *p);

/* The views. Each prints in the format that was asked for; 0 or a negative code. */
int report_table(const struct report *r, FILE *f, struct ghost_err *err);
int report_exceptions(const struct report *r, FILE *f, struct ghost_err *err);
int report_time(const struct report *r, FILE *f, struct ghost_err *err);
int report_tree(const struct report *r, FILE *f, struct ghost_err *err);

/* What stands above and below the tables of all views. */
void report_title(const struct report *r, FILE *f, const char *what);
void report_json_begin(const struct report *r, struct json *j, FILE *f);
void report_json_end(const struct report *r, struct json *j);
/* One sheet in the format that was asked for, with the session's title and what limits the figures. */
struct sheet;
int report_sheet(const struct report *r, FILE *f, struct sheet *s, const char *what, const char *key, struct ghost_err *err);

#endif
