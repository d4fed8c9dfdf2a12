/* pyscan_dump.c - what the scanner of Python source finds, one line each, for
 * tests/pyscan/compare.py: kind, flags, first line, qualified name.
 *
 *   pyscan_dump          names of files from standard input, one a line */
#include <stdio.h>
#include <string.h>
#include "analyzer/pyscan.h"
#include "ghost/def.h"

int main(void)
{
    static const char *const kinds[] = { "module", "def", "async", "class", "lambda" };
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        struct pyscan s;
        struct ghost_err err = GHOST_ERR_INIT;
        path[strcspn(path, "\n")] = '\0';
        printf("= %s\n", path);
        if (pyscan_file(&s, path, &err) < 0) {
            printf("! %s\n", err.msg);
            continue;
        }
        for (uint32_t i = 1; i < s.n; i++)
            printf("%s %x %u %.*s\n", kinds[s.v[i].kind], s.v[i].flags, s.v[i].first_line, (int)s.v[i].qualname.len, s.v[i].qualname.p);
        if (s.problem)
            printf("? %u %s\n", s.problem_line, s.problem);
        pyscan_release(&s);
    }
    return 0;
}
