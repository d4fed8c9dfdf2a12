/* fuzz_annot.c - the text of an annotation and what its names denote, as a log
 * could have them: parsed and decided against a few types.
 *
 * Input: the annotation's line, then a line for each name: kind, type and flags
 * as a digit each, the name, '=', its text. */
#include <stdlib.h>
#include <string.h>
#include "analyzer/annot_decide.h"
#include "analyzer/annot_type.h"

#define S(text) { text, sizeof(text) - 1 }
enum { OBJECT, INT, NONE, TYPE, LIST, PROTOCOL, SEQUENCE, LOOP, N_TYPES };
static const uint32_t mros[N_TYPES][3] = {
    { OBJECT }, { INT, OBJECT }, { NONE, OBJECT }, { TYPE, OBJECT }, { LIST, OBJECT }, { PROTOCOL, OBJECT }, { SEQUENCE, OBJECT },
    { LOOP, GHOST_NONE, LOOP },
};
static const struct ghost_str members[] = { S("__init__"), S("close"), S("__len__"), S("_abc_impl"), S("name") };
static const struct ghost_model_type types[N_TYPES] = {
    [OBJECT] = { .module = S("builtins"), .qualname = S("object"), .n_mro = 1, .mro = mros[OBJECT], .n_members = 1, .members = members },
    [INT] = { .module = S("builtins"), .qualname = S("int"), .n_mro = 2, .mro = mros[INT], .abcs = 1 },
    [NONE] = { .module = S("builtins"), .qualname = S("NoneType"), .n_mro = 2, .mro = mros[NONE], .abcs = 1 },
    [TYPE] = { .module = S("builtins"), .qualname = S("type"), .flags = GHOST_TYPE_METACLASS, .n_mro = 2, .mro = mros[TYPE] },
    [LIST] = { .module = S("builtins"), .qualname = S("list"), .n_mro = 2, .mro = mros[LIST], .abcs = ~UINT64_C(0), .n_members = 3, .members = members },
    [PROTOCOL] = { .module = S("m"), .qualname = S("P"), .flags = GHOST_TYPE_PROTOCOL, .n_mro = 2, .mro = mros[PROTOCOL], .n_members = 5, .members = members },
    [SEQUENCE] = { .module = S("collections.abc"), .qualname = S("Sequence"), .flags = GHOST_TYPE_ABC, .n_mro = 2, .mro = mros[SEQUENCE] },
    [LOOP] = { .module = S(""), .qualname = S(""), .flags = UINT32_MAX, .n_mro = 3, .mro = mros[LOOP], .n_virtual = 1, .virtual_bases = &mros[LOOP][0] },
};
/* Also contents that no recorder makes: in themselves, of no type, of a size that is none. */
static const struct ghost_model_part parts[] = { { INT, GHOST_NONE }, { LIST, 0 }, { LIST, 1 }, { GHOST_NONE, GHOST_NONE }, { N_TYPES, 9 }, { NONE, 2 } };
static const struct ghost_model_content contents[] = {
    { .type = LIST, .n_items = 6, .items = parts }, { .type = GHOST_NONE, .size = 2, .n_items = 2, .items = parts, .n_keys = 3, .keys = parts },
    { .type = LIST, .size = UINT32_MAX, .n_items = 1, .items = parts }, { .type = LIST, .size = 3, .n_items = 3, .items = parts },
};
#define N_CONTENTS (sizeof contents / sizeof *contents)
static const struct ghost_model model = { .n_types = N_TYPES, .types = types, .n_contents = N_CONTENTS, .contents = contents };

static uint32_t number(const char *p, size_t n, size_t at, uint32_t bound) { return at < n ? (uint8_t)(p[at] - '0') % bound : 0; }

static struct ghost_def_name name_of(const char *p, size_t n)
{
    const char *rest = n > 3 ? p + 3 : p + n, *end = p + n, *equals = memchr(rest, '=', (size_t)(end - rest));
    struct ghost_def_name d = { number(p, n, 0, GHOST_NAME_OTHER + 1), number(p, n, 1, N_TYPES + 2), number(p, n, 2, 32),
                                { rest, (uint32_t)((equals ? equals : end) - rest) }, { "", 0 } };
    if (equals)
        d.text = (struct ghost_str){ equals + 1, (uint32_t)(end - equals - 1) };
    if (d.type == N_TYPES + 1)
        d.type = GHOST_NONE;
    return d;
}

static void decide(const struct ghost_def_annot *annot, struct ghost_str text)
{
    for (uint32_t t = 0; t <= N_TYPES; t++) {
        struct annot_answer first = { ANNOT_MATCH, NULL };
        for (int round = 0; round < 2; round++) {
            struct arena arena = { 0 };
            struct annot_judge j = { .m = &model, .annot = annot, .arena = &arena, .self = t < N_TYPES ? t : GHOST_NONE };
            const struct annot_node *arguments, *n = annot_parse(&arena, text);
            struct annot_answer a = annot_decide(&j, n, t < N_TYPES ? &types[t] : NULL);
            if ((a.verdict == ANNOT_UNDECIDED) != (a.reason != NULL) || (!n && a.verdict != ANNOT_UNDECIDED))
                abort();
            if (round && (a.verdict != first.verdict || a.reason != first.reason))
                abort();
            first = a;
            if (n && (n = annot_unalias(&j, n)))
                annot_construct(&j, n, &arguments);
            arena_release(&arena);
        }
    }
}

/* With what was seen inside: never a match that the type alone is not, and faults where it is none. */
static void decide_inside(const struct ghost_def_annot *annot, struct ghost_str text)
{
    for (size_t i = 0; i < N_CONTENTS; i++) {
        struct arena arena = { 0 };
        struct annot_faults faults = { .n = 0 };
        struct annot_judge j = { .m = &model, .annot = annot, .arena = &arena, .self = GHOST_NONE };
        const struct annot_node *n = annot_parse(&arena, text);
        enum annot_verdict whole = annot_decide(&j, n, &types[LIST]).verdict;
        j.content = &contents[i];
        j.faults = &faults;
        struct annot_answer a = annot_decide(&j, n, &types[LIST]);
        if ((whole == ANNOT_MISMATCH && a.verdict == ANNOT_MATCH) || (whole == ANNOT_MATCH && a.verdict == ANNOT_MISMATCH && faults.n == 0)
            || (a.verdict == ANNOT_MATCH && faults.n) || faults.n > ANNOT_FAULTS || j.n_path)
            abort();
        arena_release(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ghost_def_name names[32];
    struct ghost_def_annot annot = { .names = names };
    struct ghost_str text = { "", 0 };
    const char *p = (const char *)data, *end = p + size;
    for (bool first = true; p < end && annot.n_names < 32; first = false) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((newline ? newline : end) - p);
        if (first)
            text = (struct ghost_str){ p, (uint32_t)(n < GHOST_STR_MAX ? n : GHOST_STR_MAX) };
        else
            names[annot.n_names++] = name_of(p, n);
        p += n + 1;
    }
    decide(&annot, text);
    decide_inside(&annot, text);
    return 0;
}
