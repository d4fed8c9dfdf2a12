/* db_row.c - members of structs to columns and back. */
#include "db_row.h"

#include <inttypes.h>
#include <string.h>

#include "hist.h"

/* ---- to the database ---- */

static char *room(struct db_scratch *s, size_t n)
{
    if (s->cap >= n)
        return s->p;
    char *p = realloc(s->p, n * 2);
    if (!p)
        return NULL;
    s->p = p;
    s->cap = n * 2;
    return p;
}

static char *put_number(char *p, uint64_t n)
{
    char digits[20];
    unsigned k = 0;
    do
        digits[k++] = (char)('0' + n % 10);
    while (n /= 10);
    while (k)
        *p++ = digits[--k];
    return p;
}

static int bind_hist(sqlite3_stmt *q, int at, const struct ghost_model_signature *s, struct db_scratch *scratch)
{
    enum { ENTRY = 28 };                 /* "4 digits":20 digits and a comma */
    char *p = room(scratch, 2 + (size_t)s->n_hist * ENTRY), *start = p;
    if (!p)
        return GHOST_E_NOMEM;
    *p++ = '{';
    for (uint32_t i = 0; i < s->n_hist; i++) {
        if (i)
            *p++ = ',';
        *p++ = '"';
        p = put_number(p, hist_bucket(s->hist[i].lower));
        *p++ = '"';
        *p++ = ':';
        p = put_number(p, s->hist[i].count);
    }
    *p++ = '}';
    sqlite3_bind_text(q, at, start, (int)(p - start), SQLITE_STATIC);
    return 0;
}

int db_row_bind(sqlite3_stmt *q, int at, const struct db_table *t, const void *element, struct db_scratch *scratch)
{
    const char *inner = t->inner == DB_DIRECT ? NULL : *(const char *const *)((const char *)element + t->inner);
    int ret = 0;
    for (unsigned i = 0; i < t->n_columns && ret == 0; i++, at++) {
        const struct db_column *c = &t->columns[i];
        const void *p = (c->inner ? inner : (const char *)element) + c->at;
        switch (c->kind) {
        case DB_U32: sqlite3_bind_int64(q, at, *(const uint32_t *)p); break;
        case DB_U64: sqlite3_bind_int64(q, at, (int64_t)*(const uint64_t *)p); break;
        case DB_INT: sqlite3_bind_int64(q, at, *(const int *)p); break;
        case DB_BOOL: sqlite3_bind_int64(q, at, *(const bool *)p); break;
        case DB_REAL: sqlite3_bind_double(q, at, *(const double *)p); break;
        case DB_TEXT: db_sql_bind_str(q, at, *(const struct ghost_str *)p); break;
        case DB_IDENTITY: sqlite3_bind_blob(q, at, p, 16, SQLITE_STATIC); break;
        case DB_HIST: ret = bind_hist(q, at, element, scratch); break;
        case DB_OWNER: sqlite3_bind_int64(q, at, *(const uint32_t *)p); break;
        case DB_INDEX:
            if (*(const uint32_t *)p == GHOST_NONE)
                sqlite3_bind_null(q, at);
            else
                sqlite3_bind_int64(q, at, *(const uint32_t *)p);
            break;
        }
    }
    return ret;
}

/* ---- and back ---- */

static uint32_t rows_of(const struct ghost_model *m, const char *name)
{
    for (size_t i = 0; db_tables[i]; i++)
        if (strcmp(db_tables[i]->name, name) == 0 && db_tables[i]->count != DB_DIRECT && !db_tables[i]->parent)
            return *(const uint32_t *)((const char *)m + db_tables[i]->count);
    return 0;
}

void db_row_limits(struct db_sink *to, const struct db_table *t, const struct ghost_model *m)
{
    for (unsigned i = 0; i < t->n_columns && i < DB_COLUMNS_MAX; i++)
        to->limits[i] = t->columns[i].refers ? rows_of(m, t->columns[i].refers) : 0;
}

static int misfit(const struct db_table *t, const struct db_column *c, struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_CORRUPT, "a value of %s.%s is none that was written", t->name, c->name);
}

