/* run.h - the parts of `ghost run`, in the order it uses them. */
#ifndef GHOST_RUN_H
#define GHOST_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ghost/err.h"
#include "opt.h"
#include "session.h"

/* ---- run_target.c: what to execute ---- */
struct run_target {
    char **argv;             /* NULL-ended; the strings are the caller's or in `owned` */
    char *owned[2];
    bool is_python;          /* argv[0] is an interpreter as far as its name tells */
};
/* `python` may be NULL: $VIRTUAL_ENV/bin/python, else python3 in PATH. One of
 * `module`, `code` may be given; else argv[0] is the target. NOT_FOUND, USAGE. */
int run_target_resolve(struct run_target *t, const char *python, const char *module, const char *code,
                       int argc, char **argv, struct ghost_err *err);
void run_target_release(struct run_target *t);
/* The option by which argv's interpreter ignores Ghost's environment: "-I",
 * "-E", "-S" as text, or NULL. */
const char *run_target_isolation(const struct run_target *t);
/* The file that execvp would take for `name`, as a new string; NULL: none. */
char *run_find_command(const char *name);

/* ---- run_lib.c: what Python children find in their environment ---- */
struct run_filter {
    struct option_list include, exclude;
    bool all;
    uint64_t flush_ms, max_log;      /* 0: not given */
    uint64_t deep;                   /* elements, up to GHOST_DEEP_MAX; 0: none */
    const char *on_full;             /* NULL: not given */
};
/* The folder with boot/ and the recorders, absolute, as a new string. */
char *run_lib_dir(struct ghost_err *err);
/* Sets the environment of this process for its child. */
int run_environment(const char *lib, const char *session_dir, const struct run_filter *f, struct ghost_err *err);
/* The child is to run as if there were no Ghost. */
void run_environment_off(void);

/* ---- run_witness.c: tells signals to ghost from signals to all ---- */
struct run_sighting { int sig; pid_t sender; int64_t ms; };
struct run_witness { pid_t pid; int fd; size_t n; struct run_sighting seen[32], last[65]; };   /* last: found last, by signal */
void run_witness_start(struct run_witness *w);     /* without one, nothing is seen */
/* Did the signal that ghost just received reach the rest of the group as well? */
bool run_witness_saw(struct run_witness *w, const siginfo_t *info);
void run_witness_end(struct run_witness *w);
/* A pipe, closed on exec, whose ends never take the place of a closed stdin,
 * stdout or stderr. 0, or -1 and errno. */
int run_pipe(int ends[2]);

/* ---- run_child.c: be the target's stand-in for those who watch us ---- */
/* Runs argv to its end and fills the status as waitpid has it. */
int run_child(char **argv, int *status, struct ghost_err *err);
/* Ends as the child ended: returns its exit status, or dies of its signal. */
int run_end_like(int status);

/* ---- run_summary.c: what became of it ---- */
struct run_refusal { char *reason; unsigned processes; };
struct run_loss { uint64_t events; bool at_least; };
struct run_summary {
    unsigned processes, running;     /* logs; those whose process still lives */
    uint64_t events, lost;
    bool partial;                    /* there was no time to count everything */
    struct run_loss losses[16];      /* by enum ghost_loss_cause */
    char *notes[16];                 /* by enum ghost_note_code: detail, "" when none */
    unsigned noted[16];              /* processes with that note */
    struct run_refusal *refusals;
    size_t n_refusals;
    unsigned unreadable;             /* logs that could not be opened */
    unsigned endless;                /* logs that stop before their process did, by how much is unknown */
};
/* Reads the session, for at most `budget_ms`. */
int run_summary_read(struct run_summary *s, const struct session *session, uint64_t budget_ms, struct ghost_err *err);
void run_summary_release(struct run_summary *s);
/* Removes what the refusals left, and the folder when nothing else is in it. */
void run_summary_tidy(const struct session *session);

#endif
