/* Annotations against types: a model and records made by hand, each rule by itself. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "analyzer/annot_decide.h"
#include "analyzer/annot_type.h"

#define S(text) { text, sizeof(text) - 1 }

enum { OBJECT, INT, BOOL, FLOAT, STR, BYTES, BYTEARRAY, NONE, TYPE, LIST, DICT, BASE, DERIVED, TWIN, MOCK, POSES, META_CHECKED, HOOKED, QUACKS, DUCK,
       DOG, OPEN_DOG, MAPPING, MAPPED, MOVIE, GENERATOR, LOST, TUPLE, N_TYPES };
#define MRO(...) .mro = (const uint32_t[]){ __VA_ARGS__ }, .n_mro = sizeof((uint32_t[]){ __VA_ARGS__ }) / 4
#define HAS(...) .members = (const struct ghost_str[]){ __VA_ARGS__ }, .n_members = sizeof((struct ghost_str[]){ __VA_ARGS__ }) / sizeof(struct ghost_str)
#define BIT(abc) (UINT64_C(1) << ABC_##abc)
static const struct ghost_model_type types[N_TYPES] = {
    [OBJECT] = { .module = S("builtins"), .qualname = S("object"), MRO(OBJECT), HAS(S("__hash__"), S("__class__")) },
    [INT] = { .module = S("builtins"), .qualname = S("int"), MRO(INT, OBJECT), .abcs = BIT(Hashable), HAS(S("__int__")) },
    [BOOL] = { .module = S("builtins"), .qualname = S("bool"), MRO(BOOL, INT, OBJECT) },
    [FLOAT] = { .module = S("builtins"), .qualname = S("float"), MRO(FLOAT, OBJECT) },
    [STR] = { .module = S("builtins"), .qualname = S("str"), MRO(STR, OBJECT), .abcs = BIT(Sequence) | BIT(Iterable) },
    [BYTES] = { .module = S("builtins"), .qualname = S("bytes"), MRO(BYTES, OBJECT) },
    [BYTEARRAY] = { .module = S("builtins"), .qualname = S("bytearray"), MRO(BYTEARRAY, OBJECT) },
    [NONE] = { .module = S("builtins"), .qualname = S("NoneType"), MRO(NONE, OBJECT) },
    [TYPE] = { .module = S("builtins"), .qualname = S("type"), MRO(TYPE, OBJECT), .flags = GHOST_TYPE_METACLASS, .abcs = BIT(Callable) },
    [LIST] = { .module = S("builtins"), .qualname = S("list"), MRO(LIST, OBJECT), .abcs = BIT(Sequence) | BIT(Iterable) },
    [DICT] = { .module = S("builtins"), .qualname = S("dict"), MRO(DICT, OBJECT), .abcs = BIT(Mapping) | BIT(Iterable) },
    [BASE] = { .module = S("m"), .qualname = S("A"), MRO(BASE, OBJECT) },
    [DERIVED] = { .module = S("m"), .qualname = S("B"), MRO(DERIVED, BASE, OBJECT) },
    [TWIN] = { .module = S("n"), .qualname = S("A"), MRO(TWIN, OBJECT) },
    [MOCK] = { .module = S("unittest.mock"), .qualname = S("NonCallableMock"), MRO(MOCK, OBJECT) },
    [POSES] = { .module = S("m"), .qualname = S("Proxy"), MRO(POSES, OBJECT), .flags = GHOST_TYPE_POSES },
    [META_CHECKED] = { .module = S("m"), .qualname = S("Checked"), MRO(META_CHECKED, OBJECT), .flags = GHOST_TYPE_CUSTOM_CHECK },
    [HOOKED] = { .module = S("m"), .qualname = S("Hooked"), MRO(HOOKED, OBJECT), .flags = GHOST_TYPE_ABC, HAS(S("__subclasshook__")) },
    [QUACKS] = { .module = S("m"), .qualname = S("Quacks"), MRO(QUACKS, OBJECT), .flags = GHOST_TYPE_PROTOCOL,
                 HAS(S("quack"), S("__len__"), S("__module__"), S("_abc_impl"), S("__protocol_attrs__")) },
    [DUCK] = { .module = S("m"), .qualname = S("Duck"), MRO(DUCK, OBJECT), HAS(S("quack"), S("__len__")) },
    [DOG] = { .module = S("m"), .qualname = S("Dog"), MRO(DOG, OBJECT), HAS(S("__len__")) },
    [OPEN_DOG] = { .module = S("m"), .qualname = S("OpenDog"), MRO(OPEN_DOG, OBJECT), HAS(S("__len__"), S("__dict__")) },
    [MAPPING] = { .module = S("collections.abc"), .qualname = S("Mapping"), MRO(MAPPING, OBJECT), .flags = GHOST_TYPE_ABC },
    [MAPPED] = { .module = S("m"), .qualname = S("Mapped"), MRO(MAPPED, OBJECT), .virtual_bases = (const uint32_t[]){ DERIVED }, .n_virtual = 1 },
    [MOVIE] = { .module = S("m"), .qualname = S("Movie"), MRO(MOVIE, DICT, OBJECT), .flags = GHOST_TYPE_TYPEDDICT },
    [GENERATOR] = { .module = S("builtins"), .qualname = S("generator"), MRO(GENERATOR, OBJECT), .abcs = BIT(Generator) | BIT(Iterator) | BIT(Iterable) },
    [TUPLE] = { .module = S("builtins"), .qualname = S("tuple"), MRO(TUPLE, OBJECT), .abcs = BIT(Sequence) | BIT(Iterable) },
    [LOST] = { .module = S("1-2.ghost"), .qualname = S("<type 9>") },
};
static const struct ghost_model model = { .n_types = N_TYPES, .types = types };

#define CLASS(text, number) { GHOST_NAME_TYPE, number, 0, S(text), S("") }
#define SPECIAL(text) { GHOST_NAME_SPECIAL, GHOST_NONE, 0, S(text), S("typing." text) }
static const struct ghost_def_name names[] = {
    CLASS("object", OBJECT), CLASS("int", INT), CLASS("float", FLOAT), CLASS("str", STR), CLASS("bytes", BYTES), CLASS("list", LIST), CLASS("dict", DICT), CLASS("tuple", TUPLE), CLASS("type", TYPE),
    CLASS("A", BASE), CLASS("A_2", TWIN), CLASS("B", DERIVED), CLASS("Checked", META_CHECKED), CLASS("Hooked", HOOKED), CLASS("Quacks", QUACKS),
    CLASS("abc.Mapping", MAPPING), CLASS("Movie", MOVIE), CLASS("Lost", LOST),
    SPECIAL("Any"), SPECIAL("Optional"), SPECIAL("Union"), SPECIAL("List"), SPECIAL("Sequence"), SPECIAL("Callable"), SPECIAL("Type"), SPECIAL("NoReturn"),
    SPECIAL("Literal"), SPECIAL("Annotated"), SPECIAL("TypeGuard"), SPECIAL("Iterator"), SPECIAL("NoSuchThing"),
    { GHOST_NAME_SPECIAL, BASE, 0, S("Self"), S("typing.Self") },
    { GHOST_NAME_LITERAL, STR, 0, S("str"), S("") }, { GHOST_NAME_LITERAL, INT, 0, S("int"), S("") },
    { GHOST_NAME_TYPEVAR, GHOST_NONE, 0, S("T"), S("") }, { GHOST_NAME_TYPEVAR, GHOST_NONE, GHOST_TYPEVAR_BOUND, S("TB"), S("A") },
    { GHOST_NAME_TYPEVAR, GHOST_NONE, GHOST_TYPEVAR_CONSTRAINTS, S("TC"), S("int, str") },
    { GHOST_NAME_TYPEVAR, GHOST_NONE, GHOST_TYPEVAR_LAZY, S("TL"), S("") },
    { GHOST_NAME_NEWTYPE, GHOST_NONE, 0, S("UserId"), S("int") }, { GHOST_NAME_ALIAS, GHOST_NONE, 0, S("Opt"), S("T | None") },
    { GHOST_NAME_ALIAS, GHOST_NONE, 0, S("Json"), S("list[Json] | str | Json") }, { GHOST_NAME_ALIAS, GHOST_NONE, 0, S("Two"), S("T | TC") },
    { GHOST_NAME_ALIAS, GHOST_NONE, 0, S("Again"), S("Again") }, { GHOST_NAME_ALIAS, GHOST_NONE, GHOST_TYPEVAR_LAZY, S("Unread"), S("") },
    { GHOST_NAME_UNRESOLVED, GHOST_NONE, 0, S("m.Duck"), S("") }, { GHOST_NAME_MODULE, GHOST_NONE, 0, S("os"), S("os") },
    { GHOST_NAME_OTHER, INT, 0, S("variable"), S("") },
};
static const struct ghost_def_annot annot = { .n_names = sizeof names / sizeof *names, .names = names };

static struct annot_answer decide(const char *text, uint32_t type, uint32_t self)
{
    struct arena arena = { 0 };
    struct annot_judge j = { .m = &model, .annot = &annot, .arena = &arena, .self = self };
    struct annot_answer a = annot_decide(&j, annot_parse(&arena, (struct ghost_str){ text, (uint32_t)strlen(text) }), type == GHOST_NONE ? NULL : &types[type]);
    arena_release(&arena);
    assert_int_equal(a.verdict == ANNOT_UNDECIDED, a.reason != NULL);
    return a;
}

struct row { const char *text; uint32_t type; enum annot_verdict verdict; };
#define M ANNOT_MATCH
#define X ANNOT_MISMATCH
#define U ANNOT_UNDECIDED
static const struct row rows[] = {
    { "int", INT, M }, { "int", BOOL, M }, { "int", STR, X }, { "int", NONE, X }, { "object", LOST, M }, { "object", STR, M },
    { "float", INT, M }, { "float", BOOL, M }, { "float", STR, X }, { "int", FLOAT, X }, { "bytes", BYTEARRAY, M }, { "bytes", STR, X },
    { "A", BASE, M }, { "A", DERIVED, M }, { "A", TWIN, X }, { "A_2", TWIN, M }, { "A_2", BASE, X }, { "B", BASE, X }, { "A", TYPE, X },
    { "B", MAPPED, M }, { "A", MAPPED, M }, { "A_2", MAPPED, X },
    { "int", MOCK, M }, { "Checked", MOCK, M }, { "int", POSES, U }, { "A", LOST, U }, { "Lost", INT, U }, { "int", GHOST_NONE, U },
    { "Checked", INT, U }, { "Hooked", INT, U }, { "Movie", DICT, M }, { "Movie", LIST, X },
    { "Quacks", DUCK, M }, { "Quacks", DOG, X }, { "Quacks", OPEN_DOG, U }, { "Quacks", INT, X },
    { "abc.Mapping", DICT, M }, { "abc.Mapping[str, int]", LIST, X }, { "Sequence[int]", STR, M }, { "Sequence", DICT, X },
    { "None", NONE, M }, { "None", INT, X }, { "Any", STR, M }, { "Optional[int]", NONE, M }, { "Optional[int]", STR, X }, { "Union[int, str]", STR, M },
    { "Union[int, Checked]", STR, U }, { "int | None", BOOL, M }, { "int | None", STR, X }, { "list[int]", LIST, M }, { "List[int]", DICT, X },
    { "Type[A]", TYPE, M }, { "type[A]", BASE, X }, { "type", TYPE, M }, { "Callable[[int], str]", TYPE, M }, { "Callable", INT, X },
    { "NoReturn", INT, X }, { "Literal[str, None]", STR, M }, { "Literal[str, None]", NONE, M }, { "Literal[str]", INT, X }, { "Literal[int]", BOOL, U },
    { "Annotated[int, ...]", INT, M }, { "Annotated[int, ...]", STR, X }, { "TypeGuard[int]", BOOL, M }, { "TypeGuard[int]", STR, X },
    { "NoSuchThing", INT, U }, { "T", INT, M }, { "TB", DERIVED, M }, { "TB", INT, X }, { "TC", STR, M }, { "TC", LIST, X }, { "TL", INT, U },
    { "UserId", INT, M }, { "UserId", STR, X }, { "Opt[int]", INT, M }, { "Opt[int]", NONE, M }, { "Opt[int]", STR, X }, { "Opt", STR, M },
    { "Two[int, str]", LIST, U }, { "Json", STR, M }, { "Json", LIST, M }, { "Json", INT, U }, { "Again", INT, U }, { "Unread", INT, U },
    { "m.Duck", DUCK, M }, { "m.Duck", INT, U }, { "unlisted", INT, U }, { "Optional[unlisted]", NONE, M }, { "os", INT, U }, { "variable", INT, U },
    { "...", INT, U }, { "int(...)", INT, U }, { "[int]", INT, U }, { "*T", INT, U }, { "int[", INT, U }, { "", INT, U }, { "Self", INT, U },
};

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum annot_verdict got = decide(rows[i].text, rows[i].type, GHOST_NONE).verdict;
        if (got != rows[i].verdict)
            fail_msg("%s with type %u: %d, not %d", rows[i].text, rows[i].type, got, rows[i].verdict);
    }
}

/* What was seen inside: a list of int and str, of lists of int, dicts, tuples. */
#define PART(type, content) { type, content }
#define PARTS(...) (const struct ghost_model_part[]){ __VA_ARGS__ }
enum { EMPTY, INTS, INTS_AND_STR, PAIR, NO_TUPLE, LONG, NAMES, LISTS, ROUND, UNKNOWN, N_CONTENTS };
static const struct ghost_model_content contents[N_CONTENTS] = {
    [EMPTY] = { .type = LIST },
    [INTS] = { .type = LIST, .n_items = 1, .items = PARTS(PART(INT, GHOST_NONE)) },
    [INTS_AND_STR] = { .type = LIST, .n_items = 2, .items = PARTS(PART(INT, GHOST_NONE), PART(STR, GHOST_NONE)) },
    [PAIR] = { .type = TUPLE, .size = 2, .n_items = 2, .items = PARTS(PART(INT, GHOST_NONE), PART(STR, GHOST_NONE)) },
    [NO_TUPLE] = { .type = TUPLE },
    [LONG] = { .type = TUPLE, .size = GHOST_TUPLE_APART + 1, .n_items = 1, .items = PARTS(PART(INT, GHOST_NONE)) },
    [NAMES] = { .type = DICT, .n_keys = 1, .keys = PARTS(PART(STR, GHOST_NONE)), .n_items = 1, .items = PARTS(PART(LIST, INTS)) },
    [LISTS] = { .type = LIST, .n_items = 2, .items = PARTS(PART(LIST, EMPTY), PART(LIST, INTS_AND_STR)) },
    [ROUND] = { .type = LIST, .n_items = 1, .items = PARTS(PART(LIST, ROUND)) },   /* no recorder makes it */
    [UNKNOWN] = { .type = LIST, .n_items = 1, .items = PARTS(PART(GHOST_NONE, GHOST_NONE)) },
};

