/* config_schema.c - the keys of ghost.yaml, from the option tables. */
#include "config_schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const char *const lists[] = {
#define X(key, text) key,
    CONFIG_LISTS(X)
#undef X
    NULL
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct config_setting *)a)->row->key, ((const struct config_setting *)b)->row->key);
}

size_t config_settings(struct config_setting out[CONFIG_SETTINGS])
{
    size_t n = 0;
    for (size_t c = 0; commands[c]; c++) {
        for (const struct option *o = commands[c]->options; o && o->name; o++) {
            size_t i = 0;
            while (o->key && i < n && strcmp(out[i].row->key, o->key) != 0)
                i++;
            if (o->key && i == n && n < CONFIG_SETTINGS)
                out[n++] = (struct config_setting){ o, commands[c] };
        }
    }
    qsort(out, n, sizeof *out, by_key);
    return n;
}

const struct option *config_row(const char *key)
{
    for (size_t c = 0; commands[c]; c++)
        for (const struct option *o = commands[c]->options; o && o->name; o++)
            if (o->key && strcmp(o->key, key) == 0)
                return o;
    return NULL;
}

bool config_is_list(const char *key)
{
    for (const char *const *l = lists; *l; l++)
        if (strcmp(*l, key) == 0)
            return true;
    return false;
}

static bool begins_section(const char *key, const char *name, size_t len)
{
    return strncmp(key, name, len) == 0 && key[len] == '.';
}

bool config_is_section(const char *name)
{
    struct config_setting all[CONFIG_SETTINGS];
    size_t n = config_settings(all), len = strlen(name);
    for (size_t i = 0; i < n; i++)
        if (begins_section(all[i].row->key, name, len))
            return true;
    for (const char *const *l = lists; *l; l++)
        if (begins_section(*l, name, len))
            return true;
    return false;
}

/* ---- did you mean ---- */

/* Sections, for a key without a dot. */
static const char *nearest_section(const char *name, const struct config_setting *all, size_t n)
{
    static char sections[CONFIG_SETTINGS][32];
    const char *names[CONFIG_SETTINGS + 1];
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(all[i].row->key, ".");
        if (len >= sizeof *sections || (found && strlen(sections[found - 1]) == len && strncmp(sections[found - 1], all[i].row->key, len) == 0))
            continue;
        memcpy(sections[found], all[i].row->key, len);
        sections[found][len] = '\0';
        names[found] = sections[found];
        found++;
    }
    names[found] = NULL;
    return opt_nearest(name, names);
}

static const char *last_part(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

const char *config_nearest(const char *key)
{
    struct config_setting all[CONFIG_SETTINGS];
    const char *names[CONFIG_SETTINGS + 8], *parts[2] = { NULL, NULL };
    size_t n = config_settings(all), total = 0;
    for (size_t i = 0; i < n; i++)
        names[total++] = all[i].row->key;
    for (const char *const *l = lists; *l; l++)
        names[total++] = *l;
    names[total] = NULL;
    for (size_t i = 0; i < total; i++)               /* the right name in the wrong section */
        if (strcmp(last_part(names[i]), last_part(key)) == 0)
            return names[i];
    const char *near = strchr(key, '.') ? NULL : nearest_section(key, all, n);
    for (size_t i = 0; !near && strchr(key, '.') && i < total; i++) {
        parts[0] = last_part(names[i]);              /* a misspelt name in the right section */
        size_t len = (size_t)(parts[0] - names[i]);
        if (strncmp(names[i], key, len) == 0 && opt_nearest(last_part(key), parts))
            near = names[i];
    }
    return near ? near : opt_nearest(key, names);
}

/* ---- secrets ---- */

bool config_secret_name(const char *key)
{
    static const char *const parts[] = { "apikey", "token", "secret", "password", "passwd", "credential", "privatekey", "accesskey" };
    char plain[64];
    size_t n = 0;
    for (const char *c = key; *c && n < sizeof plain - 1; c++)
        if (isalnum((unsigned char)*c))
            plain[n++] = (char)tolower((unsigned char)*c);
    plain[n] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(plain, parts[i]))
            return true;
    return strcmp(last_part(key), "key") == 0;
}

/* Length of the run of characters that keys are made of. */
static size_t key_run(const char *text)
{
    size_t n = 0;
    while (isalnum((unsigned char)text[n]) || text[n] == '-' || text[n] == '_' || text[n] == '.')
        n++;
    return n;
}

bool config_secret_value(const char *text)
{
    static const struct { const char *begin; size_t least; } kinds[] = {
        { "AIza", 30 }, { "sk-", 20 }, { "ghp_", 30 }, { "gho_", 30 }, { "github_pat_", 30 }, { "glpat-", 20 }, { "xox", 20 },
        { "AKIA", 20 }, { "eyJ", 40 }, { "-----BEGIN", 10 },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (const char *at = text; (at = strstr(at, kinds[i].begin)); at++)
            if ((at == text || !isalnum((unsigned char)at[-1])) && key_run(at) >= kinds[i].least)
                return true;
    const char *scheme = strstr(text, "://");        /* user:password@ in an address */
    const char *colon = scheme ? strchr(scheme + 3, ':') : NULL, *at = colon ? strchr(colon, '@') : NULL;
    return at && strcspn(scheme + 3, "/") > (size_t)(at - scheme - 3);
}
