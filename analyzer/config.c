/* config.c - the file of settings of this process. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_file.h"

static struct config_file loaded;
static const char *chosen;
static bool chosen_none;

void config_choose(const char *path, bool none)
{
    chosen = path ? path : chosen;
    chosen_none |= none;
}

const char *config_choice(bool *named)
{
    const char *env = getenv("GHOST_CONFIG");
    const char *name = chosen ? chosen : env && *env ? env : NULL;
    *named = name != NULL;
    if (chosen_none)
        return NULL;
    return name ? name : access(CONFIG_NAME, F_OK) == 0 ? CONFIG_NAME : NULL;
}

int config_load(struct ghost_err *err)
{
    bool named;
    const char *file = config_choice(&named);
    config_file_release(&loaded);
    if (!file)
        return 0;
    int ret = config_file_read(&loaded, file, named, err);
    const struct config_problems *p = &loaded.problems;
    if (ret == 0 && p->n > 0) {
        char more[64] = "";
        if (p->n + p->more > 1)
            snprintf(more, sizeof more, " (and %zu more)", p->n + p->more - 1);
        ret = ghost_fail(err, GHOST_E_USAGE, "%s:%u:%u: %s%s. See: ghost config check %s; or go on without it: --no-config", file,
                         p->v[0].line, p->v[0].column, p->v[0].text, more, file);
    }
    if (ret < 0)
        config_file_release(&loaded);
    return ret;
}

void config_release(void)
{
    config_file_release(&loaded);
    chosen = NULL;
    chosen_none = false;
}

const char *config_path(void)
{
    return loaded.path;
}

const struct config_value *config_get(const char *key)
{
    for (size_t i = 0; i < loaded.n_values; i++)
        if (strcmp(loaded.values[i].key, key) == 0)
            return &loaded.values[i];
    return NULL;
}

const struct config_suppressions *config_suppressions(void)
{
    return &loaded.suppressions;
}
