/* def.c - definitions: bytes from structs and structs from bytes, by one table
 * per record, so that encoder and decoder cannot disagree.
 *
 * FIX32 keeps the low half of a 64-bit member. COLUMNS is a LIST whose elements'
 * first fields all stand in front of the second ones, and so on.
 *
 * To add a record: a ROW, a line in `records`, an encoder at the end, and its
 * lines in ghost/record.h, ghost/def.h and docs/format.md. All fields of a row
 * are in every log since version 1; bytes behind the last one are skipped. */
#include "defcodec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base.h"
#include "def_tree.h"
#include "ghost/event.h"
#include "ghost/record.h"

enum field_type { V32, V64, FIX32, FIX64, STR, LIST, COLUMNS, FEW, FEW_COUNT };

struct row;
struct field {
    const char *name;        /* in dumps; "" in a row that is printed as an array */
    uint8_t type;            /* enum field_type */
    uint16_t at;             /* offset in the struct; of the pointer of a LIST */
    uint16_t count_at;       /* LIST, FEW: offset of the u32 count */
    uint32_t max;            /* V32: largest value; LIST: largest count; 0: any */
    const struct row *row;   /* LIST: what an element is */
};
struct row { const struct field *fields; uint16_t n_fields; uint16_t size; };

#define V32_AS(text, s, m, max) { text, V32, offsetof(struct s, m), 0, max, NULL }
#define V32_(s, m, max) V32_AS(#m, s, m, max)
#define V64_(s, m) { #m, V64, offsetof(struct s, m), 0, 0, NULL }
#define FIX32_(s, m) { #m, FIX32, offsetof(struct s, m), 0, 0, NULL }
#define FIX64_(s, m) { #m, FIX64, offsetof(struct s, m), 0, 0, NULL }
#define STR_AS(text, s, m) { text, STR, offsetof(struct s, m), 0, 0, NULL }
#define STR_(s, m) STR_AS(#m, s, m)
#define LIST_AS(text, s, n, m, max, row) { text, LIST, offsetof(struct s, m), offsetof(struct s, n), max, &row }
#define LIST_(s, n, m, max, row) LIST_AS(#m, s, n, m, max, row)
#define COLUMNS_(s, n, m, max, row) { #m, COLUMNS, offsetof(struct s, m), offsetof(struct s, n), max, &row }
#define FEW_(s, n, m) { #m, FEW, offsetof(struct s, m), offsetof(struct s, n), 0, NULL }
#define FEW_COUNT_(s, n) { #n, FEW_COUNT, offsetof(struct s, n), 0, 0, NULL }  /* in dumps only */
#define ROW(name, type, ...)                                     \
    static const struct field name##_fields[] = { __VA_ARGS__ }; \
    static const struct row name = { name##_fields, sizeof name##_fields / sizeof *name##_fields, sizeof(type) }

struct number { uint32_t v; };
struct pair { uint32_t parameter, type; };

ROW(row_number, struct number, V32_AS("", number, v, 0));
ROW(row_pair, struct pair, V32_AS("", pair, parameter, GHOST_PARAM_MAX), V32_AS("", pair, type, 0));
static const struct field row_str_fields[] = { { "", STR, 0, 0, 0, NULL } };
static const struct row row_str = { row_str_fields, 1, sizeof(struct ghost_str) };
ROW(row_annotation, struct ghost_def_annotation, STR_AS("", ghost_def_annotation, param), STR_AS("", ghost_def_annotation, text));
ROW(row_name, struct ghost_def_name, V32_AS("", ghost_def_name, kind, 0), V32_AS("", ghost_def_name, type, 0),
    V32_AS("", ghost_def_name, flags, 0), STR_AS("", ghost_def_name, name), STR_AS("", ghost_def_name, text));
ROW(row_node, struct ghost_def_node, V32_(ghost_def_node, parent, GHOST_LIST_MAX), V32_(ghost_def_node, flags, 0),
    V32_(ghost_def_node, co_flags, 0), V32_AS("line", ghost_def_node, first_line, 0), FIX64_(ghost_def_node, fingerprint),
    STR_(ghost_def_node, qualname));
ROW(row_packed_node, struct packed_node, V32_(packed_node, back, GHOST_LIST_MAX), V32_(packed_node, join, TREE_JOINS - 1),
    V32_(packed_node, flags, 0), V32_(packed_node, co_flags, 0), V64_(packed_node, line), STR_(packed_node, name));
ROW(row_meta_pair, struct ghost_def_pair, STR_AS("", ghost_def_pair, key), STR_AS("", ghost_def_pair, value));

#define FUNC_FIELDS(fingerprint) V32_(ghost_def_func, id, GHOST_FUNC_MAX), V32_(ghost_def_func, co_flags, 0), \
    V32_AS("line", ghost_def_func, first_line, 0), V32_AS("posonly", ghost_def_func, n_posonly, GHOST_LIST_MAX), \
    V32_AS("positional", ghost_def_func, n_positional, GHOST_LIST_MAX), V32_AS("kwonly", ghost_def_func, n_kwonly, GHOST_LIST_MAX), \
    fingerprint, STR_(ghost_def_func, module), STR_(ghost_def_func, qualname), \
    STR_(ghost_def_func, file), LIST_(ghost_def_func, n_params, params, GHOST_PARAM_MAX, row_str)
ROW(func_row, struct ghost_def_func, FUNC_FIELDS(FIX64_(ghost_def_func, fingerprint)));
ROW(function_row, struct ghost_def_func, FUNC_FIELDS(FIX32_(ghost_def_func, fingerprint)));
ROW(type_row, struct ghost_def_type, V32_(ghost_def_type, id, 0), V32_(ghost_def_type, flags, 0),
    V64_(ghost_def_type, abcs), STR_(ghost_def_type, module), STR_(ghost_def_type, qualname),
    LIST_(ghost_def_type, n_mro, mro, GHOST_LIST_MAX, row_number),
    LIST_AS("virtual", ghost_def_type, n_virtual, virtual_bases, GHOST_LIST_MAX, row_number),
    LIST_(ghost_def_type, n_members, members, GHOST_LIST_MAX, row_str));
ROW(sig_row, struct ghost_def_sig, V32_(ghost_def_sig, func, GHOST_FUNC_MAX), V32_(ghost_def_sig, id, GHOST_SIG_OTHER),
    LIST_(ghost_def_sig, n_params, types, GHOST_PARAM_MAX, row_number),
    FEW_(ghost_def_sig, n_args, args), FEW_(ghost_def_sig, n_kwargs, kwargs),
    FEW_COUNT_(ghost_def_sig, n_args), FEW_COUNT_(ghost_def_sig, n_kwargs));
ROW(row_part, struct ghost_def_part, V32_AS("", ghost_def_part, type, 0), V32_AS("", ghost_def_part, content, 0));
ROW(content_row, struct ghost_def_content, V32_(ghost_def_content, id, 0), V32_(ghost_def_content, type, 0),
    V32_(ghost_def_content, size, GHOST_TUPLE_APART + 1), LIST_(ghost_def_content, n_keys, keys, GHOST_DEEP_MAX, row_part),
    LIST_(ghost_def_content, n_items, items, GHOST_DEEP_MAX, row_part));
ROW(sampled_row, struct ghost_def_sampled, V32_(ghost_def_sampled, func, GHOST_FUNC_MAX), V32_(ghost_def_sampled, caller, GHOST_FUNC_MAX),
    V32_(ghost_def_sampled, place, GHOST_PLACE_PARAM + GHOST_PARAM_MAX - 1), V32_(ghost_def_sampled, index, GHOST_SIG_ELEMENTS - 1),
    V32_(ghost_def_sampled, content, 0), V64_(ghost_def_sampled, count));
ROW(annot_row, struct ghost_def_annot, V32_(ghost_def_annot, func, GHOST_FUNC_MAX), V32_(ghost_def_annot, flags, 0),
    LIST_(ghost_def_annot, n_annotations, annotations, GHOST_LIST_MAX, row_annotation),
    LIST_(ghost_def_annot, n_names, names, GHOST_LIST_MAX, row_name),
    LIST_(ghost_def_annot, n_defaults, defaults, GHOST_PARAM_MAX, row_pair));
ROW(tree_row, struct ghost_def_tree, STR_(ghost_def_tree, module), STR_(ghost_def_tree, file),
    LIST_(ghost_def_tree, n_nodes, nodes, GHOST_LIST_MAX, row_node));
ROW(module_row, struct packed_tree, STR_(packed_tree, module), STR_(packed_tree, file), FIX32_(packed_tree, fingerprint),
    COLUMNS_(packed_tree, n_nodes, nodes, GHOST_LIST_MAX, row_packed_node));
ROW(thread_row, struct ghost_def_thread, V32_(ghost_def_thread, id, 0), V64_(ghost_def_thread, os_tid),
    V64_(ghost_def_thread, start_tick), STR_(ghost_def_thread, name));
ROW(mark_row, struct ghost_def_mark, V32_(ghost_def_mark, id, 0), STR_(ghost_def_mark, name));
ROW(note_row, struct ghost_def_note, V32_(ghost_def_note, code, 0), V64_(ghost_def_note, count), STR_(ghost_def_note, detail));
ROW(child_row, struct ghost_def_child, V64_(ghost_def_child, pid), V64_(ghost_def_child, tick));
ROW(loss_row, struct ghost_def_loss, V32_(ghost_def_loss, thread, 0), V32_(ghost_def_loss, cause, 0),
    V64_(ghost_def_loss, count), V64_(ghost_def_loss, first_tick), V64_(ghost_def_loss, last_tick));
ROW(end_row, struct ghost_def_end, V64_(ghost_def_end, events), V64_(ghost_def_end, lost), V64_(ghost_def_end, mono_ns),
    V64_(ghost_def_end, real_ns));
ROW(meta_row, struct ghost_def_meta, LIST_(ghost_def_meta, n_pairs, pairs, GHOST_LIST_MAX, row_meta_pair));

/* ---- what the tables cannot say ---- */

static const char *check_func(const struct ghost_def *d)
{
    const struct ghost_def_func *f = &d->u.func;
    uint32_t n = f->n_positional + f->n_kwonly + !!(f->co_flags & GHOST_CO_VARARGS) + !!(f->co_flags & GHOST_CO_VARKEYWORDS);
    if (f->id == 0) return "function number 0";
    if (f->n_posonly > f->n_positional) return "more positional-only parameters than positional ones";
    if (f->n_params != (n < GHOST_PARAM_MAX ? n : GHOST_PARAM_MAX)) return "parameter names and counts differ";
    return NULL;
}

static const char *check_type(const struct ghost_def *d) { return d->u.type.id ? NULL : "type number 0"; }

static const char *check_sig(const struct ghost_def *d)
{
    return d->u.sig.func && d->u.sig.id ? NULL : "function or signature number 0";
}

static bool are_older(const struct ghost_def_part *parts, uint32_t n, uint32_t id)
{
    for (uint32_t i = 0; i < n; i++)
        if (parts[i].content >= id) return false;
    return true;
}

static const char *check_content(const struct ghost_def *d)
{
    const struct ghost_def_content *c = &d->u.content;
    if (c->id == 0) return "content number 0";
    return are_older(c->keys, c->n_keys, c->id) && are_older(c->items, c->n_items, c->id) ? NULL : "a content before its part";
}

static const char *check_sampled(const struct ghost_def *d)
{
    return d->u.sampled.func && d->u.sampled.content ? NULL : "function or content number 0";
}

static const char *check_annot(const struct ghost_def *d) { return d->u.annot.func ? NULL : "function number 0"; }

static const char *check_tree(const struct ghost_def *d)
{
    const struct ghost_def_tree *t = &d->u.tree;
    if (t->n_nodes == 0) return "a module without its own node";
    for (uint32_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].parent >= i + (i == 0)) return "a node before its parent";
    return NULL;
}