/* "digits", then the character that follows. */
static bool take_number(const char **p, const char *end, uint64_t max, uint64_t *n)
{
    const char *start = *p;
    *n = 0;
    for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, (uint64_t)(**p - '0'), n) || *n > max)
            return false;
    }
    return *p > start;
}

static bool take_char(const char **p, const char *end, char c)
{
    return *p < end && *(*p)++ == c;
}

static bool take_bucket(const char **p, const char *end, struct ghost_hist_bucket *to)
{
    uint64_t bucket;
    if (!take_char(p, end, '"') || !take_number(p, end, HIST_BUCKETS - 1, &bucket) || !take_char(p, end, '"') ||
        !take_char(p, end, ':') || !take_number(p, end, UINT64_MAX, &to->count))
        return false;
    to->lower = hist_lower((unsigned)bucket);
    to->width = hist_width((unsigned)bucket);
    return true;
}

static bool fetch_hist(sqlite3_stmt *q, int at, struct ghost_model_signature *s, struct arena *arena)
{
    struct ghost_str text = db_sql_str(q, at);
    const char *p = text.p, *end = p + text.len;
    uint32_t n = 0;
    for (const char *c = p; c < end; c++)
        n += *c == ':';
    struct ghost_hist_bucket *v = ARENA_ARRAY(arena, struct ghost_hist_bucket, n);
    if (!v || !take_char(&p, end, '{'))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if ((i && !take_char(&p, end, ',')) || !take_bucket(&p, end, &v[i]) || (i && v[i].lower <= v[i - 1].lower))
            return false;
    s->hist = v;
    s->n_hist = n;
    return take_char(&p, end, '}') && p == end;
}

static bool fetch(sqlite3_stmt *q, int at, const struct db_column *c, uint32_t limit, void *element, void *p, const struct db_sink *to)
{
    /* the column is looked up once; nobody else uses its connection, so nothing protects the value and nothing has to */
    sqlite3_value *value = sqlite3_column_value(q, at);
    int type = sqlite3_value_type(value);
    bool integer = type == SQLITE_INTEGER;
    int64_t n = integer ? sqlite3_value_int64(value) : 0;
    switch (c->kind) {
    case DB_U32: *(uint32_t *)p = (uint32_t)n; return integer && n >= 0 && n <= UINT32_MAX;
    case DB_U64: *(uint64_t *)p = (uint64_t)n; return integer;
    case DB_INT: *(int *)p = (int)n; return integer && n == (int)n;
    case DB_BOOL: *(bool *)p = n == 1; return integer && (n == 0 || n == 1);
    case DB_INDEX:
    case DB_OWNER:
        *(uint32_t *)p = integer ? (uint32_t)n : GHOST_NONE;
        return integer ? n >= 0 && n < limit : c->kind == DB_INDEX && type == SQLITE_NULL;
    case DB_HIST: return fetch_hist(q, at, element, to->arena);
    case DB_TEXT:
        *(struct ghost_str *)p = keyset_str(to->strings, db_sql_str(q, at));
        return type == SQLITE_TEXT;
    case DB_IDENTITY:
        if (sqlite3_column_bytes(q, at) != 16)
            return false;
        memcpy(p, sqlite3_column_blob(q, at), 16);
        return true;
    case DB_REAL: return true;
    }
    return false;
}

int db_row_fetch(sqlite3_stmt *q, int at, const struct db_table *t, void *element, const struct db_sink *to, struct ghost_err *err)
{
    char *inner = NULL;
    if (t->inner != DB_DIRECT) {
        inner = arena_alloc(to->arena, t->inner_size);
        if (!inner)
            return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading an analysis");
        memset(inner, 0, t->inner_size);
        memcpy((char *)element + t->inner, &inner, sizeof inner);
    }
    for (unsigned i = 0; i < t->n_columns; i++) {
        const struct db_column *c = &t->columns[i];
        if (!fetch(q, at + (int)i, c, to->limits[i], element, (c->inner ? inner : (char *)element) + c->at, to))
            return to->arena->failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading an analysis") : misfit(t, c, err);
    }
    return 0;
}
