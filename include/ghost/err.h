/* err.h - how every part of Ghost reports that something failed.
 *
 * Functions that can fail return 0 (or a count, or a pointer) on success and a
 * negative `enum ghost_code` (or NULL) on failure; when they take a
 * `struct ghost_err *` they also fill a complete, user-ready message: what
 * failed, where (file, byte offset), and what to do next. Only the command's
 * main.c prints and exits. The recorder never prints: it stores the code.
 *
 * A `struct ghost_err` is plain memory owned by the caller; filling one twice
 * keeps the first message (the root cause). NULL is accepted everywhere. */
#ifndef GHOST_ERR_H
#define GHOST_ERR_H

#include <stdint.h>

/* X(name, number, one line for the reader) - numbers are never reused. */
#define GHOST_CODES(X)                                                         \
    X(OK, 0, "no error")                                                       \
    X(NOMEM, -1, "out of memory")                                              \
    X(IO, -2, "the operating system refused a read or write")                  \
    X(NOT_FOUND, -3, "nothing of that name")                                   \
    X(AMBIGUOUS, -4, "more than one thing matches")                            \
    X(CORRUPT, -5, "bytes that contradict the format")                         \
    X(TRUNCATED, -6, "the file ends inside a frame (normal after a crash)")    \
    X(VERSION, -7, "written by a version outside the readable window")         \
    X(LIMIT, -8, "a size or count above the format's limits")                  \
    X(USAGE, -9, "called with wrong arguments")                                \
    X(UNSUPPORTED, -10, "not available on this system or interpreter")         \
    X(FULL, -11, "no space left, or a configured cap was reached")             \
    X(STATE, -12, "not possible in the present state")

enum ghost_code {
#define X(name, number, text) GHOST_E_##name = number,
    GHOST_CODES(X)
#undef X
};

struct ghost_err {
    int code;            /* enum ghost_code; 0 while nothing failed */
    uint64_t offset;     /* byte offset in the file, UINT64_MAX if none */
    char msg[512];       /* complete sentence(s), NUL-terminated, no newline */
};

#define GHOST_ERR_INIT { 0, UINT64_MAX, "" }

/* Fills `err` (if not NULL and still empty) and returns `code`. */
int ghost_fail(struct ghost_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int ghost_fail_at(struct ghost_err *err, int code, uint64_t offset,
                  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The X-macro's name and text of a code, never NULL. */
const char *ghost_code_name(int code);
const char *ghost_code_text(int code);

#endif