static const char *check_thread(const struct ghost_def *d) { return d->u.thread.id ? NULL : "thread number 0"; }
static const char *check_mark(const struct ghost_def *d) { return d->u.mark.id ? NULL : "mark number 0"; }

static const struct record {
    const struct row *row;
    const char *(*check)(const struct ghost_def *d);
} records[] = {
    [GHOST_REC_META] = { &meta_row, NULL },
    [GHOST_REC_FUNC] = { &func_row, check_func },
    [GHOST_REC_FUNCTION] = { &function_row, check_func },
    [GHOST_REC_TYPE] = { &type_row, check_type },
    [GHOST_REC_SIG] = { &sig_row, check_sig },
    [GHOST_REC_ANNOT] = { &annot_row, check_annot },
    [GHOST_REC_TREE] = { &tree_row, check_tree },
    [GHOST_REC_MODULE] = { &module_row, NULL },
    [GHOST_REC_CONTENT] = { &content_row, check_content },
    [GHOST_REC_SAMPLED] = { &sampled_row, check_sampled },
    [GHOST_REC_THREAD] = { &thread_row, check_thread },
    [GHOST_REC_MARK] = { &mark_row, check_mark },
    [GHOST_REC_NOTE] = { &note_row, NULL },
    [GHOST_REC_CHILD] = { &child_row, NULL },
    [GHOST_REC_LOSS] = { &loss_row, NULL },
    [GHOST_REC_END] = { &end_row, NULL },
};
#define N_RECORDS (sizeof records / sizeof *records)

