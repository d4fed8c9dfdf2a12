/* archive_write.c - the frames of an archive around the logs (docs/format.md, 9). */
#include <string.h>
#include "archive_frame.h"
#include "ghost/archive.h"
#include "ghost/log.h"

static int emit(struct ghost_archive_writer *w, struct ghost_buf *b, struct ghost_err *err)
{
    int ret = b->failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while an archive was written") : w->to->write(w->to->self, b->p, b->len, err);
    if (ret == 0) w->offset += b->len;
    ghost_buf_release(b);
    return ret;
}

static struct ghost_str text(const char *s) { return (struct ghost_str){ s, (uint32_t)strlen(s) }; }

int ghost_archive_begin(struct ghost_archive_writer *w, const char *session, struct ghost_err *err)
{
    struct ghost_buf b = { 0 };
    archive_head_encode(&b, text(session));
    return emit(w, &b, err);
}

int ghost_archive_log_begin(struct ghost_archive_writer *w, const char *name, struct ghost_err *err)
{
    struct ghost_buf b = { 0 };
    if (!archive_name_good(text(name))) return ghost_fail(err, GHOST_E_USAGE, "'%s' is no name that a log in an archive may have", name);
    archive_member_encode(&b, text(name));
    int ret = emit(w, &b, err);
    buf_varint(&w->entries, w->offset - w->log_end);
    w->log_end = w->offset;
    buf_clear(&b);
    buf_varint(&w->names, strlen(name));
    buf_put(&w->names, name, strlen(name));
    return ret;
}

int ghost_archive_log_write(struct ghost_archive_writer *w, const void *bytes, size_t n, struct ghost_err *err)
{
    int ret = w->to->write(w->to->self, bytes, n, err);
    if (ret == 0) w->offset += n;
    return ret;
}

int ghost_archive_log_end(struct ghost_archive_writer *w, struct ghost_err *err)
{
    buf_varint(&w->entries, w->offset - w->log_end);
    w->log_end = w->offset;
    buf_put(&w->entries, w->names.p, w->names.len);
    buf_clear(&w->names);
    w->n++;
    return w->entries.failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory for the directory of an archive") : 0;
}

int ghost_archive_end(struct ghost_archive_writer *w, struct ghost_err *err)
{
    struct ghost_buf b = { 0 };
    archive_directory_encode(&b, w->n, &w->entries);
    ghost_buf_release(&w->entries);
    ghost_buf_release(&w->names);
    return emit(w, &b, err);
}
