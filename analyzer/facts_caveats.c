/* facts_caveats.c - what a reader of any figure must know: loss, calls
 * without an end, damaged logs. */
#include <string.h>

#include "facts_build.h"
#include "ghost/record.h"

static void put_losses(struct facts *f, const struct atlas *a)
{
    const struct ghost_model *m = a->m;
    for (uint32_t cause = 1; cause < GHOST_LOSS_COUNT; cause++) {
        uint64_t count = 0, unknown = 0;
        for (uint32_t i = 0; i < m->n_losses; i++) {
            count += m->losses[i].cause == cause ? m->losses[i].count : 0;
            unknown += m->losses[i].cause == cause ? m->losses[i].unknown : 0;
        }
        if (!count && !unknown)
            continue;
        fact_begin(f, FACT_CAVEATS);
        fact_words(f, "Lost events");
        fact_label(f);
        PUT(f, a, count ? unknown ? "{} or more: " : "{}: " : "an unknown number: ", P_COUNT(count));
        fact_words(f, model_loss_text(cause));
    }
}

static void put_notes(struct facts *f, const struct atlas *a)
{
    const struct ghost_model *m = a->m;
    for (uint32_t i = 0; i < m->n_notes; i++) {
        bool told = false;
        for (uint32_t k = 0; k < i; k++)
            told = told || m->notes[k].code == m->notes[i].code;
        if (told)
            continue;
        fact_begin(f, FACT_CAVEATS);
        fact_words(f, "Note of the recorder");
        fact_label(f);
        fact_words(f, model_note_text(m->notes[i].code));
    }
}

void put_caveats(struct facts *f, const struct atlas *a, const struct profile *p)
{
    const struct ghost_model *m = a->m;
    if (p && p->unfinished) {
        fact_begin(f, FACT_CAVEATS);
        fact_words(f, "Calls without a recorded end");
        fact_label(f);
        PUT(f, a, "{}; they are counted but not in the times", P_COUNT(p->unfinished));
    }
    if (p && p->adopted) {
        fact_begin(f, FACT_CAVEATS);
        fact_words(f, "Calls that began before recording did");
        fact_label(f);
        PUT(f, a, "{}; they are neither counted nor timed", P_COUNT(p->adopted));
    }
    put_losses(f, a);
    put_notes(f, a);
    if (m->n_damages) {
        fact_begin(f, FACT_CAVEATS);
        fact_words(f, "Damaged parts of the logs");
        fact_label(f);
        PUT(f, a, "{}; what they held is missing", P_COUNT(m->n_damages));
    }
    if (!m->n_losses && !m->n_damages) {
        fact_begin(f, FACT_CAVEATS);
        fact_words(f, "Completeness");
        fact_label(f);
        PUT(f, a, "no event was lost; counts are exact. {} events of ", P_COUNT(m->events));
        put_calls(f, a, m->n_processes, "process were read", "processes were read");
    }
}