struct deep_row { const char *text; uint32_t content; enum annot_verdict verdict; unsigned n_faults; uint32_t type; unsigned n_path; };
static const struct deep_row deep_rows[] = {
    { "list[int]", EMPTY, M, 0, 0, 0 }, { "list[int]", INTS, M, 0, 0, 0 }, { "list[int]", INTS_AND_STR, X, 1, STR, 1 }, { "list[float]", INTS, M, 0, 0, 0 },
    { "list", INTS_AND_STR, M, 0, 0, 0 }, { "List[Any]", INTS_AND_STR, M, 0, 0, 0 }, { "Sequence[int]", INTS_AND_STR, X, 1, STR, 1 },
    { "list[int | str]", INTS_AND_STR, M, 0, 0, 0 }, { "list[bytes]", INTS_AND_STR, X, 2, INT, 1 },
    { "list[int] | list[str]", INTS_AND_STR, X, 1, STR, 1 },          /* the first alternative tells */
    { "Optional[list[int]]", INTS_AND_STR, X, 1, STR, 1 }, { "Union[list[str], list[int]]", INTS, M, 0, 0, 0 },
    { "list[list[int]]", LISTS, X, 1, STR, 2 }, { "list[list[str]]", LISTS, X, 1, INT, 2 }, { "list[int]", LISTS, X, 2, LIST, 1 },
    { "dict[str, list[int]]", NAMES, M, 0, 0, 0 }, { "dict[int, list[str]]", NAMES, X, 2, STR, 1 }, { "abc.Mapping[str, int]", NAMES, X, 1, LIST, 1 },
    { "tuple[int, str]", PAIR, M, 0, 0, 0 }, { "tuple[str, str]", PAIR, X, 1, INT, 1 }, { "tuple[int]", PAIR, X, 1, GHOST_NONE, 1 },
    { "tuple[int, ...]", PAIR, X, 1, STR, 1 }, { "tuple[()]", PAIR, X, 1, GHOST_NONE, 1 }, { "tuple[()]", NO_TUPLE, M, 0, 0, 0 },
    { "tuple[int, *tuple[str, ...]]", PAIR, M, 0, 0, 0 }, { "tuple[*tuple[int, ...], int]", PAIR, X, 1, STR, 1 }, { "tuple[int, str, *T]", PAIR, M, 0, 0, 0 },
    { "tuple[int, int]", LONG, X, 1, GHOST_NONE, 1 }, { "tuple[int, ...]", LONG, M, 0, 0, 0 },
    { "list[unlisted]", INTS, U, 1, INT, 1 }, { "list[unlisted]", EMPTY, M, 0, 0, 0 }, { "list[int]", UNKNOWN, U, 1, GHOST_NONE, 1 },
    { "list[unlisted] | list[int]", INTS_AND_STR, U, 2, INT, 1 }, { "Json", INTS, U, 1, INT, 1 }, { "list[list[list[list[list[int]]]]]", ROUND, M, 0, 0, 0 },
};

