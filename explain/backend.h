/* backend.h - who puts facts into words.
 *
 * To add one: write backend_NAME.c that defines `const struct backend
 * backend_NAME`, and add its row to BACKENDS below. docs/adding.md goes through
 * it; tests/explain has a server that plays services. */
#ifndef EXPLAIN_BACKEND_H
#define EXPLAIN_BACKEND_H

#include "ghost/def.h"
#include "ghost/err.h"
#include "prompt.h"

/* What came of a service's answer so far. Strings are its own, freed by reply_release. */
struct reply {
    struct ghost_buf text;           /* of the model, thoughts left out */
    char *version;                   /* the model that answered, as it calls itself */
    char *finish;                    /* why it ended, in the service's word */
    char *blocked;                   /* why the prompt or the answer was refused */
    char *retirement;                /* when the model will be gone */
    bool ended, cut;                 /* it said that it ended well; that it ran out of tokens */
};
void reply_release(struct reply *r);
/* Replaces one of its strings by a copy; NULL leaves it. */
void reply_set(char **member, const char *value);

/* An error of a service, whatever its form. */
struct api_error {
    char message[400];               /* control characters made harmless */
    char status[64];                 /* its code word, or "" */
    double retry_delay;              /* seconds it asks to wait, -1: not said */
    bool daily;                      /* a quota that is back tomorrow */
};

struct backend {
    const char *name, *summary;
    /* the rest is empty for a backend that needs no service */
    const char *key_env, *base_env, *model_env;
    const char *base, *model;        /* defaults; model NULL: the service is asked for its only one */
    bool needs_key;
    const char *key_header;          /* "name: " before the key */
    /* All give new strings, NULL when out of memory. `base` has no '/' at its end. */
    char *(*url)(const char *base, const char *model, bool stream);
    char *(*models_url)(const char *base);
    /* structured: ask for JSON by schema */
    char *(*body)(const struct prompt *p, const char *model, bool stream, bool structured);
    bool retry_unstructured;         /* a 400 is asked once more without the schema */
    /* One JSON object (all of an answer, or an event of a stream): appends to `r`.
     * 0, GHOST_E_CORRUPT when it is no such object, or GHOST_E_STATE with `error` filled. */
    int (*take)(struct reply *r, const char *json, size_t n, struct api_error *error);
    /* Names of models that can answer, as a JSON document lists them: calls `each`. */
    void (*models)(const char *json, size_t n, void (*each)(void *self, const char *name), void *self);
};

#define BACKENDS(X) X(template) X(gemini) X(openai)
#define X(name) extern const struct backend backend_##name;
BACKENDS(X)
#undef X
extern const struct backend *const backends[];   /* NULL at the end */
const struct backend *backend_find(const char *name);

/* An error body: an object with "error" (object or text), an array of one, or no JSON. */
void api_error_parse(struct api_error *e, const char *body, size_t n);

#endif
