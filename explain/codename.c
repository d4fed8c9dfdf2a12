/* codename.c - telling names from words. */
#include "codename.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_ident(unsigned char c) { return isalnum(c) || c == '_' || c >= 0x80; }

static bool among(const char *const *list, const char *p, size_t len)
{
    for (; *list; list++)
        if (strlen(*list) == len && memcmp(*list, p, len) == 0)
            return true;
    return false;
}

/* ---- Python's own ---- */

static const char *const python_names[] = {
    "int", "str", "float", "bool", "bytes", "bytearray", "memoryview", "complex", "list", "tuple", "dict", "set", "frozenset", "object", "type",
    "None", "NoneType", "range", "slice", "function", "method", "builtin_function_or_method", "generator", "coroutine", "async_generator", "module",
    "property", "staticmethod", "classmethod", "super", "map", "filter", "zip", "enumerate", "reversed", "mappingproxy", "ellipsis", "callable",
    "Any", "Optional", "Union", "List", "Dict", "Tuple", "Set", "FrozenSet", "Type", "Callable", "Iterable", "Iterator", "Generator", "Sequence",
    "Mapping", "MutableMapping", "MutableSequence", "Collection", "Container", "Hashable", "Sized", "Awaitable", "Coroutine", "AsyncIterator",
    "AsyncIterable", "AsyncGenerator", "Literal", "Final", "ClassVar", "Annotated", "TypeVar", "Protocol", "Self", "Never", "NoReturn", "LiteralString",
    "TypedDict", "NamedTuple", "Generic", "Concatenate", "ParamSpec", "Unpack", "Required", "NotRequired", "typing", "collections", "abc", "builtins",
    "AbstractSet", "ContextManager", "AsyncContextManager", "Pattern", "Match", "Text", "AnyStr", "SupportsInt", "SupportsFloat", "SupportsIndex",
    "BaseException", "Exception", "ArithmeticError", "AssertionError", "AttributeError", "BlockingIOError", "BrokenPipeError", "BufferError",
    "ChildProcessError", "ConnectionAbortedError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError", "EOFError", "EnvironmentError",
    "FileExistsError", "FileNotFoundError", "FloatingPointError", "GeneratorExit", "IOError", "ImportError", "IndentationError", "IndexError",
    "InterruptedError", "IsADirectoryError", "KeyError", "KeyboardInterrupt", "LookupError", "MemoryError", "ModuleNotFoundError", "NameError",
    "NotADirectoryError", "NotImplementedError", "OSError", "OverflowError", "PermissionError", "ProcessLookupError", "RecursionError", "ReferenceError",
    "RuntimeError", "StopAsyncIteration", "StopIteration", "SyntaxError", "SystemError", "SystemExit", "TabError", "TimeoutError", "TypeError",
    "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError", "UnicodeError", "UnicodeTranslateError", "ValueError", "ZeroDivisionError",
    "ExceptionGroup", "BaseExceptionGroup", NULL
};

bool is_python_name(const char *name, size_t len)
{
    size_t from = 0;
    for (size_t i = 0; i <= len; i++)
        if (i == len || name[i] == '.') {
            if (!among(python_names, name + from, i - from))
                return false;
            from = i + 1;
        }
    return len > 0;
}

/* ---- everyday words ---- */

static const struct { const char *word, *type; } aliases[] = {
    { "integer", "int" }, { "integers", "int" }, { "ints", "int" }, { "string", "str" }, { "strings", "str" }, { "boolean", "bool" }, { "booleans", "bool" },
    { "floats", "float" }, { "dictionary", "dict" }, { "dictionaries", "dict" }, { "dicts", "dict" }, { "tuples", "tuple" }, { "lists", "list" },
    { "None", "NoneType" }, { "frozensets", "frozenset" }, { "bools", "bool" },
};

const char *codename_alias(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strlen(aliases[i].word) == len && strncasecmp(aliases[i].word, word, len) == 0 && (aliases[i].word[0] != 'N' || word[0] == 'N'))
            return aliases[i].type;
    return NULL;
}

/* Types that are no English words: "list" and "set" are, so they count in backticks only. */
static bool is_type_word(const char *p, size_t len)
{
    static const char *const types[] = { "int", "str", "float", "bool", "bytes", "bytearray", "tuple", "dict", "frozenset", "NoneType", "memoryview", NULL };
    return among(types, p, len) || codename_alias(p, len);
}

