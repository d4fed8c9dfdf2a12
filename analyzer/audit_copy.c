/* audit_copy.c - a session's logs, rewritten record by record. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "audit_redact.h"
#include "format/archive_frame.h"
#include "format/defcodec.h"
#include "format/frame.h"
#include "ghost/archive.h"
#include "ghost/log.h"
#include "out.h"
#include "session.h"

/* All bytes of one log: the file's (or its part of an archive), and what its live files add. */
struct source { char *name; uint8_t *bytes; size_t n; };
struct sources { struct source *v; size_t n; };

static void sources_release(struct sources *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->v[i].name);
        free(s->v[i].bytes);
    }
    free(s->v);
    *s = (struct sources){ 0 };
}

/* ---- reading ---- */

static int read_part(const char *path, uint64_t offset, uint64_t size, struct ghost_buf *to, struct ghost_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), ret = GHOST_E_IO;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || offset > (uint64_t)st.st_size) {
        ghost_fail(err, ret, "%s cannot be read: %s", path, errno ? strerror(errno) : "not a regular file");
        goto out;
    }
    size = size < (uint64_t)st.st_size - offset ? size : (uint64_t)st.st_size - offset;
    uint8_t *p = buf_reserve(to, size + 1);
    if (!p) {
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading %s", path);
        goto out;
    }
    for (uint64_t done = 0; done < size;) {
        ssize_t got = pread(fd, p + done, size - done, (off_t)(offset + done));
        if (got <= 0)
            break;
        done += (uint64_t)got;
        to->len += (size_t)got;
    }
    ret = 0;
out:
    if (fd >= 0)
        close(fd);
    return ret;
}

static int take(struct sources *s, const char *name, struct ghost_buf *b, struct ghost_err *err)
{
    struct source *grown = realloc(s->v, (s->n + 1) * sizeof *grown);
    char *copy = strdup(name);
    if (grown)
        s->v = grown;
    if (!grown || !copy || b->failed) {
        free(copy);
        ghost_buf_release(b);
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading a session");
    }
    s->v[s->n++] = (struct source){ copy, b->p, b->len };
    return 0;
}

static int read_archive(struct sources *s, const char *path, struct ghost_err *err)
{
    struct ghost_archive *a = ghost_archive_open(path, err);
    int ret = a ? 0 : err->code;
    for (size_t i = 0; a && ret == 0 && i < ghost_archive_count(a); i++) {
        const struct ghost_archive_entry *e = ghost_archive_entry(a, i);
        struct ghost_buf b = { 0 };
        ret = read_part(path, e->offset, e->size, &b, err);
        if (ret == 0)
            ret = take(s, e->name, &b, err);
    }
    ghost_archive_close(a);
    return ret;
}

static int read_logs(struct sources *s, const struct session *session, struct ghost_err *err)
{
    char **paths = NULL;
    size_t n = 0;
    int ret = session_logs(session, &paths, &n, err);
    for (size_t i = 0; i < n && ret == 0; i++) {
        struct ghost_buf b = { 0 }, tail = { 0 };
        const char *slash = strrchr(paths[i], '/');
        ret = read_part(paths[i], 0, UINT64_MAX, &b, err);
        if (ret == 0)
            ret = ghost_live_tail(paths[i], &tail, err);
        buf_put(&b, tail.p, tail.len);
        ghost_buf_release(&tail);
        if (ret == 0)
            ret = take(s, slash ? slash + 1 : paths[i], &b, err);
        else
            ghost_buf_release(&b);
    }
    session_logs_release(paths, n);
    return ret;
}

/* ---- the passes over definitions ---- */

struct pass { struct names *names; struct redact_types *types; struct def_scratch scratch; void (*learn)(struct names *, const struct ghost_def *); };

static void learn_record(void *self, const struct walk_record *r)
{
    struct pass *p = self;
    struct ghost_def d;
    const char *why;
    if (!def_known(r->kind) || def_decode(&p->scratch, (uint32_t)r->kind, r->payload, r->n, &d, &why) != 0)
        return;
    if (p->learn)
        p->learn(p->names, &d);
    else if (d.kind == GHOST_REC_TYPE)
        redact_types_add(p->types, p->names, &d.u.type);
}

