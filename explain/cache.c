/* cache.c - answers in DIR/<128-bit hash>.json. */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

enum { FILE_MAX = 8 << 20, NAME_LEN = 32 + 5 };

/* FNV-1a in 128 bits; the prompt is kept beside the answer, so a collision is seen. */
static void add(unsigned __int128 *h, const char *text)
{
    const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
    do
        *h = (*h ^ (unsigned char)*text) * prime;
    while (*text++);
}

static char *path_of(const char *dir, const struct cache_key *k)
{
    unsigned __int128 h = ((unsigned __int128)UINT64_C(0x6c62272e07bb0142) << 64) + UINT64_C(0x62b821756295c58d);
    size_t n = strlen(dir) + NAME_LEN + 2;
    char *path = malloc(n);
    add(&h, k->backend);
    add(&h, k->base);
    add(&h, k->model);
    add(&h, k->prompt->system);
    add(&h, k->prompt->user);
    if (path)
        snprintf(path, n, "%s/%016llx%016llx.json", dir, (unsigned long long)(h >> 64), (unsigned long long)h);
    return path;
}

static char *read_file(const char *path)
{
    struct stat st;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    /* a file that another user may have planted or changed is no answer */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
        st.st_size > 0 && st.st_size < FILE_MAX)
        text = malloc((size_t)st.st_size + 1);
    if (text) {
        ssize_t n = read(fd, text, (size_t)st.st_size);
        text[n > 0 ? n : 0] = '\0';
    }
    close(fd);
    return text;
}

static const char *member(const cJSON *root, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, name));
}

static bool is(const cJSON *root, const char *name, const char *value)
{
    const char *text = member(root, name);
    return text && strcmp(text, value) == 0;
}

void cached_release(struct cached *c)
{
    free(c->text);
    free(c->version);
    *c = (struct cached){ 0 };
}

bool cache_get(const char *dir, const struct cache_key *k, struct cached *out)
{
    char *path = path_of(dir, k), *file = path ? read_file(path) : NULL;
    cJSON *root = file ? cJSON_Parse(file) : NULL;
    const char *text = member(root, "answer"), *version = member(root, "version");
    *out = (struct cached){ 0 };
    if (text && is(root, "backend", k->backend) && is(root, "base", k->base) && is(root, "model", k->model) &&
        is(root, "system", k->prompt->system) && is(root, "user", k->prompt->user)) {
        out->text = strdup(text);
        out->version = strdup(version ? version : "");
    }
    cJSON_Delete(root);
    free(file);
    free(path);
    if (out->text && out->version)
        return true;
    cached_release(out);
    return false;
}

/* ---- keeping ---- */

int private_folder(const char *path, struct ghost_err *err)
{
    char *copy = strdup(path);
    int ret = copy ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    for (char *p = copy ? copy + 1 : NULL; p && ret == 0; p++) {
        char *slash = strchr(p, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            ret = ghost_fail(err, GHOST_E_IO, "cannot make the folder %.300s: %s", copy, strerror(errno));
        if (!slash)
            break;
        *slash = '/';
        p = slash;
    }
    free(copy);
    return ret;
}

static int write_file(const char *path, const char *text, struct ghost_err *err)
{
    size_t n = strlen(path) + 8, len = strlen(text);
    char *temporary = malloc(n);
    if (!temporary)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    snprintf(temporary, n, "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);         /* 0600 */
    errno = fd < 0 ? errno : ENOSPC;                 /* what a short write means */
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
    ok = (fd < 0 || close(fd) == 0) && ok && rename(temporary, path) == 0;
    int ret = ok ? 0 : ghost_fail(err, GHOST_E_IO, "cannot keep the answer in %.300s: %s", path, strerror(errno));
    if (!ok && fd >= 0)
        unlink(temporary);
    free(temporary);
    return ret;
}

struct aged { char name[NAME_LEN + 1]; struct timespec time; };

static int newest_first(const void *pa, const void *pb)
{
    const struct aged *a = pa, *b = pb;
    if (a->time.tv_sec != b->time.tv_sec)
        return a->time.tv_sec < b->time.tv_sec ? 1 : -1;
    if (a->time.tv_nsec != b->time.tv_nsec)
        return a->time.tv_nsec < b->time.tv_nsec ? 1 : -1;
    return strcmp(a->name, b->name);
}

/* Only our own names are counted and removed. */
static void prune(const char *dir)
{
    DIR *d = opendir(dir);
    struct aged *v = NULL;
    size_t n = 0, cap = 0;
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        struct stat st;
        if (strlen(e->d_name) != NAME_LEN || strspn(e->d_name, "0123456789abcdef") != 32 || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (n == cap) {
            struct aged *grown = realloc(v, (cap = cap ? 2 * cap : 64) * sizeof *v);
            if (!grown)
                break;
            v = grown;
        }
        memcpy(v[n].name, e->d_name, NAME_LEN + 1);
        v[n++].time = st.st_mtim;
    }
    if (n > CACHE_FILES)
        qsort(v, n, sizeof *v, newest_first);
    for (size_t i = CACHE_FILES; i < n; i++)
        unlinkat(dirfd(d), v[i].name, 0);
    free(v);
    if (d)
        closedir(d);
}

int cache_put(const char *dir, const struct cache_key *k, const struct cached *c, struct ghost_err *err)
{
    int ret = private_folder(dir, err);
    char *path = path_of(dir, k), *text = NULL;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "backend", k->backend);
    cJSON_AddStringToObject(root, "base", k->base);
    cJSON_AddStringToObject(root, "model", k->model);
    cJSON_AddStringToObject(root, "version", c->version ? c->version : "");
    cJSON_AddNumberToObject(root, "prompt_version", PROMPT_VERSION);
    cJSON_AddStringToObject(root, "system", k->prompt->system);
    cJSON_AddStringToObject(root, "user", k->prompt->user);
    cJSON_AddStringToObject(root, "answer", c->text);
    text = cJSON_PrintUnformatted(root);
    if (ret == 0)
        ret = path && text ? write_file(path, text, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (ret == 0)
        prune(dir);
    cJSON_Delete(root);
    free(text);
    free(path);
    return ret;
}