bool def_known(uint64_t kind) { return kind < N_RECORDS && records[kind].row; }

const char *def_name(uint64_t kind)
{
    static const struct { uint32_t id; const char *name; } names[] = {
#define X(name, id, since, text) { id, #name },
        GHOST_RECORDS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].id == kind) return names[i].name;
    return NULL;
}

/* ---- encoding ---- */

/* The struct's members, by offset; memcpy keeps the aliasing rules. */
static uint32_t member_u32(const void *base, size_t at)
{
    uint32_t v;
    memcpy(&v, (const char *)base + at, sizeof v);
    return v;
}

static uint64_t member_u64(const void *base, size_t at)
{
    uint64_t v;
    memcpy(&v, (const char *)base + at, sizeof v);
    return v;
}

static void encode_row(struct ghost_buf *b, const struct row *row, const void *base);

static void encode_list(struct ghost_buf *b, const struct field *f, const void *base)
{
    const char *element;
    uint32_t n = member_u32(base, f->count_at);
    memcpy(&element, (const char *)base + f->at, sizeof element);
    if (n > f->max) n = f->max;
    buf_varint(b, n);
    for (uint32_t i = 0; i < n && !b->failed; i++, element += f->row->size)
        encode_row(b, f->row, element);
}

static void encode_columns(struct ghost_buf *b, const struct field *f, const void *base)
{
    const char *elements;
    uint32_t n = member_u32(base, f->count_at);
    memcpy(&elements, (const char *)base + f->at, sizeof elements);
    if (n > f->max) n = f->max;
    buf_varint(b, n);
    for (uint16_t k = 0; k < f->row->n_fields; k++) {
        struct row column = { &f->row->fields[k], 1, f->row->size };
        for (uint32_t i = 0; i < n && !b->failed; i++) encode_row(b, &column, elements + i * f->row->size);
    }
}

