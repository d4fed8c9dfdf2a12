/* config_file.h - one file of settings, checked against the schema. */
#ifndef GHOST_CONFIG_FILE_H
#define GHOST_CONFIG_FILE_H

#include "config.h"
#include "config_yaml.h"

struct config_file {
    struct arena arena;
    const char *path;
    struct config_value *values; size_t n_values;    /* in the order of the file */
    struct config_suppressions suppressions;
    struct config_problems problems;                 /* sorted by place */
};

/* Reads a file; what is right in it is there even when there are problems.
 * `named`: the user said which file (guarded rows are allowed). Returns 0, or a
 * negative code when there is nothing to look at. Release it either way. */
int config_file_read(struct config_file *c, const char *path, bool named, struct ghost_err *err);
void config_file_release(struct config_file *c);

/* The list of suppressions (config_suppress.c). */
void config_read_suppressions(struct config_file *c, const struct config_node *list);

/* The text of a node that must be one value; NULL: it is none (told). */
const char *config_scalar(struct config_file *c, const struct config_node *n, const char *key);
/* What may be shown of a value: its beginning, or nothing of a secret. */
const char *config_shown(const char *text, char out[48]);

#endif
