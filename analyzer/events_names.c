/* events_names.c - a log's numbers as names; each is made when first asked for.
 * What has no readable definition is shown as its number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events_log.h"
#include "signature_text.h"

/* Room for index `i` in an array whose new part is zeroed. */
static bool reach(void *array, uint32_t *cap, uint32_t i, size_t size)
{
    uint32_t old = *cap;
    if (i < old)
        return true;
    uint32_t wanted = i < 32 ? 64 : i * 2;
    char *grown = wanted > i ? realloc(*(void **)array, wanted * size) : NULL;
    if (!grown)
        return false;
    memset(grown + old * size, 0, (wanted - old) * size);
    *(void **)array = grown;
    *cap = wanted;
    return true;
}

static struct ghost_str own(struct arena *a, const char *p, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (!copy)
        return GHOST_STR("");
    memcpy(copy, p, n);
    copy[n] = '\0';
    return (struct ghost_str){ copy, (uint32_t)n };
}

static struct ghost_str own_str(struct arena *a, struct ghost_str s) { return own(a, s.p, s.len); }

static struct ghost_str numbered(struct arena *a, const char *what, uint32_t id)
{
    char text[64];
    int n = snprintf(text, sizeof text, "<%s %u>", what, id);
    return own(a, text, (size_t)n);
}

static struct ghost_str fn_key(struct arena *a, const struct event_function *f)
{
    size_t n = (size_t)f->module.len + f->qualname.len + 16;
    char *key = arena_alloc(a, n), *p = key;
    if (!key)
        return GHOST_STR("");
    memcpy(p, f->module.p, f->module.len);
    p += f->module.len;
    *p++ = ':';
    memcpy(p, f->qualname.p, f->qualname.len);
    p += f->qualname.len;
    p += snprintf(p, 16, ":%u", f->line);
    return (struct ghost_str){ key, (uint32_t)(p - key) };
}

const struct event_function *events_log_function_name(struct events_log *l, uint32_t id)
{
    if (id == 0 || !reach(&l->functions, &l->cap_functions, id, sizeof *l->functions))
        return NULL;
    if (l->functions[id])
        return l->functions[id];
    const struct ghost_def_func *d = events_log_func(l, id);
    struct event_function *f = ARENA_ARRAY(&l->arena, struct event_function, 1);
    if (!f)
        return NULL;
    *f = (struct event_function){ .module = d ? own_str(&l->arena, d->module) : own(&l->arena, l->name, strlen(l->name)),
                                  .qualname = d ? own_str(&l->arena, d->qualname) : numbered(&l->arena, "function", id),
                                  .file = d ? own_str(&l->arena, d->file) : GHOST_STR(""), .line = d ? d->first_line : 0 };
    f->fn_key = fn_key(&l->arena, f);
    return l->functions[id] = f;
}

struct ghost_str events_log_type_name(struct events_log *l, uint32_t id)
{
    if (id == 0 || !reach(&l->types, &l->cap_types, id, sizeof *l->types))
        return GHOST_STR("");
    if (!l->types[id].p) {
        const struct ghost_def_type *d = events_log_type(l, id);
        l->types[id] = d ? own_str(&l->arena, d->qualname) : numbered(&l->arena, "type", id);
    }
    return l->types[id];
}

struct ghost_str events_log_mark_name(struct events_log *l, uint32_t id)
{
    const struct ghost_def_mark *d = id ? events_log_mark(l, id) : NULL;
    return d ? d->name : id ? GHOST_STR("?") : GHOST_STR("");
}

struct ghost_str events_log_thread_name(struct events_log *l, uint32_t id)
{
    const struct ghost_def_thread *d = id ? events_log_thread(l, id) : NULL;
    return d ? d->name : id ? numbered(&l->arena, "thread", id) : GHOST_STR("");
}

/* ---- signatures ---- */

struct naming { struct events_log *l; const uint32_t *types; };

static struct ghost_str name_type(void *self, uint32_t i)
{
    const struct naming *n = self;
    return n->types[i] ? events_log_type_name(n->l, n->types[i]) : GHOST_STR("-");
}

static struct event_signature make_signature(struct events_log *l, uint32_t func, uint32_t id)
{
    const struct ghost_def_sig *sig = events_log_sig(l, func, id);
    struct ghost_def_sig d = sig ? *sig : (struct ghost_def_sig){ 0 };
    const struct ghost_def_func *known = events_log_func(l, func);
    struct ghost_def_func f = known ? *known : (struct ghost_def_func){ 0 };
    struct naming naming = { l, d.types };
    struct signature_form form = { .co_flags = f.co_flags, .n_positional = f.n_positional, .n_kwonly = f.n_kwonly, .params = f.params,
                                   .n_types = d.n_params, .type = name_type, .self = &naming,
                                   .other = id == GHOST_SIG_OTHER, .defined = sig && d.n_params == f.n_params };
    struct event_signature s = { GHOST_STR(""), GHOST_STR("") };
    struct ghost_buf text = { 0 }, json = { 0 };
    if (signature_text(&form, &text))
        s.text = own(&l->arena, (const char *)text.p, text.len);
    if (signature_json(&form, &json))
        s.json = own(&l->arena, (const char *)json.p, json.len);
    ghost_buf_release(&text);
    ghost_buf_release(&json);
    return s;
}

const struct event_signature *events_log_signature_name(struct events_log *l, uint32_t func, uint32_t id)
{
    if (func == 0 || !grow_array(&l->signature_list, l->n_signatures, &l->cap_signatures, sizeof *l->signature_list))
        return NULL;
    uint32_t i = table_put(&l->signatures, (uint64_t)func << GHOST_SIG_BITS | id, l->n_signatures);
    if (i == TABLE_NONE)
        return NULL;
    if (i == l->n_signatures) {
        struct event_signature s = make_signature(l, func, id);
        l->signature_list[l->n_signatures++] = arena_copy(&l->arena, &s, sizeof s);
    }
    return l->signature_list[i];
}