static void encode_few(struct ghost_buf *b, const struct field *f, const void *base)
{
    uint32_t n = member_u32(base, f->count_at);
    if (n > GHOST_SIG_ELEMENTS + 1) n = GHOST_SIG_ELEMENTS + 1;
    buf_varint(b, n);
    for (uint32_t i = 0; i < n && i < GHOST_SIG_ELEMENTS; i++)
        buf_varint(b, member_u32(base, f->at + i * sizeof(uint32_t)));
}

static void encode_row(struct ghost_buf *b, const struct row *row, const void *base)
{
    for (const struct field *f = row->fields; f < row->fields + row->n_fields; f++) {
        struct ghost_str s;
        switch (f->type) {
        case V32: buf_varint(b, member_u32(base, f->at)); break;
        case V64: buf_varint(b, member_u64(base, f->at)); break;
        case FIX32: buf_u32(b, (uint32_t)member_u64(base, f->at)); break;
        case FIX64: buf_u64(b, member_u64(base, f->at)); break;
        case STR:
            memcpy(&s, (const char *)base + f->at, sizeof s);
            buf_str(b, s);
            break;
        case LIST: encode_list(b, f, base); break;
        case COLUMNS: encode_columns(b, f, base); break;
        case FEW: encode_few(b, f, base); break;
        case FEW_COUNT: break;
        }
    }
}

