/* explain_print.c - checked claims on the terminal, and everything as JSON. */
#include "explain_print.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static const char *mark(const struct answer_printer *p, bool holds)
{
    return holds ? p->style->unicode ? "  ✓ " : "  + " : p->style->unicode ? "  ✗ " : "  ! ";
}

static void put_citations(char *out, size_t size, const struct claim *c)
{
    size_t len = strlen(out);
    for (size_t i = 0; i < c->n_cited && len + 16 < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%u%s", i ? ", " : " [", c->cited[i], i + 1 == c->n_cited ? "]" : "");
}

static void begin(struct answer_printer *p)
{
    if (p->begun)
        return;
    p->begun = true;
    fprintf(p->out, "\n  %sIn words%s  (of a language model; each claim is checked against the facts: ghost explain --facts)\n",
            p->style->color ? "\033[1m" : "", p->style->color ? "\033[0m" : "");
}

void answer_print_claim(void *printer, const struct claim *c)
{
    struct answer_printer *p = printer;
    char text[ANSWER_TEXT + ANSWER_CITED * 12 + 8];
    begin(p);
    if (c->missing && !p->missing) {
        fputs("  Not in the facts:\n", p->out);
        p->missing = true;
    }
    snprintf(text, sizeof text, "%s", c->text);
    put_citations(text, sizeof text, c);
    fputs(c->missing && c->verdict.holds ? "  - " : mark(p, c->verdict.holds), p->out);
    template_wrap(p->out, text, 4, p->style);
    if (!c->verdict.holds) {
        fputs("      ", p->out);
        snprintf(text, sizeof text, "not verified: %s", c->verdict.reason);
        template_wrap(p->out, text, 6, p->style);
    }
    fflush(p->out);
}

void answer_print_end(struct answer_printer *p, const struct explanation *e)
{
    unsigned bad = e->checked - e->held;
    if (!e->checked)
        return;
    begin(p);
    fprintf(p->out, "\n  Checked: %u of %u claims (%.0f%%) agree with the facts they cite", e->held, e->checked, 100.0 * e->held / e->checked);
    if (bad)
        fprintf(p->out, p->options->strict ? "; %u left out" : "; %u marked", bad);
    fprintf(p->out, ".  %s, model %s%s\n", e->backend->name, e->version && e->version[0] ? e->version : e->model, e->cached ? ", kept from an earlier time (--fresh asks again)" : "");
}

/* ---- JSON ---- */

static cJSON *claim_json(const struct claim *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "text", c->text);
    if (c->missing)
        return o;
    cJSON *cited = cJSON_AddArrayToObject(o, "facts");
    for (size_t i = 0; i < c->n_cited; i++)
        cJSON_AddItemToArray(cited, cJSON_CreateNumber(c->cited[i]));
    cJSON_AddBoolToObject(o, "holds", c->verdict.holds);
    if (!c->verdict.holds)
        cJSON_AddStringToObject(o, "reason", c->verdict.reason);
    cJSON_AddNumberToObject(o, "numbers_checked", c->verdict.numbers);
    cJSON_AddNumberToObject(o, "names_checked", c->verdict.names);
    return o;
}

static void add_answer(cJSON *root, const struct explanation *e, const struct explain_options *o)
{
    cJSON_AddStringToObject(root, "backend", e->backend->name);
    if (!e->asked) {
        cJSON_AddNullToObject(root, "answer");
        return;
    }
    cJSON *a = cJSON_AddObjectToObject(root, "answer");
    cJSON_AddStringToObject(a, "model", e->model ? e->model : "");
    cJSON_AddStringToObject(a, "model_version", e->version ? e->version : "");
    cJSON_AddBoolToObject(a, "cached", e->cached);
    cJSON_AddBoolToObject(a, "redacted", o->redact);
    cJSON *claims = cJSON_AddArrayToObject(a, "claims"), *missing = cJSON_AddArrayToObject(a, "not_in_facts");
    for (uint32_t i = 0; i < e->n; i++)
        if (e->claims[i].verdict.holds || !o->strict)
            cJSON_AddItemToArray(e->claims[i].missing ? missing : claims, claim_json(&e->claims[i]));
    cJSON_AddNumberToObject(a, "claims_checked", e->checked);
    cJSON_AddNumberToObject(a, "claims_held", e->held);
    cJSON_AddNumberToObject(a, "share_held", e->checked ? (double)e->held / e->checked : 0);
    if (e->problem[0])
        cJSON_AddStringToObject(a, "problem", e->problem);
    if (e->warning[0])
        cJSON_AddStringToObject(a, "warning", e->warning);
}

/* The page that stands above every answer. */
static void add_page(cJSON *root, const struct facts *f)
{
    char *text = NULL;
    size_t n = 0;
    struct template_style plain = { .unicode = true };
    FILE *memory = open_memstream(&text, &n);
    if (!memory)
        return;
    template_print(memory, f, &plain);
    fclose(memory);
    if (text)
        cJSON_AddStringToObject(root, "text", text);
    free(text);
}

int explain_json(FILE *out, const struct facts *f, const struct explanation *e, const struct explain_options *o, struct ghost_err *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "session_id", f->session);
    cJSON_AddStringToObject(root, "about", f->about);
    cJSON_AddStringToObject(root, "title", f->title);
    cJSON_AddItemToObject(root, "facts", facts_json(f));
    if (e) {
        add_page(root, f);
        add_answer(root, e, o);
    }
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    fprintf(out, "%s\n", text);
    free(text);
    return 0;
}
