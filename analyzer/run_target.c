/* run_target.c - from `ghost run WORDS` to the words of an execvp. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while preparing the target");
}

static bool is_file(const char *path, int mode)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, mode) == 0;
}

char *run_find_command(const char *name)
{
    if (strchr(name, '/'))
        return is_file(name, X_OK) ? strdup(name) : NULL;
    const char *path = getenv("PATH");
    if (!path)
        path = "/usr/local/bin:/usr/bin:/bin";
    for (const char *end; *name; path = end + 1) {
        char *candidate = NULL;
        end = strchrnul(path, ':');
        int n = asprintf(&candidate, "%.*s%s%s", (int)(end - path), path, end > path ? "/" : "./", name);
        if (n < 0)
            return NULL;
        if (is_file(candidate, X_OK))
            return candidate;
        free(candidate);
        if (!*end)
            break;
    }
    return NULL;
}

/* ---- what a file is ---- */

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n > k && strcasecmp(name + n - k, suffix) == 0;
}

/* A name that only Python runs. */
static bool is_python_source(const char *name)
{
    static const char *const suffixes[] = { ".py", ".pyw", ".pyc", ".pyz", ".zip" };
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (has_suffix(name, suffixes[i]))
            return true;
    return false;
}

static bool has_main(const char *folder)
{
    static const char *const mains[] = { "__main__.py", "__main__.pyc" };
    bool found = false;
    for (size_t i = 0; !found && i < sizeof mains / sizeof *mains; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s", folder, mains[i]) < 0)
            return false;
        found = access(path, F_OK) == 0;
        free(path);
    }
    return found;
}

static bool is_interpreter_name(const char *path)
{
    static const char *const names[] = { "python", "pypy" };
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncmp(base, names[i], n) == 0 && strspn(base + n, "0123456789.dt") == strlen(base + n))
            return true;
    }
    return false;
}

/* Does the file begin with "#!" and a Python, directly or through env or sh? */
static bool has_python_shebang(const char *path)
{
    char head[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head - 1);
    if (fd >= 0)
        close(fd);
    if (n < 3 || head[0] != '#' || head[1] != '!')
        return false;
    head[n] = '\0';
    bool by_sh = strncmp(head, "#!/bin/sh\n'''exec' ", 19) == 0;   /* pip, where the path is too long for "#!" */
    if (!by_sh)
        head[strcspn(head, "\n")] = '\0';
    return strstr(head, "python") || strstr(head, "pypy");
}

/* ---- the words ---- */

static char *default_python(struct ghost_err *err)
{
    static const char *const names[] = { "python3", "python" };
    const char *venv = getenv("VIRTUAL_ENV");
    char *path = NULL;
    if (venv && *venv) {
        if (asprintf(&path, "%s/bin/python", venv) < 0)
            return NULL;
        if (is_file(path, X_OK))
            return path;
        free(path);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        path = run_find_command(names[i]);
        if (path) {
            free(path);
            return strdup(names[i]);     /* argv[0] as a shell would have it */
        }
    }
    ghost_fail(err, GHOST_E_NOT_FOUND, "no python3 in PATH. Name the interpreter: ghost run --python /path/to/python ...");
    return NULL;
}

static char *chosen_python(const char *python, struct ghost_err *err)
{
    if (!python)
        return default_python(err);
    char *found = run_find_command(python);
    if (!found) {
        ghost_fail(err, GHOST_E_NOT_FOUND, "--python %s: no such program%s", python,
                   strchr(python, '/') ? "" : " in PATH");
        return NULL;
    }
    free(found);
    return strdup(python);
}

/* argv becomes: up to two words of ours, then the target's own. */
static int set_words(struct run_target *t, const char *first, const char *second, int argc, char **argv, struct ghost_err *err)
{
    size_t n = 0;
    t->argv = calloc((size_t)argc + 4, sizeof *t->argv);
    if (!t->argv)
        return no_memory(err);
    if (t->owned[0])
        t->argv[n++] = t->owned[0];
    if (first)
        t->argv[n++] = (char *)first;
    if (second)
        t->argv[n++] = (char *)second;
    for (int i = 0; i < argc; i++)
        t->argv[n++] = argv[i];
    t->is_python = is_interpreter_name(t->argv[0]);
    return 0;
}

