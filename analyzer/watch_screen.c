/* watch_screen.c - ghost watch on a terminal: the figures, and keys. */
#include <ncurses.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "term.h"
#include "watch_view.h"

enum { HEAD_LINES = 4, FOOT_LINES = 1, FILTER_MAX = 200, NAME_LEAST = 16 };
enum { PAIR_ERROR = 1 };

struct screen {
    struct watch *w;
    struct watch_choice choice;
    char filter[FILTER_MAX];
    bool typing, paused, help, color;
    uint32_t first;              /* row on top */
    struct watch_view view;
};

/* ---- columns ---- */

static void rate_text(char out[HUMAN], double rate)
{
    if (rate > 0 && rate < 10)
        snprintf(out, HUMAN, "%.1f", rate);
    else
        human_count(out, (uint64_t)(rate + 0.5));
}

static void latency_text(char out[HUMAN], uint64_t ns)
{
    if (ns)
        human_ns(out, (double)ns);
    else
        snprintf(out, HUMAN, "-");
}

static void calls_cell(char out[HUMAN], const struct watch *w, const struct watch_line *l) { rate_text(out, watch_rate(w, l->now->calls)); }
static void errors_cell(char out[HUMAN], const struct watch *w, const struct watch_line *l) { rate_text(out, watch_rate(w, l->now->errors)); }
static void p95_cell(char out[HUMAN], const struct watch *w, const struct watch_line *l) { (void)w; latency_text(out, watch_p95(l->now)); }
static void time_cell(char out[HUMAN], const struct watch *w, const struct watch_line *l)
{
    double share = w->interval ? 100 * (double)l->now->time / (double)w->interval : 0;
    snprintf(out, HUMAN, share && share < 10 ? "%.1f%%" : "%.0f%%", share);
}
static void total_cell(char out[HUMAN], const struct watch *w, const struct watch_line *l) { (void)w; human_count(out, l->all->calls); }
static void share_cell(char out[HUMAN], const struct watch *w, const struct watch_line *l)
{
    (void)w;
    human_share(out, l->all->errors, l->all->calls);
}
static void all_p95_cell(char out[HUMAN], const struct watch *w, const struct watch_line *l) { (void)w; latency_text(out, watch_p95(l->all)); }

struct column { const char *title, *sort; int width; void (*cell)(char out[HUMAN], const struct watch *w, const struct watch_line *l); };
static const struct column columns[] = {
    { "CALLS/S", "calls", 11, calls_cell }, { "ERRORS/S", "errors", 10, errors_cell }, { "P95", "p95", 10, p95_cell },
    { "TIME", "time", 8, time_cell }, { "CALLS", "total", 15, total_cell }, { "EXC%", NULL, 7, share_cell },
    { "P95 ALL", NULL, 10, all_p95_cell },
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

/* As many columns from the left as leave room for names. */
static int shown_columns(int *name_width)
{
    int used = 0, n = 0;
    while (n < N_COLUMNS && COLS - used - columns[n].width >= NAME_LEAST)
        used += columns[n++].width;
    *name_width = COLS - used;
    return n;
}

/* ---- drawing ---- */

/* At most `width` columns of text; `tail`: of its end. */
static void put_cut(int y, int x, struct ghost_str s, int width, bool tail)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = width > 0 ? open_memstream(&text, &n) : NULL;
    if (!f)
        return;
    (tail ? text_put_end : text_put)(f, s, (unsigned)width);
    fclose(f);
    mvaddstr(y, x, text);
    free(text);
}

static void put_line(int y, const char *text)
{
    put_cut(y, 0, (struct ghost_str){ text, (uint32_t)strlen(text) }, COLS, false);
}

static void draw_titles(const struct screen *s, int n, int name_width)
{
    attron(A_REVERSE);
    mvhline(HEAD_LINES - 1, 0, ' ', COLS);
    mvaddstr(HEAD_LINES - 1, 0, s->choice.modules ? "MODULE" : "FUNCTION");
    for (int i = 0, x = name_width; i < n; x += columns[i++].width) {
        bool sorted = columns[i].sort && strcmp(columns[i].sort, s->choice.sort) == 0;
        if (sorted)
            attron(A_BOLD | A_UNDERLINE);
        mvprintw(HEAD_LINES - 1, x + columns[i].width - (int)strlen(columns[i].title), "%s", columns[i].title);
        attroff(A_BOLD | A_UNDERLINE);
    }
    attroff(A_REVERSE);
}

