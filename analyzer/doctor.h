/* doctor.h - the parts of `ghost doctor`. */
#ifndef GHOST_DOCTOR_H
#define GHOST_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "ghost/err.h"
#include "opt.h"

/* ---- doctor_probe.c: an interpreter, asked and tried ---- */
enum { PROBE_TEXT = 512 };
struct doctor_python {
    char *path;                          /* as found */
    char executable[PROBE_TEXT];         /* as it calls itself */
    char implementation[32], version[32];
    bool free_threaded, debug;
    bool recorded;                       /* the trial recording was complete */
    char hook[32], clock[32];            /* of the trial */
    char problem[PROBE_TEXT];            /* why not, and what helps */
};
/* Fills in what the interpreter says of itself; false: it does not run. */
bool doctor_ask(struct doctor_python *p);
/* Records a small program in a temporary session and reads it back. */
void doctor_try(struct doctor_python *p, const char *lib);

/* ---- doctor_find.c: which interpreters there are ---- */
struct doctor_pythons { struct doctor_python *items; size_t n; };
/* Those of `named`, else of PATH, the active virtual environment and the
 * folders where version managers keep them; each once. */
int doctor_find(struct doctor_pythons *l, const struct option_list *named, struct ghost_err *err);
void doctor_pythons_release(struct doctor_pythons *l);

/* ---- doctor_system.c: the machine around them ---- */
#define DOCTOR_STATUSES(X) X(FINE, "ok") X(WARN, "warning") X(BAD, "problem")
enum doctor_status {
#define X(name, text) DOCTOR_##name,
    DOCTOR_STATUSES(X)
#undef X
};
struct doctor_check {
    const char *name;
    enum doctor_status status;
    char value[PROBE_TEXT];
    char remedy[PROBE_TEXT];             /* empty when there is nothing to do */
};
/* All checks of the system into `checks`; returns their number. */
size_t doctor_checks(struct doctor_check *checks, size_t max, const char *lib, const char *data_dir);

#endif
