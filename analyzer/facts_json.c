/* facts_json.c - facts, page and checked claims as one JSON object. */
#include "facts_json.h"

#include <stdlib.h>
#include <string.h>

#include "explain/template.h"
#include "json.h"

static struct ghost_str part(const struct fact *f, uint32_t at, uint32_t len)
{
    return (struct ghost_str){ f->text + at, len };
}

static void number_json(struct json *j, const struct fact *f, const struct fact_number *n)
{
    json_object(j, NULL);
    json_str(j, "text", part(f, n->at, n->len));
    if (n->unit == UNIT_COUNT || n->unit == UNIT_PLAIN)
        json_count(j, "value", (uint64_t)n->value);
    else
        json_real(j, "value", n->value);
    json_text(j, "unit", fact_unit_keys[n->unit]);
    json_close(j, '}');
}

static void fact_json(struct json *j, const struct fact *f)
{
    json_object(j, NULL);
    json_count(j, "n", f->number);
    json_text(j, "section", fact_section_keys[f->section]);
    json_text(j, "text", f->text);
    if (f->section == FACT_NOTABLE)
        json_count(j, "weight", f->weight);
    json_array(j, "numbers");
    for (uint32_t i = 0; i < f->n_numbers; i++)
        number_json(j, f, &f->numbers[i]);
    json_close(j, ']');
    json_array(j, "names");
    for (uint32_t i = 0; i < f->n_names; i++) {
        json_object(j, NULL);
        json_str(j, "text", part(f, f->names[i].at, f->names[i].len));
        json_text(j, "kind", fact_name_keys[f->names[i].kind]);
        json_text(j, "full", f->names[i].full);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void claim_json(struct json *j, const struct claim *c)
{
    json_object(j, NULL);
    json_text(j, "text", c->text);
    json_array(j, "facts");
    for (size_t i = 0; i < c->n_cited; i++)
        json_count(j, NULL, c->cited[i]);
    json_close(j, ']');
    json_bool(j, "holds", c->verdict.holds);
    if (!c->verdict.holds)
        json_text(j, "reason", c->verdict.reason);
    json_count(j, "numbers_checked", c->verdict.numbers);
    json_count(j, "names_checked", c->verdict.names);
    json_count(j, "words_checked", c->verdict.relations);
    json_text(j, "words_not_checked", c->verdict.open ? c->verdict.words : NULL);
    json_close(j, '}');
}

static void claims_json(struct json *j, const char *key, const struct explanation *e, bool missing, bool strict)
{
    json_array(j, key);
    for (uint32_t i = 0; i < e->n; i++)
        if (e->claims[i].missing == missing && (e->claims[i].verdict.holds || !strict))
            claim_json(j, &e->claims[i]);
    json_close(j, ']');
}

static void answer_json(struct json *j, const struct explanation *e, const struct explain_options *o)
{
    json_text(j, "backend", e->backend->name);
    if (!e->asked) {
        json_null(j, "answer");
        return;
    }
    json_object(j, "answer");
    json_text(j, "model", e->model);
    json_text(j, "model_version", e->version);
    json_bool(j, "cached", e->cached);
    json_bool(j, "redacted", o->redact);
    claims_json(j, "claims", e, false, o->strict);
    claims_json(j, "not_in_facts", e, true, o->strict);
    json_count(j, "claims_checked", e->checked);
    json_count(j, "claims_held", e->held);
    json_count(j, "claims_vague", e->vague);
    json_bool(j, "words_known", e->words_known);
    json_count(j, "words_checked", e->relations);
    json_count(j, "words_not_checked", e->open);
    json_real(j, "share_held", e->checked ? (double)e->held / e->checked : 0);
    json_text(j, "problem", e->problem[0] ? e->problem : NULL);
    json_text(j, "warning", e->warning[0] ? e->warning : NULL);
    json_close(j, '}');
}

/* The page that stands above every answer. */
static void page_json(struct json *j, const struct facts *f)
{
    struct template_style plain = { .unicode = true };
    char *text = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&text, &n);
    if (memory) {
        template_print(memory, f, &plain);
        fclose(memory);
    }
    json_text(j, "text", text);
    free(text);
}

void explanation_json(FILE *out, const struct facts *f, const struct explanation *e, const struct explain_options *o)
{
    struct json j;
    json_begin(&j, out);
    json_object(&j, NULL);
    json_text(&j, "session_id", f->session);
    json_text(&j, "about", f->about);
    json_text(&j, "title", f->title);
    json_array(&j, "facts");
    for (uint32_t i = 0; i < f->n; i++)
        fact_json(&j, &f->v[i]);
    json_close(&j, ']');
    if (e) {
        page_json(&j, f);
        answer_json(&j, e, o);
    }
    json_close(&j, '}');
    json_end(&j);
}
