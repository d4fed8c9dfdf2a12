/* secret.c - reading and hiding the key. */
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { KEY_MAX = 4096, KEY_HIDDEN = 4, KEY_BEGINNING = 12 };

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

/* The leak checker attaches to its own process, which a process without dumps forbids. */
static void forbid_dumps(void)
{
#ifndef SANITIZED
    struct rlimit none = { 0, 0 };
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
#endif
}

static int from_file(char *key, const char *file, struct ghost_err *err)
{
    FILE *f = fopen(file, "re");
    if (!f)
        return ghost_fail(err, GHOST_E_IO, "cannot read the key file %.200s: %s", file, strerror(errno));
    setvbuf(f, NULL, _IONBF, 0);             /* no second copy */
    size_t n = fread(key, 1, KEY_MAX - 1, f);
    bool more = n == KEY_MAX - 1 && fgetc(f) != EOF;
    bool bad = ferror(f) != 0;
    fclose(f);
    key[n] = '\0';
    return bad || more ? ghost_fail(err, GHOST_E_IO, "the key file %.200s %s", file, more ? "is no key: it is too long" : "cannot be read") : 0;
}

void secret_forget(const char *env)
{
    char *value = getenv(env);
    if (!value)
        return;
    explicit_bzero(value, strlen(value));
    unsetenv(env);
}

static void from_environment(char *key, const char *env)
{
    const char *value = getenv(env);
    if (value)
        snprintf(key, KEY_MAX, "%s", value);
}

/* Blanks and line ends around it are how keys come out of files; inside they would end the header. */
static int trim(char *key, struct ghost_err *err)
{
    size_t from = strspn(key, " \t\r\n"), n;
    memmove(key, key + from, strlen(key + from) + 1);
    for (n = strlen(key); n && strchr(" \t\r\n", key[n - 1]); n--)
        key[n - 1] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)key[i] <= 0x20 || (unsigned char)key[i] >= 0x7f)
            return ghost_fail(err, GHOST_E_USAGE, "the key holds a blank or a character that no key has; check where it was copied from");
    return 0;
}

int secret_read(struct secret *s, const char *file, const char *env, const char *header_name, struct ghost_err *err)
{
    char key[KEY_MAX] = "";
    *s = (struct secret){ 0 };
    forbid_dumps();
    int ret = file ? from_file(key, file, err) : 0;
    if (ret == 0 && !file)
        from_environment(key, env);
    secret_forget(env);
    if (ret == 0)
        ret = trim(key, err);
    if (ret == 0 && key[0]) {
        size_t n = strlen(header_name) + strlen(key) + 1;
        s->key = strdup(key);
        s->header = malloc(n);
        if (s->header)
            snprintf(s->header, n, "%s%s", header_name, key);
        if (!s->key || !s->header)
            ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    }
    explicit_bzero(key, sizeof key);
    if (ret < 0)
        secret_release(s);
    return ret;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void secret_release(struct secret *s)
{
    wipe(s->key);
    wipe(s->header);
    *s = (struct secret){ 0 };
}

void secret_hide(const struct secret *s, char *text, size_t n)
{
    size_t len = s->key ? strlen(s->key) : 0;
    size_t least = len < KEY_BEGINNING ? len : KEY_BEGINNING, same;
    if (len < KEY_HIDDEN || !text)
        return;
    for (char *p = text; (p = memmem(p, n - (size_t)(p - text), s->key, least)) != NULL; p += same) {
        for (same = least; same < len && p + same < text + n && p[same] == s->key[same]; same++)
            ;
        memset(p, '*', same);
    }
}