static void elements(void **state)
{
    struct ghost_model with = model;
    with.contents = contents;
    with.n_contents = N_CONTENTS;
    (void)state;
    for (size_t i = 0; i < sizeof deep_rows / sizeof *deep_rows; i++) {
        const struct deep_row *row = &deep_rows[i];
        struct arena arena = { 0 };
        struct annot_faults faults = { .n = 0 };
        struct annot_judge j = { .m = &with, .annot = &annot, .arena = &arena, .self = GHOST_NONE, .content = &contents[row->content], .faults = &faults };
        struct annot_answer a = annot_decide(&j, annot_parse(&arena, (struct ghost_str){ row->text, (uint32_t)strlen(row->text) }), &types[contents[row->content].type]);
        arena_release(&arena);
        if (a.verdict != row->verdict || faults.n != row->n_faults)
            fail_msg("%s with content %u: %d with %u faults, not %d with %u", row->text, row->content, a.verdict, faults.n, row->verdict, row->n_faults);
        if (faults.n && (faults.v[0].type != row->type || faults.v[0].n_path != row->n_path || faults.v[0].answer.verdict != row->verdict))
            fail_msg("%s with content %u: type %u at depth %u, not %u at %u", row->text, row->content, faults.v[0].type, faults.v[0].n_path, row->type, row->n_path);
    }
}

