/* pyscan_source.c - a file of Python source to UTF-8: byte order mark,
 * declared encoding, else UTF-8, as PEP 263 has it. */
#include "pyscan.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char *const mark = "\xef\xbb\xbf";

struct text { char *p; size_t n; };

static int read_all(const char *path, struct text *t, struct ghost_err *err)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        int code = ghost_fail(err, errno == ENOENT ? GHOST_E_NOT_FOUND : GHOST_E_IO, "cannot read %s: %s", path,
                              f && !S_ISREG(st.st_mode) ? "it is no file" : strerror(errno));
        if (f)
            fclose(f);
        return code;
    }
    size_t room = (size_t)st.st_size;
    t->p = (uint64_t)st.st_size > PYSCAN_FILE_MAX ? NULL : malloc(room + 1);
    int ret = 0;
    if ((uint64_t)st.st_size > PYSCAN_FILE_MAX)
        ret = ghost_fail(err, GHOST_E_LIMIT, "%s is larger than %u MiB: this is no source that people wrote", path, (unsigned)(PYSCAN_FILE_MAX >> 20));
    else if (!t->p)
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading %s", path);
    else
        t->n = fread(t->p, 1, room, f);
    if (ret == 0 && ferror(f))
        ret = ghost_fail(err, GHOST_E_IO, "cannot read %s: %s", path, strerror(errno));
    fclose(f);
    return ret;
}

/* ---- encoding ---- */

/* The name in `# coding: NAME`, copied; false when the line declares none. */
static bool declared(const char *line, size_t n, char name[64])
{
    size_t i = 0, k = 0;
    while (i < n && strchr(" \t\f", line[i]) && line[i])
        i++;
    if (i == n || line[i] != '#')
        return false;
    for (; i + 7 <= n; i++)
        if (memcmp(line + i, "coding", 6) == 0 && (line[i + 6] == ':' || line[i + 6] == '='))
            break;
    if (i + 7 > n)
        return false;
    for (i += 7; i < n && (line[i] == ' ' || line[i] == '\t'); i++)
        ;
    for (; i < n && k < 63 && line[i] && strchr("-_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", line[i]); i++)
        name[k++] = line[i] == '_' ? '-' : line[i];
    name[k] = '\0';
    return k > 0;
}

static bool is_blank(const char *line, size_t n)
{
    size_t i = 0;
    while (i < n && line[i] && strchr(" \t\f", line[i]))
        i++;
    return i == n || line[i] == '#';
}

/* The declaration counts in the first line, or in the second behind a comment or blank one. */
static bool find_declaration(const struct text *t, char name[64])
{
    size_t at = 0;
    for (unsigned line = 0; line < 2 && at < t->n; line++) {
        size_t end = at;
        while (end < t->n && t->p[end] != '\n' && t->p[end] != '\r')
            end++;
        if (declared(t->p + at, end - at, name))
            return true;
        if (!is_blank(t->p + at, end - at))
            return false;
        at = end + 1 + (end + 1 < t->n && t->p[end] == '\r' && t->p[end + 1] == '\n');
    }
    return false;
}

/* Python's names for encodings that iconv calls otherwise. */
static const char *iconv_name(const char *name)
{
    static const struct { const char *python, *iconv; } names[] = {
        { "latin-1", "ISO-8859-1" }, { "latin1", "ISO-8859-1" }, { "iso-latin-1", "ISO-8859-1" }, { "iso-latin-1-unix", "ISO-8859-1" },
        { "mac-roman", "MACINTOSH" }, { "macroman", "MACINTOSH" }, { "latin-9", "ISO-8859-15" }, { "iso8859-1", "ISO-8859-1" },
        { "sjis", "SHIFT-JIS" }, { "ms932", "CP932" }, { "ujis", "EUC-JP" }, { "ks-c-5601", "EUC-KR" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i].python) == 0)
            return names[i].iconv;
    return name;
}

static bool is_utf8(const char *name)
{
    return strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "utf8") == 0 || strncasecmp(name, "utf-8-", 6) == 0 ||
           strcasecmp(name, "ascii") == 0 || strcasecmp(name, "us-ascii") == 0;
}

static int convert(const char *path, const char *encoding, struct text *t, struct ghost_err *err)
{
    iconv_t cd = iconv_open("UTF-8", iconv_name(encoding));
    if (cd == (iconv_t)-1)
        return ghost_fail(err, GHOST_E_UNSUPPORTED, "%s declares the encoding '%s', which this system cannot read", path, encoding);
    size_t room = t->n * 4, left = t->n, out_left = room;
    char *converted = malloc(room + 1), *from = t->p, *to = converted;
    int ret = converted ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading %s", path);
    if (ret == 0 && iconv(cd, &from, &left, &to, &out_left) == (size_t)-1)
        ret = ghost_fail(err, GHOST_E_CORRUPT, "%s is not in the encoding '%s' that it declares (at byte %zu)", path, encoding, t->n - left);
    iconv_close(cd);
    if (ret < 0) {
        free(converted);
        return ret;
    }
    free(t->p);
    t->p = converted;
    t->n = room - out_left;
    return 0;
}

int pyscan_file(struct pyscan *s, const char *path, struct ghost_err *err)
{
    struct text t = { 0 };
    char encoding[64];
    *s = (struct pyscan){ 0 };
    int ret = read_all(path, &t, err);
    bool marked = ret == 0 && t.n >= 3 && memcmp(t.p, mark, 3) == 0;
    if (ret == 0 && !marked && find_declaration(&t, encoding) && !is_utf8(encoding))
        ret = convert(path, encoding, &t, err);
    if (ret == 0)
        ret = pyscan_text(s, t.p + (marked ? 3 : 0), t.n - (marked ? 3 : 0), err);
    free(t.p);
    return ret;
}
