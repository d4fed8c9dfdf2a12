/* fuzz_pyscan.c - any bytes as Python source: the scanner ends, and what it
 * found is a tree whose names and lines are of the source. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "analyzer/pyscan.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pyscan s;
    struct ghost_err err = GHOST_ERR_INIT;
    uint32_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r';
    if (pyscan_text(&s, (const char *)data, size, &err) < 0)
        return 0;
    check(s.n >= 1 && s.n <= PYSCAN_NODES_MAX && s.v[0].kind == PYSCAN_MODULE && s.v[0].parent == 0);
    check(!s.problem || (s.problem_line >= 1 && s.problem_line <= lines));
    for (uint32_t i = 1; i < s.n; i++) {
        const struct pyscan_node *n = &s.v[i];
        check(n->parent < i && n->first_line >= 1 && n->first_line <= lines);
        check(n->qualname.len > 0 && n->qualname.len <= GHOST_STR_MAX && memchr(n->qualname.p, '\n', n->qualname.len) == NULL);
        check(s.v[n->parent].kind != PYSCAN_CLASS || n->kind == PYSCAN_LAMBDA || n->qualname.len >= n->name.len);
    }
    pyscan_release(&s);
    return 0;
}
