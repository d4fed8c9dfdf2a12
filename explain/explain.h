/* explain.h - facts to checked words: settle the backend, make the prompt, ask (or
 * take the kept answer), check each claim as it comes, write the audit file.
 *
 * The template (template.h) is the caller's to print first: it needs nobody and
 * stands above every answer. */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "answer.h"
#include "backend.h"
#include "service.h"

struct explain_options {
    const char *backend;             /* NULL: gemini when GEMINI_API_KEY is set, else template */
    const char *language;            /* "en" */
    const char *question;            /* of the user's own, or NULL */
    struct service_options service;
    bool redact, strict, stream;
    const char *cache_dir;           /* NULL: answers are not kept */
    const char *audit;               /* file; NULL: none */
    /* Each claim when it is checked, in order; with `strict` only those that hold. */
    void (*on_claim)(void *self, const struct claim *c);
    void *self;
};

struct explanation {
    const struct backend *backend;
    bool automatic;                  /* nobody named the backend */
    bool asked, cached;              /* a service was asked; its answer was kept from an earlier time */
    char *model, *version;
    struct claim *claims; uint32_t n; size_t cap;
    unsigned checked, held;          /* claims with something to look up, and how many of them hold */
    unsigned vague;                  /* claims without number, name or relating word: true or not, nothing tells */
    unsigned relations, open;        /* relating words of all claims: decided by the facts, or not */
    bool words_known;                /* they were looked for: the answer is in English */
    char problem[1400];              /* why there is no answer, or not all of it; "" */
    char warning[600];               /* retirement, an audit file that cannot be written, ... */
};

/* The backend that `name` means (NULL: automatic); NULL with `err` filled. */
const struct backend *explain_backend(const char *name, bool *automatic, struct ghost_err *err);

/* 0 also when the service failed: `problem` says so. Negative: bad use or out of memory. */
int explain_run(struct explanation *e, const struct facts *f, const struct explain_options *o, struct ghost_err *err);
void explanation_release(struct explanation *e);

/* What explain_run would send, as text: method, address, headers (the key left out), body. */
int explain_dry_run(const struct facts *f, const struct explain_options *o, FILE *out, struct ghost_err *err);

/* One line into the audit file: prompt, answer as it came, verdicts; never the key. */
int audit_write(const char *path, const struct explanation *e, const struct explain_options *o, const struct prompt *p,
                const char *base, const struct ghost_buf *answer, struct ghost_err *err);

#endif
