/* recorder.c - the life of the recorder in a process: started, forked, ended,
 * or off after a fault of its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "format/base.h"
#include "clock.h"
#include "recorder.h"

struct recorder recorder;

#define FORK_RETRY_NS 1000000000u

static const char *fault_place;
static uint64_t losses[GHOST_LOSS_COUNT]; /* losses without a thread; GIL */
static uint32_t notes_told;               /* bit per note code */

void recorder_fault(const char *where)
{
    __atomic_store_n(&fault_place, where, __ATOMIC_RELAXED);
    recorder.state = RECORDER_FINISHED;
    ring_stop_all();
}

const char *recorder_fault_place(void) { return __atomic_load_n(&fault_place, __ATOMIC_RELAXED); }

void recorder_count_loss(uint32_t cause) { losses[cause]++; }

void recorder_note(uint32_t code, const char *detail)
{
    struct ghost_buf b = { 0 };
    if (notes_told & 1u << code)
        return;
    notes_told |= 1u << code;
    ghost_encode_note(&b, &(struct ghost_def_note){ code, 1, { detail, (uint32_t)strlen(detail) } });
    journal_append_buf(&b);
}

/* ---- META ---- */

static struct ghost_str str(const char *s) { return (struct ghost_str){ s ? s : "", s ? (uint32_t)strlen(s) : 0 }; }

static void filter_text(char *out, size_t n)
{
    const struct recorder_config *c = &recorder.config;
    size_t at = (size_t)snprintf(out, n, "%s", c->all ? "all" : c->include.n ? "include" : "application");
    for (size_t i = 0; i < c->include.n && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, " %s", c->include.items[i]);
    if (c->exclude.n && at < n)
        at += (size_t)snprintf(out + at, n - at, "; exclude");
    for (size_t i = 0; i < c->exclude.n && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, " %s", c->exclude.items[i]);
}

static int write_meta(const char *how)
{
    const struct recorder_config *c = &recorder.config;
    struct utsname uts;
    struct timespec real;
    char deep[12], pid[24], ppid[24], parent[33] = "", filter[1024], real_ns[24], mono_ns[24], tick[24], platform[160] = "";
    static const uint8_t none[16];
    const char *session = strrchr(c->session_dir, '/');

    clock_gettime(CLOCK_REALTIME, &real);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    snprintf(ppid, sizeof(ppid), "%ld", (long)getppid());
    snprintf(real_ns, sizeof(real_ns), "%llu", (unsigned long long)real.tv_sec * 1000000000u + (unsigned long long)real.tv_nsec);
    snprintf(mono_ns, sizeof(mono_ns), "%llu", (unsigned long long)clock_monotonic_ns());
    snprintf(tick, sizeof(tick), "%llu", (unsigned long long)clock_tick());
    if (memcmp(recorder.parent, none, sizeof(none)) != 0)
        hex_text(parent, recorder.parent, sizeof(recorder.parent));
    filter_text(filter, sizeof(filter));
    snprintf(deep, sizeof(deep), "%u", c->deep);
    if (uname(&uts) == 0)
        snprintf(platform, sizeof(platform), "%.64s %.32s", uts.sysname, uts.machine);
    const struct ghost_def_pair pairs[] = {
        { str("ghost"), str(GHOST_VERSION) }, { str("python"), str(c->python) }, { str("implementation"), str("cpython") },
        { str("platform"), str(platform) }, { str("pid"), str(pid) }, { str("ppid"), str(ppid) },
        { str("host"), str(uts.nodename) }, { str("script"), str(c->script) }, { str("main"), str(c->main_name) },
        { str("executable"), str(c->executable) }, { str("parent"), str(parent) }, { str("how"), str(how) },
        { str("hook"), str(c->hook) }, { str("clock"), str(clock_is_tsc ? "tsc" : "monotonic") },
        { str("filter"), str(filter) }, { str("start_real_ns"), str(real_ns) }, { str("start_mono_ns"), str(mono_ns) },
        { str("start_tick"), str(tick) }, { str("session"), str(session ? session + 1 : c->session_dir) },
        { str("deep"), str(deep) }, /* the last: only with --deep */
    };
    struct ghost_buf b = { 0 };
    ghost_encode_meta(&b, &(struct ghost_def_meta){ sizeof(pairs) / sizeof(pairs[0]) - !c->deep, pairs });
    return journal_append_buf(&b);
}

/* ---- start ---- */

static int new_identity(struct ghost_err *err)
{
    char name[9];
    if (getrandom(recorder.process, sizeof(recorder.process), 0) != (ssize_t)sizeof(recorder.process))
        return ghost_fail(err, GHOST_E_UNSUPPORTED, "no random numbers: %s", strerror(errno));
    recorder.pid = getpid();
    hex_text(name, recorder.process, 4);
    int n = snprintf(recorder.base, sizeof(recorder.base), "%s/%ld-%s", recorder.config.session_dir, (long)recorder.pid, name);
    if (n < 0 || (size_t)n >= sizeof(recorder.base) - 32)
        return ghost_fail(err, GHOST_E_LIMIT, "the session's path is too long: %s", recorder.config.session_dir);
    return 0;
}

