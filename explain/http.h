/* http.h - one HTTP request, with limits. Nothing in a message or on a stream
 * of this part ever holds a header. */
#ifndef EXPLAIN_HTTP_H
#define EXPLAIN_HTTP_H

#include "ghost/def.h"
#include "ghost/err.h"

#define HTTP_LIMIT (4u << 20)        /* bytes of an answer, unpacked */

/* Bytes of a 2xx answer as they come; not 0 ends the transfer. */
typedef int http_data(void *self, const char *bytes, size_t n);

struct http_request {
    const char *url;
    const char *secret;              /* a whole header with the key, or NULL */
    const char *body;                /* JSON to POST; NULL: GET */
    unsigned long timeout_ms;        /* for all of it */
    http_data *data; void *self;     /* NULL: the body is collected */
};
struct http_response {
    long status;                     /* 0: none came */
    struct ghost_buf body;           /* of errors, and when not streamed; NUL-terminated */
    double retry_after;              /* seconds, -1: not said */
    bool retryable;                  /* the failure may pass, and nothing had come */
    uint64_t received;
    int stopped;                     /* what `data` returned */
};

/* 0: an answer came, whatever its status. Negative: err tells what the network did. */
int http_send(const struct http_request *r, struct http_response *out, struct ghost_err *err);
void http_response_release(struct http_response *r);

/* Is it an address that a key and facts may be sent to? https, or http to this machine;
 * `allow_http` lets plain http pass. No user, password or query. */
int http_check_base(const char *url, bool allow_http, struct ghost_err *err);

/* `text` as a part of a path; a new string. */
char *http_escape(const char *text);

#endif
