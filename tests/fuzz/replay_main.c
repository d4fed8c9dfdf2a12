/* replay_main.c - runs a fuzzer's entry point on files, without libFuzzer: for
 * `make check` under any compiler and sanitizer.
 *
 *   replay_fuzz_x FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run(const char *path)
{
    int ret = 1;
    uint8_t *data = NULL;
    long size = 0;
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0) goto out;
    /* Exactly as large as the input, so that a sanitizer sees every byte beyond. */
    data = malloc(size ? (size_t)size : 1);
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size) goto out;
    LLVMFuzzerTestOneInput(data, (size_t)size);
    ret = 0;
out:
    if (ret != 0) fprintf(stderr, "%s: cannot be read\n", path);
    if (f) fclose(f);
    free(data);
    return ret;
}

int main(int argc, char **argv)
{
    int ret = 0;
    for (int i = 1; i < argc; i++) ret |= run(argv[i]);
    printf("%d inputs\n", argc - 1);
    return ret;
}
