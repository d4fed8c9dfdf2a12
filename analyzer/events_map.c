/* events_map.c - see events_map.h. A key is made of all that tells a thing apart;
 * the model's things are put under theirs first. */
#include "events_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events_log.h"
#include "format/base.h"

struct of_log {
    uint32_t process;
    struct table functions, signatures, types, marks;    /* by number: index */
};

/* The model's things by key. */
struct things { struct keyset keys; uint32_t *index, cap; };

struct events_map {
    struct events *e;
    const struct ghost_model *m;
    struct arena arena;
    struct things functions, signatures, types;
    struct table threads;                                /* by process and number */
    struct of_log *logs;
};

/* ---- keys ---- */

static void key_str(struct ghost_buf *k, struct ghost_str s)
{
    buf_varint(k, s.len);
    buf_put(k, s.p, s.len);
}

static void key_u32s(struct ghost_buf *k, const uint32_t *v, uint32_t n)
{
    buf_varint(k, n);
    buf_put(k, v, n * sizeof *v);
}

struct names { struct ghost_str module, qualname; };

/* What is the same in a type of the model and in a TYPE record. */
struct type_form {
    struct names name;
    uint32_t flags;
    uint64_t abcs;
    uint32_t n_mro, n_virtual, n_members;
    const uint32_t *mro, *virtual_bases;
    const struct ghost_str *members;
    struct names (*name_of)(const struct type_form *self, uint32_t type);
    const struct ghost_model *m;
    struct events_log *log;
    char made_up[32];
};

static void key_types(struct ghost_buf *k, struct type_form *t, const uint32_t *types, uint32_t n)
{
    buf_varint(k, n);
    for (uint32_t i = 0; i < n; i++) {
        struct names name = t->name_of(t, types[i]);
        key_str(k, name.module);
        key_str(k, name.qualname);
    }
}

static void key_type(struct ghost_buf *k, struct type_form *t)
{
    key_str(k, t->name.module);
    key_str(k, t->name.qualname);
    buf_varint(k, t->flags);
    buf_varint(k, t->abcs);
    key_types(k, t, t->mro, t->n_mro);
    key_types(k, t, t->virtual_bases, t->n_virtual);
    buf_varint(k, t->n_members);
    for (uint32_t i = 0; i < t->n_members; i++)
        key_str(k, t->members[i]);
}

struct function_form {
    struct ghost_str module, qualname, file;
    uint32_t line, co_flags, n_posonly, n_positional, n_kwonly, n_params;
    const struct ghost_str *params;
};

static void key_function(struct ghost_buf *k, const struct function_form *f)
{
    uint32_t facts[] = { f->line, f->co_flags & (GHOST_CO_VARARGS | GHOST_CO_VARKEYWORDS | GHOST_CO_GENERATOR_LIKE),
                         f->n_posonly, f->n_positional, f->n_kwonly, f->n_params };
    key_str(k, f->module);
    key_str(k, f->qualname);
    key_str(k, f->file);
    key_u32s(k, facts, sizeof facts / sizeof *facts);
    for (uint32_t i = 0; i < f->n_params; i++)
        key_str(k, f->params[i]);
}

static void key_signature(struct ghost_buf *k, const struct ghost_model_signature *s)
{
    uint32_t facts[] = { s->function, s->defined, s->other, s->n_args, s->n_kwargs };
    key_u32s(k, facts, sizeof facts / sizeof *facts);
    key_u32s(k, s->types, s->n_types);
    buf_put(k, s->args, sizeof s->args);
    buf_put(k, s->kwargs, sizeof s->kwargs);
}

/* The thing with this index has the key in `k`. */
static bool put_thing(struct things *t, struct ghost_buf *k, uint32_t index)
{
    uint32_t n = t->keys.n;
    if (k->failed || !grow_array(&t->index, n, &t->cap, sizeof *t->index) || keyset_put(&t->keys, k->p, k->len) == TABLE_NONE)
        return false;
    if (t->keys.n > n)
        t->index[n] = index;
    buf_clear(k);
    return true;
}

/* The index of the thing with this key; GHOST_NONE: the model has it not. */
static uint32_t find_thing(struct things *t, struct ghost_buf *k)
{
    uint32_t i = k->failed ? TABLE_NONE : keyset_find(&t->keys, k->p, k->len);
    ghost_buf_release(k);
    return i == TABLE_NONE ? GHOST_NONE : t->index[i];
}

static void things_release(struct things *t)
{
    keyset_release(&t->keys);
    free(t->index);
}

/* ---- the model's side ---- */

static struct names model_name(const struct type_form *t, uint32_t type)
{
    const struct ghost_model_type *of = type == GHOST_NONE ? NULL : &t->m->types[type];
    return of ? (struct names){ of->module, of->qualname } : (struct names){ GHOST_STR("?"), GHOST_STR("?") };
}