static void self_is_of_the_first_argument(void **state)
{
    (void)state;
    assert_int_equal(decide("Self", DERIVED, BASE).verdict, ANNOT_MATCH);
    assert_int_equal(decide("Self", BASE, DERIVED).verdict, ANNOT_MISMATCH);
    assert_int_equal(decide("Optional[Self]", NONE, DERIVED).verdict, ANNOT_MATCH);
    /* of a class method: of the class that defines it, which the record names */
    assert_int_equal(decide("Self", DERIVED, TYPE).verdict, ANNOT_MATCH);
    assert_int_equal(decide("Self", INT, TYPE).verdict, ANNOT_MISMATCH);
    assert_int_equal(decide("Self", INT, POSES).verdict, ANNOT_UNDECIDED);
}

/* The tree as text: every node shows its kind. Returns the end. */
static char *show(const struct annot_node *n, char *at, const char *end)
{
    static const char *const kinds[] = { "", "None", "...", "sub", "list", "tuple", "union", "star", "call" };
    at += snprintf(at, (size_t)(end - at), "%s%.*s%s", kinds[n->kind], (int)n->name.len, n->name.p ? n->name.p : "", n->first ? "(" : "");
    for (const struct annot_node *c = n->first; c; c = c->next) {
        at = show(c, at, end);
        at += snprintf(at, (size_t)(end - at), c->next ? " " : ")");
    }
    return at;
}