/* The payload first, then its head moved in front of it: its length is known
 * only afterwards, and a varint has no room to spare. */
static void encode(struct ghost_buf *b, uint32_t kind, const void *d)
{
    uint8_t head[2 * VARINT_MAX];
    size_t at = b->len, n, n_head;
    encode_row(b, records[kind].row, d);
    n = b->len - at;
    n_head = (size_t)(put_varint(put_varint(head, kind), n) - head);
    if (n > RECORD_MAX) b->failed = true;
    if (!buf_reserve(b, n_head)) {
        b->len = at;
        return;
    }
    memmove(b->p + at + n_head, b->p + at, n);
    memcpy(b->p + at, head, n_head);
    b->len += n_head;
}

static void encode_tree(struct ghost_buf *b, const struct ghost_def_tree *d)
{
    struct packed_tree p;
    if (tree_pack(d, &p)) encode(b, GHOST_REC_MODULE, &p);
    else b->failed = true;
    free(p.nodes);
}

uint32_t def_written_as(uint32_t kind)
{
    return kind == GHOST_REC_FUNC ? GHOST_REC_FUNCTION : kind == GHOST_REC_TREE ? GHOST_REC_MODULE : kind;
}

void def_encode(struct ghost_buf *b, uint32_t kind, const struct ghost_def *d)
{
    if (kind == GHOST_REC_MODULE) encode_tree(b, &d->u.tree);
    else encode(b, kind, &d->u);
}

#define ENCODER(name, NAME) \
    void ghost_encode_##name(struct ghost_buf *b, const struct ghost_def_##name *d) { encode(b, GHOST_REC_##NAME, d); }
ENCODER(func, FUNCTION)
ENCODER(type, TYPE)
ENCODER(sig, SIG)
ENCODER(annot, ANNOT)
ENCODER(content, CONTENT)
ENCODER(sampled, SAMPLED)
ENCODER(thread, THREAD)
ENCODER(mark, MARK)
ENCODER(note, NOTE)
ENCODER(child, CHILD)
ENCODER(loss, LOSS)
ENCODER(end, END)
ENCODER(meta, META)

void ghost_encode_tree(struct ghost_buf *b, const struct ghost_def_tree *d) { encode_tree(b, d); }

/* ---- decoding ---- */

struct decoding { struct cursor c; struct def_scratch *scratch; unsigned lists; int code; const char *why; };

static void decode_row(struct decoding *d, const struct row *row, void *base);

static void refuse(struct decoding *d, int code, const char *why)
{
    if (d->code) return;
    d->code = code;
    d->why = why;
    d->c.bad = true;
}

static void decode_str(struct decoding *d, void *at)
{
    struct ghost_str s = { "", 0 };
    uint64_t n = get_varint(&d->c);
    if (n > GHOST_STR_MAX) refuse(d, GHOST_E_CORRUPT, "a string of more than 4096 bytes");
    const uint8_t *p = get_bytes(&d->c, n <= GHOST_STR_MAX ? (size_t)n : 0);
    if (p && !utf8_valid(p, (size_t)n)) refuse(d, GHOST_E_CORRUPT, "a string that is not UTF-8");
    if (p && n) s = (struct ghost_str){ (const char *)p, (uint32_t)n };
    memcpy(at, &s, sizeof s);
}