/* ---- shapes ---- */

/* A character of a name. Outside of backticks not of scripts that write no blanks: a name of
 * ASCII letters would run into the words around it. */
static bool is_ident_at(const char *p, bool in_ticks)
{
    unsigned char c = (unsigned char)*p;
    return is_ident(c) && (in_ticks || c < 0x80 || (c >= 0xc0 && c < 0xe2));
}

/* Length of a dotted name at p, with <locals> and <lambda>; trailing points are the sentence's. */
static size_t dotted_len(const char *p, bool in_ticks)
{
    size_t n = 0;
    for (;;) {
        if (is_ident_at(p + n, in_ticks)) {
            bool wide = (unsigned char)p[n] >= 0xc0;
            for (n++; wide && ((unsigned char)p[n] & 0xc0) == 0x80; n++)
                ;
        }
        else if ((p[n] == '.' || p[n] == ':') && (is_ident((unsigned char)p[n + 1]) || p[n + 1] == '<') && n)
            n++;
        else if (strncmp(p + n, "<locals>", 8) == 0 || strncmp(p + n, "<lambda>", 8) == 0 || strncmp(p + n, "<module>", 8) == 0)
            n += 8;
        else
            return n;
    }
}

static bool looks_like_code(const char *p, size_t len)
{
    static const char *const abbreviations[] = { "e.g", "i.e", "a.k.a", "vs", NULL };
    bool letter = false, digit = false, lower_upper = false, mark = false;
    if (among(abbreviations, p, len))
        return false;
    for (size_t i = 0; i < len; i++) {
        letter = letter || isalpha((unsigned char)p[i]);
        digit = digit || isdigit((unsigned char)p[i]);
        mark = mark || p[i] == '_' || p[i] == '.' || p[i] == ':' || p[i] == '<';
        lower_upper = lower_upper || (i && isupper((unsigned char)p[i]) && islower((unsigned char)p[i - 1]));
    }
    return letter && (mark || lower_upper || (digit && !isdigit((unsigned char)p[0])) || strncmp(p + len, "()", 2) == 0);
}

/* A capital inside a sentence. What begins one, or follows an opening mark, may be any word. */
static bool is_proper(const char *text, size_t at, size_t len)
{
    static const char *const general[] = { "Python", "Ghost", "English", NULL };
    size_t i = at;
    if (len < 2 || !isupper((unsigned char)text[at]) || among(general, text + at, len))
        return false;
    for (size_t k = 1; k < len; k++)
        if (!islower((unsigned char)text[at + k]))
            return false;
    while (i && (text[i - 1] == ' ' || text[i - 1] == '\t'))
        i--;
    if (i == 0 || i == at)           /* after a quote or a bracket there is no blank */
        return i != 0 && (text[i - 1] == '\'' || text[i - 1] == '(') && i > 1 && text[i - 2] != '.';
    return isalnum((unsigned char)text[i - 1]) || text[i - 1] == ',' || text[i - 1] == '`' || text[i - 1] == ')' || text[i - 1] == '\'';
}

/* 'price': one word in quotes. */
static bool is_quoted(const char *text, size_t at, size_t len)
{
    return at && (text[at - 1] == '\'' || text[at - 1] == '"') && text[at + len] == text[at - 1];
}

bool codename_next(const char *text, size_t *at, bool english, struct codename *out)
{
    bool in_ticks = false;
    for (size_t i = 0; i < *at; i++)
        in_ticks = in_ticks != (text[i] == '`');
    for (size_t i = *at; text[i];) {
        size_t len = text[i] == '<' || is_ident_at(text + i, in_ticks) ? dotted_len(text + i, in_ticks) : 0;
        if (len == 0) {
            in_ticks = in_ticks != (text[i] == '`');
            i++;
            continue;
        }
        bool number = isdigit((unsigned char)text[i]);
        bool closed = in_ticks && strchr(text + i, '`');
        if (!number && (closed || looks_like_code(text + i, len) || is_type_word(text + i, len) || is_quoted(text, i, len) ||
                        (english && is_proper(text, i, len)))) {
            *out = (struct codename){ text + i, len };
            *at = i + len;
            return true;
        }
        i += len;
    }
    *at += strlen(text + *at);
    return false;
}