static int by_python(struct run_target *t, const char *python, const char *first, const char *second,
                     int argc, char **argv, struct ghost_err *err)
{
    t->owned[0] = chosen_python(python, err);
    if (!t->owned[0])
        return err && err->code ? err->code : no_memory(err);
    int ret = set_words(t, first, second, argc, argv, err);
    t->is_python = true;
    return ret;
}

enum target_kind { NOTHING, FOR_PYTHON, COMMAND };

/* What a word on the command line is. `command` is what execvp would take. */
static enum target_kind classify(const char *word, const char *command)
{
    struct stat st;
    bool exists = stat(word, &st) == 0;
    if (strcmp(word, "-") == 0)
        return FOR_PYTHON;                       /* the program comes on stdin */
    if (is_python_source(word))
        return exists || !command ? FOR_PYTHON : COMMAND;   /* Python says best that it is not there */
    if (command)
        return COMMAND;                          /* without a slash a command goes first, as in a shell */
    if (!exists)
        return NOTHING;
    return !S_ISDIR(st.st_mode) || strchr(word, '/') || has_main(word) ? FOR_PYTHON : NOTHING;
}

/* A command is executed as it is, but for a Python script with --python. */
static int by_command(struct run_target *t, const char *python, const char *command,
                      int argc, char **argv, struct ghost_err *err)
{
    if (!python)
        return set_words(t, NULL, NULL, argc, argv, err);
    if (!has_python_shebang(command))
        return ghost_fail(err, GHOST_E_USAGE, "--python cannot choose the interpreter of '%s', which is not a Python script", argv[0]);
    t->owned[1] = strdup(command);
    return t->owned[1] ? by_python(t, python, t->owned[1], NULL, argc - 1, argv + 1, err) : no_memory(err);
}

int run_target_resolve(struct run_target *t, const char *python, const char *module, const char *code,
                       int argc, char **argv, struct ghost_err *err)
{
    int ret = GHOST_E_NOT_FOUND;
    char *command = NULL;
    *t = (struct run_target){ 0 };
    if (module && *module == '-') {
        ret = ghost_fail(err, GHOST_E_USAGE, "-m wants the name of a module, not '%s'. Options of ghost stand before it: "
                         "ghost run %s ... -m MODULE", module, module);
        goto out;
    }
    if (module || code) {
        ret = by_python(t, python, module ? "-m" : "-c", module ? module : code, argc, argv, err);
        goto out;
    }
    if (argc == 0) {
        ret = ghost_fail(err, GHOST_E_USAGE, "ghost run needs something to run: ghost run app.py, ghost run -m MODULE, "
                         "ghost run COMMAND. See: ghost run --help");
        goto out;
    }
    command = run_find_command(argv[0]);
    switch (classify(argv[0], command)) {
    case FOR_PYTHON:
        ret = by_python(t, python, NULL, NULL, argc, argv, err);
        break;
    case COMMAND:
        ret = by_command(t, python, command, argc, argv, err);
        break;
    case NOTHING:
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "'%s' is neither a Python program nor a command%s. For a module: ghost run -m %s",
                         argv[0], strchr(argv[0], '/') ? "" : " in PATH", argv[0]);
    }
out:
    free(command);
    if (ret < 0)
        run_target_release(t);
    return ret;
}

void run_target_release(struct run_target *t)
{
    free(t->argv);
    free(t->owned[0]);
    free(t->owned[1]);
    *t = (struct run_target){ 0 };
}

const char *run_target_isolation(const struct run_target *t)
{
    static const char *const isolating[] = { "-I", "-E", "-S" };
    for (char **word = t->argv + 1; t->is_python && *word; word++) {
        if ((*word)[0] != '-' || (*word)[1] == '-' || !(*word)[1])
            return NULL;                         /* the script: the rest is its own */
        size_t flags = strcspn(*word + 1, "cmWX"); /* letters that take a value */
        for (size_t i = 0; i < sizeof isolating / sizeof *isolating; i++)
            if (memchr(*word + 1, isolating[i][1], flags))
                return isolating[i];
        if (strchr("cm", (*word)[1 + flags]) && (*word)[1 + flags])
            return NULL;
        if ((*word)[1 + flags] && !(*word)[2 + flags] && word[1])
            word++;                              /* -W and -X with their value in the next word */
    }
    return NULL;
}