static int pass_over(struct pass *p, const struct source *s, struct ghost_err *err)
{
    struct log_walk w = { .self = p, .record = learn_record };
    int ret = walk_log(&w, s->bytes, s->n, err);
    def_scratch_release(&p->scratch);
    return ret;
}

static int learn(struct names *n, const struct sources *s, struct ghost_err *err)
{
    static void (*const passes[])(struct names *, const struct ghost_def *) = { names_learn_modules, names_learn_words };
    int ret = 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < s->n && ret == 0; i++)
            ret = pass_over(&(struct pass){ .names = n, .learn = passes[k] }, &s->v[i], err);
    return ret;
}

/* ---- one log ---- */

/* Where a frame was, and where its copy is: for the index. */
struct moved { uint64_t from, to; };

struct rewriting {
    struct names *names;
    struct redact_types types;
    struct def_scratch scratch;
    struct ghost_buf content, *out;
    ZSTD_CCtx *z;
    uint64_t offset, base;               /* of the frame in the source; of the log in `out` */
    struct moved *moved; uint32_t n_moved, cap_moved;
    struct redact_result *result;
    struct ghost_err *err;
    int ret;
};

static void begin_frame(void *self, uint64_t offset, size_t size, const char *why)
{
    struct rewriting *w = self;
    w->offset = offset;
    w->result->dropped_bytes += why ? size : 0;
    buf_clear(&w->content);
}

static void rewrite_record(void *self, const struct walk_record *r)
{
    struct rewriting *w = self;
    struct arena arena = { 0 };
    struct ghost_def from, to;
    const char *why;
    if (r->kind == GHOST_REC_BLOCK || r->kind == GHOST_REC_BLOCKS) {
        buf_put(&w->content, r->whole, r->whole_n);
    } else if (!def_known(r->kind) || def_decode(&w->scratch, (uint32_t)r->kind, r->payload, r->n, &from, &why) != 0) {
        w->result->dropped_records++;
    } else {
        redact_def(w->names, &w->types, &arena, &from, &to);
        def_encode(&w->content, def_written_as(to.kind), &to);
        w->names->failed |= arena.failed;
    }
    arena_release(&arena);
}

static void torn(void *self, size_t n)
{
    ((struct rewriting *)self)->result->dropped_bytes += n;
}

static void end_frame(void *self)
{
    struct rewriting *w = self;
    if (w->ret < 0 || w->content.len == 0)
        return;
    if (!grow_array(&w->moved, w->n_moved, &w->cap_moved, sizeof *w->moved)) {
        w->ret = ghost_fail(w->err, GHOST_E_NOMEM, "out of memory while a log was copied");
        return;
    }
    w->moved[w->n_moved++] = (struct moved){ w->offset, w->out->len - w->base };
    w->ret = frame_compress(w->z, &w->content, NULL, w->out, w->err);
}