static void decode_list(struct decoding *d, const struct field *f, char *base)
{
    void *list = NULL;
    uint32_t n = (uint32_t)get_count(&d->c, f->max, f->row->n_fields);
    unsigned slot = d->lists++;
    if (n) {
        if (array_grow(&d->scratch->list[slot], &d->scratch->cap[slot], n * f->row->size, 1))
            list = d->scratch->list[slot];
        else
            refuse(d, GHOST_E_NOMEM, "too little memory for its list"), n = 0;
    }
    memcpy(base + f->count_at, &n, sizeof n);
    memcpy(base + f->at, &list, sizeof list);
    uint16_t columns = f->type == COLUMNS ? f->row->n_fields : 1, each = (uint16_t)(f->row->n_fields / columns);
    for (uint16_t k = 0; k < columns; k++) {
        struct row part = { &f->row->fields[k * each], each, f->row->size };
        for (uint32_t i = 0; i < n && !d->c.bad; i++) decode_row(d, &part, (char *)list + i * f->row->size);
    }
}

static void decode_few(struct decoding *d, const struct field *f, char *base)
{
    uint32_t n = (uint32_t)get_max(&d->c, GHOST_SIG_ELEMENTS + 1);
    memcpy(base + f->count_at, &n, sizeof n);
    for (uint32_t i = 0; i < n && i < GHOST_SIG_ELEMENTS; i++) {
        uint32_t v = (uint32_t)get_max(&d->c, UINT32_MAX);
        memcpy(base + f->at + i * sizeof v, &v, sizeof v);
    }
}

static void decode_row(struct decoding *d, const struct row *row, void *into)
{
    char *base = into;
    for (const struct field *f = row->fields; f < row->fields + row->n_fields; f++) {
        uint32_t v32;
        uint64_t v64;
        switch (f->type) {
        case V32:
            v32 = (uint32_t)get_max(&d->c, f->max ? f->max : UINT32_MAX);
            memcpy(base + f->at, &v32, sizeof v32);
            break;
        case V64:
            v64 = get_varint(&d->c);
            memcpy(base + f->at, &v64, sizeof v64);
            break;
        case FIX32: case FIX64:
            v64 = get_fixed(&d->c, f->type == FIX32 ? 4 : 8);
            memcpy(base + f->at, &v64, sizeof v64);
            break;
        case STR: decode_str(d, base + f->at); break;
        case LIST: case COLUMNS: decode_list(d, f, base); break;
        case FEW: decode_few(d, f, base); break;
        case FEW_COUNT: break;
        }
    }
}

static int decode(struct def_scratch *s, uint32_t kind, const uint8_t *payload, size_t n, void *u, const char **why)
{
    struct decoding g = { { payload, payload + n, false }, s, 0, 0, NULL };
    decode_row(&g, records[kind].row, u);
    if (g.c.bad) refuse(&g, GHOST_E_CORRUPT, "a number or count out of bounds");
    *why = g.why;
    return g.code;
}

int def_decode(struct def_scratch *s, uint32_t kind, const uint8_t *payload, size_t n,
               struct ghost_def *d, const char **why)
{
    struct packed_tree packed = { 0 };
    bool module = kind == GHOST_REC_MODULE;
    memset(d, 0, sizeof *d);
    d->kind = module ? GHOST_REC_TREE : kind == GHOST_REC_FUNCTION ? GHOST_REC_FUNC : kind;
    int ret = decode(s, kind, payload, n, module ? (void *)&packed : &d->u, why);
    if (ret == 0 && module) ret = tree_unpack(&packed, s, &d->u.tree, why);
    const char *fault = ret == 0 && records[d->kind].check ? records[d->kind].check(d) : NULL;
    if (fault) *why = fault;
    return fault ? GHOST_E_CORRUPT : ret;
}

/* ---- text: JSON with sorted keys, so that another reader's can be compared ---- */

static void print_row(struct ghost_buf *b, const struct row *row, const void *base);

