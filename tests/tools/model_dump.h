/* model_dump.h - every field of a model as text, in the model's own order: two
 * models are the same when their texts are. Written from include/ghost/model.h
 * alone, so that a forgotten column of the database shows. */
#ifndef MODEL_DUMP_H
#define MODEL_DUMP_H

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "ghost/model.h"

/* A new member of one of these must be dumped below. */
static_assert(sizeof(struct ghost_model_process) == 112 && sizeof(struct ghost_model_thread) == 40 && sizeof(struct ghost_model_type) == 96 &&
              sizeof(struct ghost_model_function) == 120 && sizeof(struct ghost_model_signature) == 112 && sizeof(struct ghost_model_edge) == 32 &&
              sizeof(struct ghost_model_outcome) == 64 && sizeof(struct ghost_model_slice) == 72 && sizeof(struct ghost_def_annot) == 56 &&
              sizeof(struct ghost_def_name) == 48 && sizeof(struct ghost_def_node) == 40 && sizeof(struct ghost_def_tree) == 48 &&
              sizeof(struct ghost_model_mark) == 40 && sizeof(struct ghost_model_note) == 32 && sizeof(struct ghost_model_loss) == 48 &&
              sizeof(struct ghost_model_damage) == 48 && sizeof(struct ghost_model_content) == 40 && sizeof(struct ghost_model_sample) == 32 && sizeof(struct ghost_model) == 352,
              "model_dump.h knows another model.h");

static inline void dump_str(FILE *f, const char *name, struct ghost_str s)
{
    fprintf(f, " %s=%" PRIu32 ":", name, s.len);
    fwrite(s.p, 1, s.len, f);
}

static inline void dump_num(FILE *f, const char *name, uint64_t n) { fprintf(f, " %s=%" PRIu64, name, n); }

static inline void dump_nums(FILE *f, const char *name, const uint32_t *v, uint32_t n)
{
    fprintf(f, " %s=%" PRIu32 "[", name, n);
    for (uint32_t i = 0; i < n; i++)
        fprintf(f, "%" PRIu32 ",", v[i]);
    fputc(']', f);
}

static inline void dump_strs(FILE *f, const char *name, const struct ghost_str *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        dump_str(f, name, v[i]);
    dump_num(f, "n", n);
}

#define NUM(member) dump_num(f, #member, (uint64_t)p->member)
#define STR(member) dump_str(f, #member, p->member)
#define EACH(type, list, number) fprintf(f, "\n" #list " %" PRIu32 "\n", m->number); \
    for (const type *p = m->list; p && p < m->list + m->number; fputc('\n', f), p++)

static inline void dump_who(FILE *f, const struct ghost_model *m)
{
    const struct ghost_model *p = m;
    STR(session), NUM(events), NUM(log_bytes), NUM(start_real), NUM(end_real), NUM(lost), NUM(slice_start), NUM(slice_ns);
    EACH(struct ghost_model_process, processes, n_processes) {
        STR(log), NUM(events), NUM(blocks), NUM(pauses), NUM(log_bytes), NUM(start_real), NUM(end_real), NUM(n_threads), NUM(parent), NUM(clean_end), NUM(tail);
        for (int i = 0; i < 16; i++)
            fprintf(f, "%02x", p->identity[i]);
        for (uint32_t i = 0; i < p->n_meta; i++)
            dump_str(f, "key", p->meta[i].key), dump_str(f, "value", p->meta[i].value);
        NUM(n_meta);
    }
    EACH(struct ghost_model_thread, threads, n_threads)
        NUM(process), NUM(id), NUM(os_tid), NUM(start_real), STR(name);
}

static inline void dump_what(FILE *f, const struct ghost_model *m)
{
    EACH(struct ghost_model_type, types, n_types) {
        STR(module), STR(qualname), NUM(flags), NUM(abcs);
        dump_nums(f, "mro", p->mro, p->n_mro);
        dump_nums(f, "virtual", p->virtual_bases, p->n_virtual);
        dump_strs(f, "member", p->members, p->n_members);
    }
    EACH(struct ghost_model_function, functions, n_functions) {
        STR(module), STR(qualname), STR(file), NUM(first_line), NUM(co_flags), NUM(n_posonly), NUM(n_positional), NUM(n_kwonly), NUM(fingerprint);
        NUM(annotations), NUM(signatures), NUM(n_signatures), NUM(callees), NUM(n_callees), NUM(rows), NUM(n_rows), NUM(defined);
        dump_strs(f, "param", p->params, p->n_params);
    }
    EACH(struct ghost_model_signature, signatures, n_signatures) {
        NUM(function), NUM(other), NUM(defined), NUM(n_args), NUM(n_kwargs), STR(text), NUM(first_real), NUM(last_real), NUM(edges), NUM(n_edges);
        dump_nums(f, "types", p->types, p->n_types);
        dump_nums(f, "args", p->args, GHOST_SIG_ELEMENTS);
        dump_nums(f, "kwargs", p->kwargs, GHOST_SIG_ELEMENTS);
        for (uint32_t i = 0; i < p->n_hist; i++)
            fprintf(f, " %" PRIu64 "+%" PRIu64 ":%" PRIu64, p->hist[i].lower, p->hist[i].width, p->hist[i].count);
    }
}