static void draw_row(const struct screen *s, int y, const struct watch_line *l, int n, int name_width)
{
    char name[4200], cell[HUMAN];
    int style = 0;
    if (s->color && l->now->errors)
        style = COLOR_PAIR(PAIR_ERROR);
    else if (!l->now->calls)
        style = A_DIM;
    snprintf(name, sizeof name, l->line ? "%.*s:%u" : "%.*s", (int)l->name.len, l->name.p, l->line);
    attron(style);
    put_cut(y, 0, (struct ghost_str){ name, (uint32_t)strlen(name) }, name_width - 1, true);
    for (int i = 0, x = name_width; i < n; x += columns[i++].width) {
        columns[i].cell(cell, s->w, l);
        struct ghost_str text = { cell, (uint32_t)strlen(cell) };
        int width = (int)text_width(text);
        put_cut(y, x + columns[i].width - (width < columns[i].width ? width : columns[i].width), text, columns[i].width, false);
    }
    attroff(style);
}

static void draw_head(const struct screen *s)
{
    char line[512], when[HUMAN], headline[256];
    snprintf(line, sizeof line, "ghost watch  session %s  %s%s%s", s->w->session.id, human_time(when, s->w->time),
             s->paused ? "  PAUSED" : "", s->w->ended ? "  ENDED" : "");
    attron(A_BOLD);
    put_line(0, line);
    attroff(A_BOLD);
    watch_headline(headline, sizeof headline, s->w);
    put_line(1, headline);
    if (s->typing || *s->filter)
        snprintf(line, sizeof line, "filter: %s%s", s->filter, s->typing ? "_" : "");
    else
        snprintf(line, sizeof line, "sorted by %s", s->choice.sort);
    put_line(2, line);
}

static void draw_foot(const struct screen *s)
{
    char line[512];
    if (s->w->ended)
        watch_ending(line, sizeof line, s->w);
    else if (s->typing)
        snprintf(line, sizeof line, "type a part of a name; Enter keeps it, Esc drops it");
    else
        snprintf(line, sizeof line, "q quit  s sort  / filter  m modules  space pause  ? help%s",
                 s->w->lost ? "   EVENTS WERE LOST (ghost report tells)" : "");
    attron(A_REVERSE);
    mvhline(LINES - 1, 0, ' ', COLS);
    put_line(LINES - 1, line);
    attroff(A_REVERSE);
}

static const char *const help_lines[] = {
    "q           quit (the recording goes on)",
    "s, S        next, previous order",
    "/           filter: type a part of a name; Enter keeps it, Esc drops it",
    "m           one row a module, or a function",
    "space, p    pause: the figures stand still; then the interval is longer",
    "up, down, page up, page down, home   scroll",
    "?, h        this text, and back",
    "",
    "CALLS/S, ERRORS/S, P95, TIME   in the last interval (TIME: of its length, all threads)",
    "CALLS, EXC%, P95 ALL           since the recording began",
    "An error is a call that was left by an exception.",
};

static void draw(struct screen *s)
{
    int name_width, n = shown_columns(&name_width);
    uint32_t room = LINES > HEAD_LINES + FOOT_LINES ? (uint32_t)(LINES - HEAD_LINES - FOOT_LINES) : 0;
    erase();
    draw_head(s);
    draw_titles(s, n, name_width);
    if (s->first + room > s->view.n)
        s->first = s->view.n > room ? s->view.n - room : 0;
    for (uint32_t i = 0; !s->help && i < room && s->first + i < s->view.n; i++)
        draw_row(s, HEAD_LINES + (int)i, &s->view.v[s->first + i], n, name_width);
    for (size_t i = 0; s->help && i < sizeof help_lines / sizeof *help_lines && i < room; i++)
        put_line(HEAD_LINES + (int)i, help_lines[i]);
    draw_foot(s);
    refresh();
}

/* ---- keys ---- */

static void next_sort(struct screen *s, int step)
{
    int n = 0, at = 0;
    for (; watch_sorts[n]; n++)
        if (strcmp(watch_sorts[n], s->choice.sort) == 0)
            at = n;
    s->choice.sort = watch_sorts[(at + step + n) % n];
}

