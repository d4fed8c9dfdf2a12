/* opt_value.c - one value of an option: from text to the member it fills. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opt.h"

static bool parse_number(const char *text, const char *suffixes, double *out)
{
    char *end;
    errno = 0;
    double n = strtod(text, &end);
    if (end == text || errno || !(n >= 0) || n > 9e15 || strspn(text, "0123456789.") != (size_t)(end - text))
        return false;
    const char *suffix = *end ? strchr(suffixes, *end & ~0x20) : NULL;
    if (*end && (!suffix || end[1]))
        return false;
    for (const char *s = suffixes; suffix && s <= suffix; s++)
        n *= 1024;
    *out = n;
    return n <= 9e15;
}

static int want(char wanted[OPT_WANTED], const char *what)
{
    snprintf(wanted, OPT_WANTED, "%s", what);
    return GHOST_E_USAGE;
}

static int set_flag(const char *text, bool *at, char wanted[OPT_WANTED])
{
    static const char *const words[] = { "true", "yes", "on", "1", "false", "no", "off", "0" };
    for (size_t i = 0; text && i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], text) == 0) {
            *at = i < 4;
            return 0;
        }
    }
    *at = true;
    return text ? want(wanted, "true or false") : 0;
}

static int set_choice(const struct option *o, const char *text, const char **at, char wanted[OPT_WANTED])
{
    snprintf(wanted, OPT_WANTED, "one of");
    for (const char *const *c = o->choices; *c; c++) {
        if (strcmp(*c, text) == 0) {
            *at = *c;
            return 0;
        }
        size_t used = strlen(wanted);
        snprintf(wanted + used, OPT_WANTED - used, "%s %s", c == o->choices ? "" : ",", *c);
    }
    return GHOST_E_USAGE;
}

static int set_list(const char *text, struct option_list *list)
{
    const char **grown = realloc(list->items, (list->n + 1) * sizeof *grown);
    if (!grown)
        return GHOST_E_NOMEM;
    list->items = grown;
    list->items[list->n++] = text;
    return 0;
}

int opt_set(const struct option *o, const char *text, void *at, char wanted[OPT_WANTED])
{
    double n;
    switch (o->kind) {
    case OPTION_FLAG:
        return set_flag(text, at, wanted);
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_DIR:
        *(const char **)at = text;
        return 0;
    case OPTION_LIST:
        return set_list(text, at);
    case OPTION_CHOICE:
        return set_choice(o, text, at, wanted);
    case OPTION_COUNT:
        if (strchr(text, '.') || !parse_number(text, "", &n))
            return want(wanted, "a whole number");
        *(uint64_t *)at = (uint64_t)n;
        return 0;
    case OPTION_REAL:
        if (!parse_number(text, "", &n))
            return want(wanted, "a number as 0.05 or 2");
        *(double *)at = n;
        return 0;
    case OPTION_SIZE:
        if (!parse_number(text, "KMGT", &n))
            return want(wanted, "a size as 500M or 2G");
        *(uint64_t *)at = (uint64_t)n;
        return 0;
    case OPTION_SECONDS:
        if (!parse_number(text, "", &n) || n > 1e9)
            return want(wanted, "a number of seconds");
        *(uint64_t *)at = (uint64_t)(n * 1000 + 0.5);
        return 0;
    }
    return want(wanted, "nothing: this option has no kind");
}