static bool put_types(struct events_map *map, struct ghost_buf *k)
{
    for (uint32_t i = 0; i < map->m->n_types; i++) {
        const struct ghost_model_type *t = &map->m->types[i];
        struct type_form form = { .name = { t->module, t->qualname }, .flags = t->flags, .abcs = t->abcs, .n_mro = t->n_mro, .mro = t->mro,
                                  .n_virtual = t->n_virtual, .virtual_bases = t->virtual_bases, .n_members = t->n_members,
                                  .members = t->members, .name_of = model_name, .m = map->m };
        key_type(k, &form);
        if (!put_thing(&map->types, k, i))
            return false;
    }
    return true;
}

static bool put_functions(struct events_map *map, struct ghost_buf *k)
{
    for (uint32_t i = 0; i < map->m->n_functions; i++) {
        const struct ghost_model_function *f = &map->m->functions[i];
        key_function(k, &(struct function_form){ f->module, f->qualname, f->file, f->first_line, f->co_flags, f->n_posonly, f->n_positional,
                                                 f->n_kwonly, f->n_params, f->params });
        if (!put_thing(&map->functions, k, i))
            return false;
    }
    return true;
}

static bool put_signatures(struct events_map *map, struct ghost_buf *k)
{
    for (uint32_t i = 0; i < map->m->n_signatures; i++) {
        key_signature(k, &map->m->signatures[i]);
        if (!put_thing(&map->signatures, k, i))
            return false;
    }
    return true;
}

static uint64_t thread_key(uint32_t process, uint32_t thread) { return (uint64_t)process << 32 | thread; }

static bool put_threads(struct events_map *map)
{
    for (uint32_t i = 0; i < map->m->n_threads; i++) {
        const struct ghost_model_thread *t = &map->m->threads[i];
        if (table_put(&map->threads, thread_key(t->process, t->id), i) == TABLE_NONE)
            return false;
    }
    return true;
}

static bool find_processes(struct events_map *map)
{
    uint32_t n = map->e->info.n_logs;
    map->logs = calloc(n, sizeof *map->logs);
    for (uint32_t i = 0; map->logs && i < n; i++) {
        map->logs[i].process = GHOST_NONE;
        for (uint32_t p = 0; p < map->m->n_processes; p++)
            if (strcmp(map->m->processes[p].log.p, map->e->logs[i].name) == 0)
                map->logs[i].process = p;
    }
    return map->logs != NULL;
}

struct events_map *events_map_new(struct events *e, const struct ghost_model *m)
{
    struct ghost_buf k = { 0 };
    struct events_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    map->e = e;
    map->m = m;
    map->functions.keys.arena = map->signatures.keys.arena = map->types.keys.arena = &map->arena;
    bool ok = find_processes(map) && put_types(map, &k) && put_functions(map, &k) && put_signatures(map, &k) && put_threads(map);
    ghost_buf_release(&k);
    if (ok)
        return map;
    events_map_free(map);
    return NULL;
}

void events_map_free(struct events_map *map)
{
    if (!map)
        return;
    for (uint32_t i = 0; map->logs && i < map->e->info.n_logs; i++) {
        struct table *tables[] = { &map->logs[i].functions, &map->logs[i].signatures, &map->logs[i].types, &map->logs[i].marks };
        for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
            table_release(tables[t]);
    }
    free(map->logs);
    table_release(&map->threads);
    things_release(&map->functions);
    things_release(&map->signatures);
    things_release(&map->types);
    arena_release(&map->arena);
    free(map);
}

/* ---- the log's side ---- */

/* A number's index from `known`, found out once. Index GHOST_NONE is kept as well:
 * tables hold it as one less. */
#define ONCE(known, number, expression)                                 \
    do {                                                                \
        uint32_t kept = table_get((known), (number));                   \
        if (kept != TABLE_NONE)                                         \
            return kept == TABLE_NONE - 1 ? GHOST_NONE : kept;          \
        uint32_t found = (expression);                                  \
        table_put((known), (number), found == GHOST_NONE ? TABLE_NONE - 1 : found); \
        return found;                                                   \
    } while (0)

static struct names log_name(const struct type_form *t, uint32_t type)
{
    const struct ghost_def_type *d = type ? events_log_type(t->log, type) : NULL;
    struct type_form *form = (struct type_form *)(uintptr_t)t;
    if (d)
        return (struct names){ d->module, d->qualname };
    if (!type)
        return (struct names){ GHOST_STR("?"), GHOST_STR("?") };
    int n = snprintf(form->made_up, sizeof form->made_up, "<type %u>", type);
    return (struct names){ { t->log->name, (uint32_t)strlen(t->log->name) }, { form->made_up, (uint32_t)n } };
}

