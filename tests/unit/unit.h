/* unit.h - what every unit test of analyzer/ begins with. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define UNIT_TESTS(...)                                              \
    int main(void)                                                   \
    {                                                                \
        const struct CMUnitTest tests[] = { __VA_ARGS__ };           \
        return cmocka_run_group_tests(tests, NULL, NULL);            \
    }

#endif