static void print(struct ghost_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void print(struct ghost_buf *b, const char *fmt, ...)
{
    char text[64];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0) buf_put(b, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static uint32_t code_point(const uint8_t *p, unsigned length)
{
    static const uint8_t first[5] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    uint32_t c = p[0] & first[length];
    for (unsigned i = 1; i < length; i++) c = c << 6 | (p[i] & 0x3F);
    return c;
}

static void print_char(struct ghost_buf *b, uint32_t c)
{
    static const char escapes[128] = { ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
    if (c < 128 && escapes[c]) print(b, "\\%c", escapes[c]);
    else if (c >= 32 && c < 127) print(b, "%c", (char)c);
    else if (c < 0x10000) print(b, "\\u%04x", (unsigned)c);
    else print(b, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((c - 0x10000) >> 10)), (unsigned)(0xDC00 + ((c - 0x10000) & 0x3FF)));
}

static void print_str(struct ghost_buf *b, struct ghost_str s)
{
    const uint8_t *p = (const uint8_t *)s.p, *end = p + s.len;
    print(b, "\"");
    while (p < end) {
        unsigned length = utf8_char(p, (size_t)(end - p));
        print_char(b, length ? code_point(p, length) : 0xFFFD);
        p += length ? length : 1;
    }
    print(b, "\"");
}

static void print_list(struct ghost_buf *b, const struct field *f, const void *base)
{
    const char *element;
    uint32_t n = member_u32(base, f->count_at);
    memcpy(&element, (const char *)base + f->at, sizeof element);
    print(b, "[");
    for (uint32_t i = 0; i < n; i++, element += f->row->size) {
        if (i) print(b, ", ");
        print_row(b, f->row, element);
    }
    print(b, "]");
}

static void print_few(struct ghost_buf *b, const struct field *f, const void *base)
{
    uint32_t n = member_u32(base, f->count_at);
    print(b, "[");
    for (uint32_t i = 0; i < n && i < GHOST_SIG_ELEMENTS; i++) print(b, "%s%u", i ? ", " : "", (unsigned)member_u32(base, f->at + i * sizeof(uint32_t)));
    print(b, "]");
}

static void print_field(struct ghost_buf *b, const struct field *f, const void *base)
{
    struct ghost_str s;
    switch (f->type) {
    case V32: case FEW_COUNT: print(b, "%u", (unsigned)member_u32(base, f->at)); break;
    case V64: case FIX32: case FIX64: print(b, "%llu", (unsigned long long)member_u64(base, f->at)); break;
    case STR:
        memcpy(&s, (const char *)base + f->at, sizeof s);
        print_str(b, s);
        break;
    case LIST: case COLUMNS: print_list(b, f, base); break;
    case FEW: print_few(b, f, base); break;
    }
}

static const struct field *next_by_name(const struct row *row, const struct field *after)
{
    const struct field *best = NULL;
    for (const struct field *f = row->fields; f < row->fields + row->n_fields; f++)
        if ((!after || strcmp(f->name, after->name) > 0) && (!best || strcmp(f->name, best->name) < 0)) best = f;
    return best;
}

/* A row of named fields is an object; one without names a number, text or array. */
static void print_row(struct ghost_buf *b, const struct row *row, const void *base)
{
    bool named = row->fields[0].name[0] != '\0', array = !named && row->n_fields > 1;
    if (!named) {
        if (array) print(b, "[");
        for (const struct field *f = row->fields; f < row->fields + row->n_fields; f++) {
            if (f != row->fields) print(b, ", ");
            print_field(b, f, base);
        }
        if (array) print(b, "]");
        return;
    }
    for (const struct field *f = next_by_name(row, NULL), *first = f; f; f = next_by_name(row, f)) {
        print(b, "%s\"%s\": ", f == first ? "{" : ", ", f->name);
        print_field(b, f, base);
    }
    print(b, "}");
}

void def_print(struct ghost_buf *b, const struct ghost_def *d)
{
    print(b, "%s ", def_name(d->kind));
    print_row(b, records[d->kind].row, &d->u);
}

void def_scratch_release(struct def_scratch *s)
{
    for (unsigned i = 0; i < DEF_LISTS; i++) free(s->list[i]);
    free(s->nodes);
    ghost_buf_release(&s->names);
    *s = (struct def_scratch){ 0 };
}
