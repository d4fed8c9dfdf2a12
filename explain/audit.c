/* audit.c - what was sent, what came, and what the check said: a JSON object a line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cache.h"
#include "explain.h"

static cJSON *claims_json(const struct explanation *e)
{
    cJSON *array = cJSON_CreateArray();
    for (uint32_t i = 0; i < e->n; i++) {
        const struct claim *c = &e->claims[i];
        cJSON *o = cJSON_CreateObject(), *cited = cJSON_CreateArray();
        cJSON_AddStringToObject(o, "text", c->text);
        for (size_t k = 0; k < c->n_cited; k++)
            cJSON_AddItemToArray(cited, cJSON_CreateNumber(c->cited[k]));
        cJSON_AddItemToObject(o, "facts", cited);
        cJSON_AddBoolToObject(o, "not_in_facts", c->missing);
        cJSON_AddBoolToObject(o, "holds", c->verdict.holds);
        if (!c->verdict.holds)
            cJSON_AddStringToObject(o, "reason", c->verdict.reason);
        if (c->verdict.open)
            cJSON_AddStringToObject(o, "words_not_checked", c->verdict.words);
        cJSON_AddItemToArray(array, o);
    }
    return array;
}

static char *line_of(const struct explanation *e, const struct explain_options *o, const struct prompt *p, const char *base, const struct ghost_buf *answer)
{
    char now[32] = "";
    time_t seconds = time(NULL);
    struct tm tm;
    if (gmtime_r(&seconds, &tm))
        strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &tm);
    char *text = strndup(answer->p ? (const char *)answer->p : "", answer->len);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "time", now);
    cJSON_AddStringToObject(root, "backend", e->backend->name);
    cJSON_AddStringToObject(root, "base_url", base ? base : "");
    cJSON_AddStringToObject(root, "model", e->model ? e->model : "");
    cJSON_AddStringToObject(root, "model_version", e->version ? e->version : "");
    cJSON_AddBoolToObject(root, "redacted", o->redact);
    cJSON_AddBoolToObject(root, "cached", e->cached);
    cJSON_AddNumberToObject(root, "prompt_version", PROMPT_VERSION);
    cJSON_AddStringToObject(root, "system", p->system);
    cJSON_AddStringToObject(root, "user", p->user);
    cJSON_AddStringToObject(root, "answer", text ? text : "");
    cJSON_AddItemToObject(root, "claims", claims_json(e));
    cJSON_AddNumberToObject(root, "claims_checked", e->checked);
    cJSON_AddNumberToObject(root, "claims_held", e->held);
    cJSON_AddNumberToObject(root, "claims_vague", e->vague);
    cJSON_AddNumberToObject(root, "words_checked", e->relations);
    cJSON_AddNumberToObject(root, "words_not_checked", e->open);
    cJSON_AddStringToObject(root, "problem", e->problem);
    char *line = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    free(text);
    return line;
}

static int open_audit(const char *path, struct ghost_err *err)
{
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash && slash != folder) {
        *slash = '\0';
        if (private_folder(folder, err) < 0) {
            free(folder);
            return -1;
        }
    }
    free(folder);
    /* where others may write, a link or a pipe may have been planted */
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    bool link = fd >= 0 || errno == ELOOP || errno == ENXIO;
    ghost_fail(err, GHOST_E_IO, "cannot write the audit file %.300s: %s", path, link ? "it is a link or no regular file; name one with --audit" : strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* All of a line or nothing: half a line would spoil the next one. */
static int append(int fd, const char *path, const char *line, size_t n, struct ghost_err *err)
{
    struct stat st;
    size_t done = 0;
    bool known = flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0;
    while (done < n) {
        ssize_t wrote = write(fd, line + done, n - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break;
        done += (size_t)wrote;
    }
    if (done == n)
        return 0;
    int ret = ghost_fail(err, GHOST_E_IO, "cannot write the audit file %.300s: %s", path, strerror(errno));
    if (known && ftruncate(fd, st.st_size) != 0)
        ghost_fail(err, GHOST_E_IO, "cannot write the audit file %.300s, and its last line is not whole: %s", path, strerror(errno));
    return ret;
}

int audit_write(const char *path, const struct explanation *e, const struct explain_options *o, const struct prompt *p,
                const char *base, const struct ghost_buf *answer, struct ghost_err *err)
{
    char *line = line_of(e, o, p, base, answer);
    size_t n = line ? strlen(line) : 0;
    int fd = line ? open_audit(path, err) : -1, ret = GHOST_E_IO;
    if (!line)
        ghost_fail(err, GHOST_E_NOMEM, "out of memory: nothing went into the audit file");
    if (line)
        line[n] = '\n';          /* over the NUL */
    if (fd >= 0)
        ret = append(fd, path, line, n + 1, err);
    if (fd >= 0)
        close(fd);
    free(line);
    return ret;
}