static void trees(void **state)
{
    static const struct { const char *text, *tree; } cases[] = {
        { "a.b.C", "a.b.C" }, { " int ", "int" }, { "None | ...", "union(None ...)" }, { "d[str, list[int]]", "sub(d str sub(list int))" },
        { "C[[int, str], None]", "sub(C list(int str) None)" }, { "tuple[()]", "sub(tuple tuple)" }, { "tuple[*Ts]", "sub(tuple star(Ts))" },
        { "(a,)", "tuple(a)" }, { "f(...)[x]", "sub(call(f) x)" }, { "a | b[c] | d", "union(a sub(b c) d)" }, { "\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9" },
        { "a b", NULL }, { "a[", NULL }, { "a[,]", NULL }, { "a[b c]", NULL }, { "|a", NULL }, { "a|", NULL }, { "f(x)", NULL }, { "1", NULL },
        { "", NULL }, { "a..b |", NULL }, { "'a'", NULL }, { "a]", NULL }, { "..", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = { 0 };
        char out[256] = "";
        const struct annot_node *n = annot_parse(&arena, (struct ghost_str){ cases[i].text, (uint32_t)strlen(cases[i].text) });
        if (n)
            show(n, out, out + sizeof out);
        if (cases[i].tree)
            assert_string_equal(out, cases[i].tree);
        else
            assert_null(n);
        arena_release(&arena);
    }
}

static void depth_is_bounded(void **state)
{
    char text[4 * ANNOT_DEPTH_MAX + 8];
    (void)state;
    for (unsigned depth = ANNOT_DEPTH_MAX; depth <= ANNOT_DEPTH_MAX + 1; depth++) {
        struct arena arena = { 0 };
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(annot_parse(&arena, (struct ghost_str){ text, 2 * depth }) != NULL, depth <= ANNOT_DEPTH_MAX);
        arena_release(&arena);
    }
}

UNIT_TESTS(cmocka_unit_test(each_rule), cmocka_unit_test(elements), cmocka_unit_test(self_is_of_the_first_argument), cmocka_unit_test(trees), cmocka_unit_test(depth_is_bounded))
