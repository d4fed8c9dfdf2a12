/* json.h - writes JSON as it comes: commas, indentation and escapes are its
 * business. Keys are for objects only; pass NULL inside arrays. */
#ifndef GHOST_JSON_H
#define GHOST_JSON_H

#include <stdbool.h>
#include <stdio.h>
#include "ghost/def.h"

/* `compact` may be set after json_begin: then all stands on one line. */
struct json { FILE *f; unsigned depth; bool filled[32]; bool compact; };

void json_begin(struct json *j, FILE *f);
void json_end(struct json *j);                       /* the final newline */

void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_close(struct json *j, char bracket);       /* '}' or ']' */
void json_object_str(struct json *j, struct ghost_str key);

void json_str(struct json *j, const char *key, struct ghost_str value);
void json_text(struct json *j, const char *key, const char *value);   /* NULL: null */
void json_count(struct json *j, const char *key, uint64_t value);
void json_int(struct json *j, const char *key, int64_t value);
void json_count_str(struct json *j, struct ghost_str key, uint64_t value);
void json_real(struct json *j, const char *key, double value);        /* as Python prints it */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* A double as Python's repr prints it, for other formats too. */
void format_real(char out[40], double value);

#endif
