/* anomalies_table.c - findings as JSON, CSV and a Markdown table. */
#include <inttypes.h>
#include <string.h>

#include "anomalies.h"
#include "json.h"
#include "profile.h"
#include "sheet.h"
#include "term.h"

/* ---- JSON ---- */

void anomaly_evidence_json(struct json *j, const struct finding *row)
{
    json_array(j, "evidence");
    for (uint32_t k = 0; k < row->n_evidence; k++) {
        json_object(j, NULL);
        json_text(j, "label", row->evidence[k].label);
        json_str(j, "text", row->evidence[k].text);
        json_count(j, "count", row->evidence[k].count);
        json_count(j, "of", row->evidence[k].of);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_finding(struct json *j, const struct anomalies *a, uint32_t i)
{
    const struct finding *row = &a->findings->v[i];
    json_object(j, NULL);
    json_text(j, "id", row->id);
    json_text(j, "kind", row->kind);
    json_text(j, "severity", severity_names[row->severity]);
    json_str(j, "fn_key", row->fn_key);
    json_str(j, "module", row->module);
    json_str(j, "qualname", row->qualname);
    json_str(j, "file", row->file);
    json_count(j, "line", row->line);
    json_str(j, "param", row->param);
    json_str(j, "annotated", row->annotated);
    json_str(j, "observed", row->observed);
    json_count(j, "count", row->count);
    json_count(j, "total", row->total);
    json_real(j, "rate", row->rate);
    json_str(j, "message", row->message);
    json_real(j, "rate_low", row->low);
    json_real(j, "rate_high", row->high);
    json_text(j, "standing", standing_names[a->standing[i]]);
    if (a->suppression[i])
        json_text(j, "suppressed_because", a->suppression[i]->reason);
    anomaly_evidence_json(j, row);
    json_close(j, '}');
}

void anomalies_json(FILE *f, const struct anomalies *a)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_str(&j, "session_id", a->m->session);
    json_array(&j, "anomalies");
    for (uint32_t i = 0; i < a->findings->n; i++)
        if (anomaly_is_shown(a, i))
            json_finding(&j, a, i);
    json_close(&j, ']');
    json_object(&j, "counts");
    for (unsigned i = 0; i < SEVERITY_COUNT; i++)
        json_count(&j, severity_names[i], a->severities[i]);
    for (unsigned i = 0; i < STANDING_COUNT; i++)
        json_count(&j, standing_names[i], a->standings[i]);
    json_close(&j, '}');
    json_object(&j, "evidence");
    json_count(&j, "processes", a->m->n_processes);
    json_count(&j, "events", a->m->events);
    json_count(&j, "events_lost", a->m->lost);
    json_count(&j, "span_ns", a->m->end_real > a->m->start_real ? a->m->end_real - a->m->start_real : 0);
    json_close(&j, '}');
    model_json_caveats(&j, a->m);
    json_close(&j, '}');
    json_end(&j);
}

/* ---- CSV ---- */

void anomalies_csv(FILE *f, const struct anomalies *a)
{
    fputs("id,kind,severity,fn_key,module,qualname,file,line,param,annotated,observed,count,total,rate,message,standing\r\n", f);
    for (uint32_t i = 0; i < a->findings->n; i++) {
        const struct finding *row = &a->findings->v[i];
        const struct ghost_str names[] = { row->fn_key, row->module, row->qualname, row->file };
        const struct ghost_str types[] = { row->param, row->annotated, row->observed };
        char rate[40];
        if (!anomaly_is_shown(a, i))
            continue;
        format_real(rate, row->rate);
        fprintf(f, "%s,%s,%s", row->id, row->kind, severity_names[row->severity]);
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            fputc(',', f);
            csv_field(f, names[k]);
        }
        fprintf(f, ",%u", row->line);
        for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
            fputc(',', f);
            csv_field(f, types[k]);
        }
        fprintf(f, ",%" PRIu64 ",%" PRIu64 ",%s,", row->count, row->total, rate);
        csv_field(f, row->message);
        fprintf(f, ",%s\r\n", standing_names[a->standing[i]]);
    }
}

/* ---- Markdown ---- */

void anomalies_markdown(FILE *f, const struct anomalies *a)
{
    char n[HUMAN];
    fprintf(f, "## Ghost anomalies: session %s\n\n", a->m->session.p);
    fprintf(f, "%s %sfinding%s: %" PRIu64 " high, %" PRIu64 " medium, %" PRIu64 " low.", human_count(n, a->standings[STANDING_NEW]),
            a->baseline ? "new " : "", a->standings[STANDING_NEW] == 1 ? "" : "s", a->severities[SEVERITY_HIGH], a->severities[SEVERITY_MEDIUM], a->severities[SEVERITY_LOW]);
    fprintf(f, " %" PRIu64 " in the baseline, %" PRIu64 " suppressed, %" PRIu64 " undecided.\n", a->standings[STANDING_KNOWN],
            a->standings[STANDING_SUPPRESSED], a->standings[STANDING_UNDECIDED]);
    bool any = false;
    for (uint32_t i = 0; i < a->findings->n; i++) {
        const struct finding *row = &a->findings->v[i];
        if (!anomaly_is_shown(a, i))
            continue;
        if (!any)
            fputs("\n| severity | kind | function | place | finding | id |\n| --- | --- | --- | --- | --- | --- |\n", f);
        any = true;
        fprintf(f, "| %s | ", severity_names[row->severity]);
        markdown_field(f, (struct ghost_str){ row->kind, (uint32_t)strlen(row->kind) });
        fputs(" | ", f);
        markdown_field(f, row->qualname);
        fputs(" | ", f);
        markdown_field(f, anomaly_path(a, row->file));
        fprintf(f, ":%u | ", row->line);
        markdown_field(f, row->message);
        fprintf(f, "%s%s%s | %s |\n", a->standing[i] ? " (" : "", a->standing[i] ? standing_names[a->standing[i]] : "",
                a->standing[i] ? ")" : "", row->id);
    }
    if (a->m->lost || a->m->n_damages)
        fprintf(f, "\nThe recording is incomplete: %s events lost, %u damaged places.\n", human_count(n, a->m->lost), a->m->n_damages);
}