static inline void dump_calls(FILE *f, const struct ghost_model *m)
{
    uint32_t with_caller = 0;
    EACH(struct ghost_model_edge, edges, n_edges) {
        NUM(caller), NUM(signature), NUM(adopted), NUM(calls), NUM(outcomes), NUM(n_outcomes);
        with_caller += p->caller != GHOST_NONE;
    }
    EACH(struct ghost_model_outcome, outcomes, n_outcomes)
        NUM(edge), NUM(end), NUM(type), NUM(count), NUM(total), NUM(self), NUM(min), NUM(max), NUM(suspended);
    dump_nums(f, "by_caller", m->by_caller, with_caller);
    EACH(struct ghost_model_thread_row, rows, n_rows)
        NUM(function), NUM(thread), NUM(calls);
    EACH(struct ghost_model_slice, slices, n_slice_rows)
        NUM(function), NUM(process), NUM(slice), NUM(calls), NUM(exceptions), NUM(finished), NUM(total), NUM(self), NUM(log_sum), NUM(log_squares);
}

static inline void dump_annot(FILE *f, const struct ghost_def_annot *a)
{
    dump_num(f, "flags", a->flags);                /* a->func is a number of the log, not of the model */
    for (uint32_t i = 0; i < a->n_annotations; i++)
        dump_str(f, "param", a->annotations[i].param), dump_str(f, "text", a->annotations[i].text);
    for (const struct ghost_def_name *p = a->names; p && p < a->names + a->n_names; p++)
        NUM(kind), NUM(type), NUM(flags), STR(name), STR(text);
    dump_nums(f, "defaults", a->defaults, 2 * a->n_defaults);
    dump_num(f, "annotations", a->n_annotations), dump_num(f, "names", a->n_names);
}

static inline void dump_parts(FILE *f, const char *name, const struct ghost_model_part *v, uint32_t n)
{
    fprintf(f, " %s=%" PRIu32 "[", name, n);
    for (uint32_t i = 0; i < n; i++)
        fprintf(f, "%" PRIu32 "/%" PRIu32 ",", v[i].type, v[i].content);
    fputc(']', f);
}

static inline void dump_contents(FILE *f, const struct ghost_model *m)
{
    EACH(struct ghost_model_content, contents, n_contents) {
        NUM(type), NUM(size), NUM(level);
        dump_parts(f, "keys", p->keys, p->n_keys);
        dump_parts(f, "items", p->items, p->n_items);
    }
    EACH(struct ghost_model_sample, samples, n_samples)
        NUM(function), NUM(place), NUM(index), NUM(content), NUM(caller), NUM(count);
}

static inline void dump_rest(FILE *f, const struct ghost_model *m)
{
    EACH(struct ghost_model_annotations, annotations, n_annotations)
        NUM(function), dump_annot(f, p->annot);
    EACH(struct ghost_model_tree, trees, n_trees) {
        NUM(n_processes), STR(tree->module), STR(tree->file), NUM(tree->n_nodes);
        for (const struct ghost_def_node *n = p->tree->nodes; n < p->tree->nodes + p->tree->n_nodes; n++) {
            const struct ghost_def_node *const node = n;
            dump_num(f, "parent", node->parent), dump_num(f, "flags", node->flags), dump_num(f, "co_flags", node->co_flags);
            dump_num(f, "line", node->first_line), dump_num(f, "fingerprint", node->fingerprint), dump_str(f, "qualname", node->qualname);
        }
    }
    EACH(struct ghost_model_mark, marks, n_marks)
        STR(name), NUM(count), NUM(first_real), NUM(last_real);
    EACH(struct ghost_model_note, notes, n_notes)
        NUM(process), NUM(code), NUM(count), STR(detail);
    EACH(struct ghost_model_loss, losses, n_losses)
        NUM(process), NUM(cause), NUM(thread), NUM(count), NUM(unknown), NUM(first_real), NUM(last_real);
    EACH(struct ghost_model_damage, damages, n_damages)
        NUM(process), NUM(offset), NUM(bytes), NUM(cut), NUM(code), STR(message);
}

#undef NUM
#undef STR
#undef EACH

static inline void model_dump(FILE *f, const struct ghost_model *m)
{
    dump_who(f, m);
    dump_what(f, m);
    dump_calls(f, m);
    dump_contents(f, m);
    dump_rest(f, m);
}

#endif