static uint64_t new_offset(const struct rewriting *w, uint64_t from)
{
    uint32_t low = 0, high = w->n_moved;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (w->moved[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->n_moved && w->moved[low].from == from ? w->moved[low].to : 0;
}

/* The index of the copy: the same blocks at their new places. */
static void rewrite_index(struct rewriting *w, const struct frame_index *x)
{
    struct frame_index copy = *x;
    struct ghost_buf entries = { 0 };
    struct cursor c = { x->entries, x->entries + x->n_entries, false };
    uint64_t from = 0, before = 0;
    for (uint64_t i = 0; i < x->n_blocks && c.p < c.end; i++) {
        from += get_varint(&c);
        uint64_t to = new_offset(w, from);
        if (to < before)                 /* a frame that is not in the copy: then no index is better than a wrong one */
            c.bad = true;
        buf_varint(&entries, to - before);
        before = to;
        for (unsigned field = 0; field < 4; field++)
            buf_varint(&entries, get_varint(&c));
    }
    if (!c.bad)
        index_encode(w->out, &copy, &entries);
    ghost_buf_release(&entries);
}

static void copy_skippable(void *self, uint64_t offset, const uint8_t *p, size_t n)
{
    struct rewriting *w = self;
    struct frame_header h;
    struct frame_index x;
    if (offset == 0 && header_decode(p, n, &h))
        header_encode(w->out, h.process);
    else if (index_decode(p, n, &x))
        rewrite_index(w, &x);
    else
        w->result->dropped_bytes += n;
}

static void lost(void *self, uint64_t offset, size_t n, bool cut)
{
    (void)offset;
    (void)cut;
    ((struct rewriting *)self)->result->dropped_bytes += n;
}

static int rewrite_log(struct names *n, const struct source *s, struct ghost_buf *out, struct redact_result *result, struct ghost_err *err)
{
    struct rewriting w = { .names = n, .out = out, .base = out->len, .z = ZSTD_createCCtx(), .result = result, .err = err };
    struct log_walk walk = { &w, begin_frame, rewrite_record, torn, end_frame, copy_skippable, lost };
    struct pass types = { .names = n, .types = &w.types };
    int ret = w.z ? pass_over(&types, s, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory while a log was copied");
    if (ret == 0) {
        ZSTD_CCtx_setParameter(w.z, ZSTD_c_checksumFlag, 1);
        ret = walk_log(&walk, s->bytes, s->n, err);
    }
    if (ret == 0)
        ret = w.ret;
    if (ret == 0 && (w.types.failed || n->failed || out->failed))
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while a log was copied");
    ZSTD_freeCCtx(w.z);
    redact_types_release(&w.types);
    def_scratch_release(&w.scratch);
    ghost_buf_release(&w.content);
    free(w.moved);
    return ret;
}

/* ---- is none of the words left? ---- */

/* Strings of the copy, against all words that have become tokens and stand in
 * nothing that is Python's. META is shown as key=value; the keys are the format's. */
static int verify(const struct names *n, const struct ghost_buf *log, const char *name, struct ghost_err *err)
{
    struct audit a;
    struct ghost_str word;
    audit_init(&a);
    int ret = audit_log(&a, name, log->p, log->len, err);
    for (uint32_t i = 0; i < a.n_strings && ret == 0; i++) {
        const struct audit_string *s = &a.strings[i];
        uint32_t at = s->kind == AUDIT_META ? (uint32_t)strcspn(s->text.p, "=") : 0;
        while (ret == 0 && names_next_word(s->text, &at, &word))
            if (keyset_find(&n->replaced, word.p, word.len) != TABLE_NONE && keyset_find(&n->kept, word.p, word.len) == TABLE_NONE)
                ret = ghost_fail(err, GHOST_E_STATE, "a name is still in the copy of %s, which was thrown away: please report this (kind: %s)", name,
                                 audit_words[s->kind]);
    }
    if (ret == 0 && a.n_problems)
        ret = ghost_fail(err, GHOST_E_STATE, "the copy of %s cannot be proven and was thrown away: %s", name, a.problems[0].text.p);
    audit_release(&a);
    return ret;
}

/* ---- writing ---- */

static int write_file(const char *path, const struct ghost_buf *b, struct ghost_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), ret = fd < 0 ? GHOST_E_IO : 0;
    for (size_t done = 0; ret == 0 && done < b->len;) {
        ssize_t n = write(fd, b->p + done, b->len - done);
        if (n <= 0)
            ret = GHOST_E_IO;
        else
            done += (size_t)n;
    }
    if (ret == 0 && fsync(fd) != 0)
        ret = GHOST_E_IO;
    if (ret < 0)
        ghost_fail(err, ret, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0 && close(fd) == 0 && ret < 0)
        unlink(path);
    return ret;
}

/* The form of the copy is that of the session. */
struct copying { const struct session *session; const char *output; struct names *names; struct redact_result *result; };

static int copy_one(const struct copying *c, const struct source *s, struct ghost_buf *out, struct ghost_err *err)
{
    struct ghost_buf log = { 0 };
    int ret = rewrite_log(c->names, s, &log, c->result, err);
    if (ret == 0)
        ret = verify(c->names, &log, s->name, err);
    buf_put(out, log.p, log.len);
    ghost_buf_release(&log);
    c->result->logs += ret == 0;
    return ret == 0 && out->failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while a log was copied") : ret;
}

static int copy_folder(const struct copying *c, const struct sources *s, struct ghost_err *err)
{
    char path[4096];
    size_t done = 0;
    int ret = mkdir(c->output, 0700) == 0 ? 0 : ghost_fail(err, GHOST_E_IO, "cannot make the folder %s: %s", c->output, strerror(errno));
    bool made = ret == 0;
    for (; done < s->n && ret == 0; done++) {
        struct ghost_buf log = { 0 };
        snprintf(path, sizeof path, "%s/%s", c->output, s->v[done].name);
        ret = copy_one(c, &s->v[done], &log, err);
        if (ret == 0)
            ret = write_file(path, &log, err);
        ghost_buf_release(&log);
    }
    for (size_t i = 0; ret < 0 && made && i < done; i++) {
        snprintf(path, sizeof path, "%s/%s", c->output, s->v[i].name);
        unlink(path);
    }
    if (ret < 0 && made)
        rmdir(c->output);
    return ret;
}

static int copy_archive(const struct copying *c, const struct sources *s, struct ghost_err *err)
{
    struct ghost_buf out = { 0 }, entries = { 0 };
    uint64_t end = 0;
    int ret = 0;
    archive_head_encode(&out, (struct ghost_str){ c->session->id, (uint32_t)strlen(c->session->id) });
    for (size_t i = 0; i < s->n && ret == 0; i++) {
        struct ghost_str name = { s->v[i].name, (uint32_t)strlen(s->v[i].name) };
        archive_member_encode(&out, name);
        uint64_t begin = out.len;
        ret = copy_one(c, &s->v[i], &out, err);
        buf_varint(&entries, begin - end);
        buf_varint(&entries, out.len - begin);
        buf_str(&entries, name);
        end = out.len;
    }
    archive_directory_encode(&out, s->n, &entries);
    if (ret == 0)
        ret = out.failed || entries.failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while an archive was copied") : write_file(c->output, &out, err);
    ghost_buf_release(&out);
    ghost_buf_release(&entries);
    return ret;
}

static int copy_file(const struct copying *c, const struct sources *s, struct ghost_err *err)
{
    struct ghost_buf log = { 0 };
    int ret = copy_one(c, &s->v[0], &log, err);
    if (ret == 0)
        ret = write_file(c->output, &log, err);
    ghost_buf_release(&log);
    return ret;
}

/* Tokens and what they stand for, for those who may know. */
static int write_map(const struct names *n, const char *path, struct ghost_err *err)
{
    struct ghost_buf b = { 0 };
    for (uint32_t i = 0; i < n->replaced.n; i++) {
        buf_put(&b, n->tokens[i], TOKEN_LENGTH);
        buf_put(&b, "\t", 1);
        buf_put(&b, n->replaced.keys[i].p, n->replaced.keys[i].len);
        buf_put(&b, "\n", 1);
    }
    int ret = b.failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory") : write_file(path, &b, err);
    ghost_buf_release(&b);
    return ret;
}

int redact_session(const struct session *session, const struct redact_request *r, struct redact_result *out, struct ghost_err *err)
{
    struct sources s = { 0 };
    struct names names;
    struct token_key key = { { 0 } };
    struct copying c = { session, r->output, &names, out, };
    struct stat st;
    if (session->is_db)
        return ghost_fail(err, GHOST_E_UNSUPPORTED, "%s is a database: make the copy of the logs it came from, and `ghost import` that", session->path);
    if (lstat(r->output, &st) == 0)
        return ghost_fail(err, GHOST_E_STATE, "%s is already there: name a new file or folder with -o", r->output);
    int ret = token_key_load(&key, r->key_file, r->data_dir, &out->key_path, err);
    names_init(&names, &key, r->all);
    if (ret == 0)
        ret = session->is_archive ? read_archive(&s, session->path, err) : read_logs(&s, session, err);
    if (ret == 0)
        ret = learn(&names, &s, err);
    if (ret == 0)
        ret = (session->is_archive ? copy_archive : session->is_file ? copy_file : copy_folder)(&c, &s, err);
    if (ret == 0 && r->map_file)
        ret = write_map(&names, r->map_file, err);
    out->replaced = names.replaced.n;
    names_release(&names);
    sources_release(&s);
    return ret;
}