static int open_log(struct ghost_err *err)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s.ghost", recorder.base);
    int ret = sink_open(path, err);
    if (ret == 0) {
        ret = drain_start(err);
        if (ret != 0) {
            sink_close();
            unlink(path);
        }
    }
    return ret;
}

int recorder_start(struct ghost_err *err)
{
    int ret;
    if (recorder.state != RECORDER_OFF)
        return ghost_fail(err, GHOST_E_STATE, "this process is recorded already");
    clock_init();
    if ((ret = new_identity(err)) != 0)
        return ret;
    if (journal_open() != 0)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (write_meta(recorder.config.how) != 0 || fork_install() != 0)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (!clock_is_tsc)
        recorder_note(GHOST_NOTE_CLOCK_SLOW, "");
    if ((ret = open_log(err)) != 0) {
        journal_remove_files();
        return ret;
    }
    family_open();
    recorder.state = RECORDER_ON;
    return 0;
}

/* ---- fork ---- */

static uint64_t retry_at;

void recorder_ensure_process(void)
{
    uint8_t parent[16];

    if (!recorder.forked || clock_monotonic_ns() < retry_at)
        return;
    memcpy(parent, recorder.process, sizeof(parent));
    if (retry_at == 0) { /* first try: let go of what is the parent's */
        drain_forget_in_child();
        ring_forget_all();
        sink_close();
    } else {
        memcpy(parent, recorder.parent, sizeof(parent));
    }
    /* The journal is copied under the new name; a second try copies it again. */
    if (new_identity(NULL) != 0 || journal_reopen_in_child() != 0) {
        recorder_fault("a forked child could not copy the definitions");
        return;
    }
    memcpy(recorder.parent, parent, sizeof(parent));
    memset(losses, 0, sizeof(losses));
    notes_told = 0;
    write_meta("fork");
    if (open_log(NULL) != 0) {
        /* Descriptors or disk exhausted: calls are counted as lost, and it is
         * tried again. */
        journal_remove_files();
        retry_at = clock_monotonic_ns() + FORK_RETRY_NS;
        return;
    }
    retry_at = 0;
    ring_watch_thread(); /* it may have no ring and be the last to end */
    deep_restart();
    recorder.forked = false;
    family_log_begun();
}

/* ---- end ---- */

static void tell(struct ghost_buf *b)
{
    if (b->len && !b->failed)
        journal_append_last(b->p, b->len);
    ghost_buf_release(b);
}

/* Losses that belong to no ring. */
static void tell_own_losses(void)
{
    struct ghost_buf b = { 0 };
    losses[GHOST_LOSS_NO_RING] += ring_lost_without_ring();
    losses[GHOST_LOSS_DEFINITION] += __atomic_load_n(&definitions_lost, __ATOMIC_RELAXED);
    for (uint32_t cause = 1; cause < GHOST_LOSS_COUNT; cause++)
        if (losses[cause]) /* calls not followed have no count */
            ghost_encode_loss(&b, &(struct ghost_def_loss){ .cause = cause, .count = cause == GHOST_LOSS_STACK ? 0 : losses[cause] });
    family_tell(&b);
    const char *fault = recorder_fault_place();
    if (fault)
        ghost_encode_note(&b, &(struct ghost_def_note){ GHOST_NOTE_FAULT, 1, str(fault) });
    tell(&b);
}

static bool leave(struct ghost_buf *b)
{
    bool left = !b->failed && journal_leave(b->p, b->len) == 0;
    ghost_buf_release(b);
    return left;
}

/* The log could not take everything. What is in files stays there for a reader; what is in
 * memory only is gone with the process, and is counted in the journal: for each ring when
 * there is room for so many words, else in one. A forked child whose journal is in memory,
 * too, leaves the count to its parent. */
static void tell_memory_losses(void)
{
    struct ghost_buf each = { 0 }, all = { 0 };
    uint64_t lost = ring_tell_memory(&each);
    family_rings_told();
    if (lost == 0 || leave(&each))
        return;
    ghost_encode_loss(&all, &(struct ghost_def_loss){ .cause = GHOST_LOSS_WRITE_FAILED, .count = lost });
    if (!leave(&all))
        family_lost(lost);
}

void recorder_finish(void)
{
    static bool done;
    if (recorder.state == RECORDER_OFF || recorder.forked || done || getpid() != recorder.pid)
        return;
    done = true;
    recorder.state = RECORDER_FINISHED;
    tell_own_losses();
    deep_tell();
    drain_finish();
    if (!drain_failing() && !drain_running() && ring_all_logged()) {
        ring_remove_files();
        journal_remove_files();
    } else {
        tell_memory_losses();
    }
    sink_close();
}
