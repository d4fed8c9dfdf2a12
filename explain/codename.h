/* codename.h - words in prose that name something in a program. */
#ifndef EXPLAIN_CODENAME_H
#define EXPLAIN_CODENAME_H

#include <stdbool.h>
#include <stddef.h>

struct codename { const char *p; size_t len; };

/* The next name at or after *at; moves *at behind it. A name is what stands in
 * backticks, what is written as code is (snake_case, a.b, CamelCase, f(), p95),
 * a built-in type, and in English a capitalised word inside a sentence. */
bool codename_next(const char *text, size_t *at, bool english, struct codename *out);

/* The type that an everyday word stands for ("strings": str), or NULL. */
const char *codename_alias(const char *word, size_t len);

/* A name of Python itself (int, Optional, KeyError, typing.List): tells nothing about a program. */
bool is_python_name(const char *name, size_t len);

#endif
