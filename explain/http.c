/* http.c - libcurl, held short. */
#include "http.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "format/base.h"

enum { CONNECT_TIMEOUT_MS = 10000 };

struct transfer { const struct http_request *r; struct http_response *out; CURL *curl; bool too_large; };

static size_t on_body(char *bytes, size_t size, size_t n, void *self)
{
    struct transfer *t = self;
    n *= size;
    t->out->received += n;
    if (t->out->received > HTTP_LIMIT) {
        t->too_large = true;
        return 0;
    }
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->r->data && status >= 200 && status < 300) {
        t->out->stopped = t->r->data(t->r->self, bytes, n);
        return t->out->stopped ? 0 : n;
    }
    buf_put(&t->out->body, bytes, n);
    return t->out->body.failed ? 0 : n;
}

/* ---- where to ---- */

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    char bare[64];
    size_t n = strlen(host);
    if (strcasecmp(host, "localhost") == 0 || (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0))
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (n < 3 || n >= sizeof bare || host[0] != '[')
        return false;
    memcpy(bare, host + 1, n - 2);
    bare[n - 2] = '\0';
    return inet_pton(AF_INET6, bare, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static char *part_of(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    return curl_url_get(u, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool url_is_loopback(const char *url)
{
    CURLU *u = curl_url();
    bool yes = false;
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *host = part_of(u, CURLUPART_HOST);
        yes = host && is_loopback(host);
        curl_free(host);
    }
    curl_url_cleanup(u);
    return yes;
}

int http_check_base(const char *url, bool allow_http, struct ghost_err *err)
{
    int ret = GHOST_E_USAGE;
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *user = NULL, *password = NULL, *query = NULL;
    if (!u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK) {
        ghost_fail(err, ret, "the base URL is no URL; give one as https://host/path");
        goto out;
    }
    scheme = part_of(u, CURLUPART_SCHEME);
    host = part_of(u, CURLUPART_HOST);
    user = part_of(u, CURLUPART_USER);
    password = part_of(u, CURLUPART_PASSWORD);
    query = part_of(u, CURLUPART_QUERY);
    if (!scheme || !host || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        ghost_fail(err, ret, "the base URL must begin with https:// or http://");
    else if (user || password || query)
        ghost_fail(err, ret, "the base URL holds a user, a password or a query; keys belong into the environment or a key file, where they are not shown");
    else if (strcmp(scheme, "http") == 0 && !allow_http && !is_loopback(host))
        ghost_fail(err, ret, "%.100s would be asked over plain http, where the key and the facts can be read; use https, or say --allow-http", host);
    else
        ret = 0;
out:
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_free(password);
    curl_free(query);
    curl_url_cleanup(u);
    return ret;
}

char *http_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    char *copy = escaped ? strdup(escaped) : NULL;
    curl_free(escaped);
    return copy;
}

/* ---- one transfer ---- */

static const char *environment(const char *first, const char *second)
{
    const char *value = getenv(first);
    value = value && *value ? value : second ? getenv(second) : NULL;
    return value && *value ? value : NULL;
}

static bool set_up(CURL *c, struct transfer *t, struct curl_slist *headers, char *message)
{
    const struct http_request *r = t->r;
    const char *ca = environment("CURL_CA_BUNDLE", "SSL_CERT_FILE"), *ca_dir = environment("SSL_CERT_DIR", NULL);
    CURLcode bad = 0;
#define SET(option, value) bad |= curl_easy_setopt(c, CURLOPT_##option, value)
    SET(URL, r->url);
    SET(HTTPHEADER, headers);
    SET(ERRORBUFFER, message);
    SET(WRITEFUNCTION, on_body);
    SET(WRITEDATA, t);
    SET(NOSIGNAL, 1L);
    SET(TIMEOUT_MS, (long)r->timeout_ms);
    SET(CONNECTTIMEOUT_MS, (long)(r->timeout_ms < CONNECT_TIMEOUT_MS ? r->timeout_ms : CONNECT_TIMEOUT_MS));
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, 2L);
    SET(FOLLOWLOCATION, 0L);         /* a redirect would carry the key and the facts elsewhere */
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(PROTOCOLS_STR, "http,https");
#else
    SET(PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(ACCEPT_ENCODING, "");
    SET(USERAGENT, "ghost");
    if (ca)
        SET(CAINFO, ca);
    if (ca_dir)
        SET(CAPATH, ca_dir);
    if (url_is_loopback(r->url))
        SET(NOPROXY, "*");           /* this machine is not asked through another one */
    if (r->body) {
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)strlen(r->body));
        SET(POSTFIELDS, r->body);
    }
#undef SET
    return bad == 0;
}

static int network_error(const struct transfer *t, CURLcode code, const char *message, struct ghost_err *err)
{
    struct http_response *out = t->out;
    /* a proxy of the environment may have a user and a password, and libcurl shows it as it is */
    if (strchr(message, '@'))
        message = "the proxy that the environment names (https_proxy, http_proxy, all_proxy) cannot be used";
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return ghost_fail(err, GHOST_E_IO, "no complete answer within %.3g s (--timeout)", (double)t->r->timeout_ms / 1000);
    case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_CONNECT_ERROR: case CURLE_SSL_ISSUER_ERROR:
        return ghost_fail(err, GHOST_E_IO, "the server could not prove who it is (TLS): %.200s", message[0] ? message : curl_easy_strerror(code));
    case CURLE_GOT_NOTHING: case CURLE_RECV_ERROR: case CURLE_SEND_ERROR: case CURLE_PARTIAL_FILE: case CURLE_HTTP2: case CURLE_HTTP2_STREAM:
        out->retryable = out->received == 0;
        return ghost_fail(err, GHOST_E_IO, "the connection was closed %s: %.200s", out->received ? "in the middle of the answer" : "before an answer came",
                          message[0] ? message : curl_easy_strerror(code));
    default:
        return ghost_fail(err, GHOST_E_IO, "%.300s", message[0] ? message : curl_easy_strerror(code));
    }
}

static void take_status(CURL *c, struct http_response *out)
{
    curl_off_t after = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
    if (curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
        out->retry_after = (double)after;
    buf_put(&out->body, "", 1);
    out->body.len -= out->body.len > 0;
}

int http_send(const struct http_request *r, struct http_response *out, struct ghost_err *err)
{
    int ret = GHOST_E_NOMEM;
    char message[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL, *more;
    *out = (struct http_response){ .retry_after = -1 };
    CURL *c = curl_easy_init();
    struct transfer t = { r, out, c, false };
    const char *const lines[] = { "Expect:", r->body ? "Content-Type: application/json" : NULL, r->secret };
    for (size_t i = 0; c && i < sizeof lines / sizeof *lines; i++) {
        more = lines[i] ? curl_slist_append(headers, lines[i]) : headers;
        if (!more)
            goto out;
        headers = more;
    }
    if (!c || !set_up(c, &t, headers, message))
        goto out;
    CURLcode code = curl_easy_perform(c);
    take_status(c, out);
    if (out->body.failed)
        goto out;
    ret = 0;
    if (t.too_large)
        ret = ghost_fail(err, GHOST_E_LIMIT, "the answer is larger than %u MiB; it was not read on", HTTP_LIMIT >> 20);
    else if (code != CURLE_OK && !out->stopped)
        ret = network_error(&t, code, message, err);
out:
    if (ret == GHOST_E_NOMEM)
        ghost_fail(err, ret, "out of memory, or libcurl cannot do what is asked of it");
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    return ret;
}

void http_response_release(struct http_response *r)
{
    ghost_buf_release(&r->body);
}