static void type_filter(struct screen *s, int key)
{
    size_t n = strlen(s->filter);
    if (key == 27 || key == '\n' || key == '\r' || key == KEY_ENTER) {
        s->typing = false;
        if (key == 27)
            s->filter[0] = '\0';
    } else if (key == KEY_BACKSPACE || key == 127 || key == 8) {
        for (bool more = n > 0; more; s->filter[n] = '\0')             /* a whole character */
            more = ((unsigned char)s->filter[--n] & 0xc0) == 0x80 && n;
    } else if (key >= 32 && key < 256 && key != 127 && n + 1 < sizeof s->filter) {
        s->filter[n] = (char)key;
        s->filter[n + 1] = '\0';
    }
}

static void scroll_by(struct screen *s, int64_t rows)
{
    int64_t first = (int64_t)s->first + rows;
    s->first = first < 0 ? 0 : (uint32_t)first;        /* draw() keeps it above the end */
}

/* False: quit. */
static bool on_key(struct screen *s, int key)
{
    int page = LINES - HEAD_LINES - FOOT_LINES;
    if (s->typing && key != KEY_RESIZE) {
        type_filter(s, key);
        return true;
    }
    switch (key) {
    case 'q': case 'Q': return false;
    case 's': next_sort(s, 1); break;
    case 'S': next_sort(s, -1); break;
    case '/': s->typing = true; break;
    case 'm': s->choice.modules = !s->choice.modules; break;
    case ' ': case 'p': s->paused = !s->paused; break;
    case '?': case 'h': s->help = !s->help; break;
    case KEY_UP: scroll_by(s, -1); break;
    case KEY_DOWN: scroll_by(s, 1); break;
    case KEY_PPAGE: scroll_by(s, -page); break;
    case KEY_NPAGE: scroll_by(s, page); break;
    case KEY_HOME: s->first = 0; break;
    }
    return true;
}

/* ---- the loop ---- */

static uint64_t mono_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int remake(struct screen *s, struct ghost_err *err)
{
    watch_view_release(&s->view);
    return watch_view_make(&s->view, s->w, &s->choice, err);
}

static int loop(struct screen *s, uint64_t interval_ns, struct ghost_err *err)
{
    int ret = watch_look(s->w, err);
    uint64_t next = mono_ns() + interval_ns;
    while (ret == 0 && !*s->w->stop) {
        ret = remake(s, err);
        if (ret < 0)
            break;
        draw(s);
        uint64_t now = mono_ns(), left = next > now ? next - now : 0;
        timeout((int)(left < 200000000u ? left / 1000000u + 1 : 200));     /* a signal is noticed by then */
        int key = getch();
        if (key != ERR && !on_key(s, key))
            break;
        if (s->w->ended || s->paused || mono_ns() < next)
            continue;
        ret = watch_look(s->w, err);
        next = mono_ns() + interval_ns;
    }
    return ret;
}

static void begin_colors(struct screen *s)
{
    s->color = term_color(stdout) && has_colors();
    if (!s->color)
        return;
    start_color();
    use_default_colors();
    init_pair(PAIR_ERROR, COLOR_RED, -1);
}

int watch_screen(struct watch *w, const struct watch_choice *c, uint64_t interval_ns, struct ghost_err *err)
{
    struct screen s = { .w = w, .choice = *c };
    char ending[512];
    setlocale(LC_CTYPE, "");
    SCREEN *terminal = newterm(NULL, stdout, stdin);
    if (!terminal)
        return ghost_fail(err, GHOST_E_UNSUPPORTED, "this terminal (TERM) is not known here; ghost watch --plain prints lines instead");
    snprintf(s.filter, sizeof s.filter, "%s", c->filter ? c->filter : "");
    s.choice.filter = s.filter;
    s.choice.top = 0;
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    set_escdelay(50);
    begin_colors(&s);
    int ret = loop(&s, interval_ns, err);
    endwin();
    delscreen(terminal);
    watch_view_release(&s.view);
    if (ret == 0 && w->ended) {
        watch_ending(ending, sizeof ending, w);
        puts(ending);
    }
    return ret;
}
