/* audit_def.c - every string of a definition, with its kind. */
#include <string.h>

#include "audit.h"
#include "ghost/record.h"

static void func(struct audit *a, const struct ghost_def_func *d)
{
    audit_string(a, AUDIT_MODULE, d->module);
    audit_string(a, AUDIT_FUNCTION, d->qualname);
    audit_string(a, AUDIT_FILE, d->file);
    for (uint32_t i = 0; i < d->n_params; i++)
        audit_string(a, AUDIT_PARAMETER, d->params[i]);
}

static void type(struct audit *a, const struct ghost_def_type *d)
{
    audit_string(a, AUDIT_MODULE, d->module);
    audit_string(a, AUDIT_TYPE, d->qualname);
    for (uint32_t i = 0; i < d->n_members; i++)
        audit_string(a, AUDIT_MEMBER, d->members[i]);
}

static void annot(struct audit *a, const struct ghost_def_annot *d)
{
    for (uint32_t i = 0; i < d->n_annotations; i++) {
        audit_string(a, AUDIT_PARAMETER, d->annotations[i].param);
        audit_string(a, AUDIT_ANNOTATION, d->annotations[i].text);
    }
    for (uint32_t i = 0; i < d->n_names; i++) {
        audit_string(a, AUDIT_ANNOTATION, d->names[i].name);
        if (d->names[i].text.len)
            audit_string(a, AUDIT_ANNOTATION, d->names[i].text);
    }
}

static void tree(struct audit *a, const struct ghost_def_tree *d)
{
    audit_string(a, AUDIT_MODULE, d->module);
    audit_string(a, AUDIT_FILE, d->file);
    for (uint32_t i = 0; i < d->n_nodes; i++)
        audit_string(a, AUDIT_FUNCTION, d->nodes[i].qualname);
}

/* docs/format.md, 4.1. */
static const char *const meta_keys[] = {
    "ghost", "python", "implementation", "platform", "pid", "ppid", "host", "script", "main", "executable", "parent", "how", "hook", "clock",
    "filter", "start_real_ns", "start_mono_ns", "start_tick", "session", "deep", NULL
};

static bool is_meta_key(struct ghost_str key)
{
    for (const char *const *k = meta_keys; *k; k++)
        if (strlen(*k) == key.len && memcmp(*k, key.p, key.len) == 0)
            return true;
    return false;
}

/* Shown as "key=value", so that a reader sees what it is. */
static void meta(struct audit *a, const struct ghost_def_meta *d)
{
    for (uint32_t i = 0; i < d->n_pairs; i++) {
        const struct ghost_def_pair *p = &d->pairs[i];
        bool known = is_meta_key(p->key);
        uint32_t n = p->key.len + 1 + p->value.len;
        char *text = arena_alloc(&a->arena, n);
        if (!text) {
            a->failed = true;
            return;
        }
        memcpy(text, p->key.p, p->key.len);
        text[p->key.len] = '=';
        memcpy(text + p->key.len + 1, p->value.p, p->value.len);
        audit_string(a, known ? AUDIT_META : AUDIT_UNKNOWN, (struct ghost_str){ text, n });
        if (!known)
            audit_problem(a, "META has a key that docs/format.md does not: %.*s", (int)p->key.len, p->key.p);
    }
}

void audit_def(struct audit *a, const struct ghost_def *d)
{
    switch (d->kind) {
    case GHOST_REC_FUNC: func(a, &d->u.func); break;
    case GHOST_REC_TYPE: type(a, &d->u.type); break;
    case GHOST_REC_ANNOT: annot(a, &d->u.annot); break;
    case GHOST_REC_TREE: tree(a, &d->u.tree); break;
    case GHOST_REC_META: meta(a, &d->u.meta); break;
    case GHOST_REC_THREAD: audit_string(a, AUDIT_THREAD, d->u.thread.name); break;
    case GHOST_REC_MARK: audit_string(a, AUDIT_MARK, d->u.mark.name); break;
    case GHOST_REC_NOTE: audit_string(a, AUDIT_NOTE, d->u.note.detail); break;
    default: break;                      /* SIG, CONTENT, SAMPLED, CHILD, LOSS, END: numbers */
    }
}
