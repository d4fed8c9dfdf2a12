/* service.h - asks a service a prompt: key, address, retries, streaming, and every
 * way in which it can fail, as one sentence for people. */
#ifndef EXPLAIN_SERVICE_H
#define EXPLAIN_SERVICE_H

#include <stdio.h>
#include "backend.h"
#include "secret.h"

struct service_options {
    const char *model, *base_url;                /* NULL: from the backend's variables, else the next two, else its defaults */
    const char *file_model, *file_base_url;      /* as the file of settings has them, or NULL */
    const char *key_file;                        /* NULL: the key is in the environment */
    bool allow_http;
    unsigned long timeout_ms, max_wait_ms;       /* of one attempt; the longest pause that is waited out */
    unsigned retries;
    FILE *log;                                   /* what is going on, for people; NULL: nobody is told */
};
struct service { const struct backend *backend; struct service_options o; char *base, *model; struct secret secret; };

/* Settles address and model (NULL: none is named) without the key and without the network. */
int service_plan(struct service *s, const struct backend *b, const struct service_options *o, struct ghost_err *err);
/* Settles address, model and key; asks the service for its model when none is named anywhere. */
int service_open(struct service *s, const struct backend *b, const struct service_options *o, char problem[], size_t size);
void service_release(struct service *s);

/* Text of the model as it comes, the key made unreadable; not 0 ends it. */
typedef int service_text(void *self, const char *text, size_t n);
struct service_sink { service_text *text; void *self; };

/* True: the service answered; `r` is filled. False: `problem` says why not (what
 * came of the answer is in `r`). */
bool service_ask(struct service *s, const struct prompt *p, bool stream, const struct service_sink *sink,
                 struct reply *r, char problem[], size_t size);

/* Where and what would be sent; the body is a new string. */
char *service_request(const struct service *s, const struct prompt *p, bool stream, char **url);

#endif
