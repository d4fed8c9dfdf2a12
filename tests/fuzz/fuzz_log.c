/* fuzz_log.c - a whole file: whatever its bytes, a reader goes through it once. */
#include "checked_log.h"

static int swallow(void *self, const char *text, size_t n)
{
    (void)text;
    *(size_t *)self += n;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct checked_log c;
    checked_log_read(&c, data, size);
    checked_log_release(&c);
    struct ghost_log *log = ghost_log_open_memory(data, size, NULL);
    if (!log) return 0;
    size_t dumped = 0;
    struct ghost_text text = { &dumped, swallow };
    ghost_dump(log, &text, true, NULL);
    ghost_log_close(log);
    return 0;
}