static uint32_t find_type(struct events_map *map, struct events_log *l, uint32_t type)
{
    struct ghost_buf k = { 0 };
    struct type_form form = { .name_of = log_name, .log = l };
    const struct ghost_def_type *d = events_log_type(l, type);
    if (d) {
        struct ghost_def_type own = *d;          /* looking for its bases' names moves what holds it */
        form = (struct type_form){ .name = { own.module, own.qualname }, .flags = own.flags, .abcs = own.abcs, .n_mro = own.n_mro,
                                   .mro = own.mro, .n_virtual = own.n_virtual, .virtual_bases = own.virtual_bases,
                                   .n_members = own.n_members, .members = own.members, .name_of = log_name, .log = l };
    } else {
        form.name = log_name(&form, type);
    }
    key_type(&k, &form);
    return find_thing(&map->types, &k);
}

static uint32_t find_function(struct events_map *map, struct events_log *l, uint32_t function)
{
    struct ghost_buf k = { 0 };
    const struct event_function *name = events_log_function_name(l, function);
    const struct ghost_def_func *d = events_log_func(l, function);
    if (!name)
        return GHOST_NONE;
    struct function_form form = { .module = name->module, .qualname = name->qualname, .file = name->file, .line = name->line };
    if (d) {
        form.co_flags = d->co_flags;
        form.n_posonly = d->n_posonly;
        form.n_positional = d->n_positional;
        form.n_kwonly = d->n_kwonly;
        form.n_params = d->n_params;
        form.params = d->params;
    }
    key_function(&k, &form);
    return find_thing(&map->functions, &k);
}

static uint32_t find_signature(struct events_map *map, uint32_t log, uint32_t function, uint32_t signature)
{
    struct events_log *l = &map->e->logs[log];
    struct ghost_model_signature s = { .function = events_map_function(map, log, function), .other = signature == GHOST_SIG_OTHER };
    const struct ghost_def_func *f = events_log_func(l, function);
    uint32_t n_params = f ? f->n_params : 0;
    const struct ghost_def_sig *found = events_log_sig(l, function, signature);
    struct ghost_buf k = { 0 };
    memset(s.args, 0xff, sizeof s.args);
    memset(s.kwargs, 0xff, sizeof s.kwargs);
    uint32_t *types = NULL;
    if (found && (found->id == GHOST_SIG_OTHER || found->n_params == n_params)) {
        struct ghost_def_sig d = *found;
        types = calloc(d.n_params + 1, sizeof *types);
        if (!types)
            return GHOST_NONE;
        for (uint32_t i = 0; i < d.n_params; i++)
            types[i] = events_map_type(map, log, d.types[i]);
        for (uint32_t i = 0; i < GHOST_SIG_ELEMENTS; i++) {
            s.args[i] = i < d.n_args ? events_map_type(map, log, d.args[i]) : GHOST_NONE;
            s.kwargs[i] = i < d.n_kwargs ? events_map_type(map, log, d.kwargs[i]) : GHOST_NONE;
        }
        s.defined = true;
        s.n_types = d.n_params;
        s.types = types;
        s.n_args = d.n_args;
        s.n_kwargs = d.n_kwargs;
    }
    key_signature(&k, &s);
    free(types);
    return find_thing(&map->signatures, &k);
}

static uint32_t find_mark(const struct events_map *map, struct events_log *l, uint32_t mark)
{
    struct ghost_str name = events_log_mark_name(l, mark);
    for (uint32_t i = 0; i < map->m->n_marks; i++)
        if (map->m->marks[i].name.len == name.len && memcmp(map->m->marks[i].name.p, name.p, name.len) == 0)
            return i;
    return GHOST_NONE;
}

uint32_t events_map_process(const struct events_map *map, uint32_t log) { return map->logs[log].process; }

uint32_t events_map_thread(const struct events_map *map, uint32_t log, uint32_t thread)
{
    return table_get(&map->threads, thread_key(map->logs[log].process, thread));
}

uint32_t events_map_function(struct events_map *map, uint32_t log, uint32_t function)
{
    if (!function)
        return GHOST_NONE;
    ONCE(&map->logs[log].functions, function, find_function(map, &map->e->logs[log], function));
}

uint32_t events_map_signature(struct events_map *map, uint32_t log, uint32_t function, uint32_t signature)
{
    if (!function)
        return GHOST_NONE;
    ONCE(&map->logs[log].signatures, (uint64_t)function << GHOST_SIG_BITS | signature, find_signature(map, log, function, signature));
}

uint32_t events_map_type(struct events_map *map, uint32_t log, uint32_t type)
{
    if (!type)
        return GHOST_NONE;
    ONCE(&map->logs[log].types, type, find_type(map, &map->e->logs[log], type));
}

uint32_t events_map_mark(struct events_map *map, uint32_t log, uint32_t mark)
{
    if (!mark)
        return GHOST_NONE;
    ONCE(&map->logs[log].marks, mark, find_mark(map, &map->e->logs[log], mark));
}
