/* config_schema.h - what may stand in ghost.yaml: the rows of all option tables
 * that have a key, and the lists in CONFIG_LISTS. */
#ifndef GHOST_CONFIG_SCHEMA_H
#define GHOST_CONFIG_SCHEMA_H

#include "opt.h"

/* Settings that are no option. X(key, one line of what it is) */
#define CONFIG_LISTS(X) \
    X("detectors.suppress", "findings that are known and accepted: id or kind and function, reason, until")

/* A setting: the first row that has its key (all have the same kind and default;
 * tests/unit/u_config.c checks it) and that row's command. */
struct config_setting { const struct option *row; const struct command *cmd; };
enum { CONFIG_SETTINGS = 256 };
/* All settings by key; returns their number. */
size_t config_settings(struct config_setting out[CONFIG_SETTINGS]);

/* The row of a key, or NULL. */
const struct option *config_row(const char *key);
bool config_is_list(const char *key);        /* in CONFIG_LISTS */
bool config_is_section(const char *name);    /* some key begins with name and a dot */
/* The key or section nearest to a wrong one, or NULL. */
const char *config_nearest(const char *key);

/* Does a name or a value look as if it were secret? */
bool config_secret_name(const char *key);
bool config_secret_value(const char *text);

#endif
