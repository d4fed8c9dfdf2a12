/* anomalies_ci.c - findings for machines that watch builds: JUnit XML and the
 * workflow commands of GitHub Actions. */
#include <inttypes.h>
#include <string.h>

#include "anomalies.h"

/* ---- JUnit: a suite for each detector, a case for each finding ---- */

/* XML 1.0 has no way to write other control characters or lone surrogates. */
static void xml_text(FILE *f, struct ghost_str s)
{
    static const struct { char c; const char *entity; } entities[] = {
        { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" }, { '"', "&quot;" }, { '\n', "&#10;" }, { '\t', "&#9;" }, { '\r', "&#13;" },
    };
    for (uint32_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *entity = NULL;
        for (size_t k = 0; k < sizeof entities / sizeof *entities; k++)
            if (s.p[i] == entities[k].c)
                entity = entities[k].entity;
        bool surrogate = c == 0xed && i + 2 < s.len && (unsigned char)s.p[i + 1] >= 0xa0;
        bool non_character = c == 0xef && i + 2 < s.len && (unsigned char)s.p[i + 1] == 0xbf && (unsigned char)s.p[i + 2] >= 0xbe;
        if (entity)
            fputs(entity, f);
        else if (c < 0x20 || surrogate || non_character)
            fputs("\xef\xbf\xbd", f);
        else
            fputc(c, f);
        i += surrogate || non_character ? 2 : 0;
    }
}

static void xml_attribute(FILE *f, const char *name, struct ghost_str value)
{
    fprintf(f, " %s=\"", name);
    xml_text(f, value);
    fputc('"', f);
}

static struct ghost_str str(const char *text) { return (struct ghost_str){ text, (uint32_t)strlen(text) }; }

static void junit_evidence(FILE *f, const struct finding *row)
{
    for (uint32_t k = 0; k < row->n_evidence; k++) {
        const struct evidence *e = &row->evidence[k];
        fputc('\n', f);
        xml_text(f, str(e->label));
        fputs(": ", f);
        xml_text(f, e->text);
        if (e->of)
            fprintf(f, " %" PRIu64 "/%" PRIu64, e->count, e->of);
    }
}

static void junit_case(FILE *f, const struct anomalies *a, uint32_t i)
{
    const struct finding *row = &a->findings->v[i];
    fputs("    <testcase", f);
    xml_attribute(f, "classname", row->module);
    fputs(" name=\"", f);
    xml_text(f, row->qualname);
    if (row->param.len) {
        fputs(" (", f);
        xml_text(f, row->param);
        fputc(')', f);
    }
    fprintf(f, " [%s]\" time=\"0\">\n", row->id); /* no file and line: schemas of JUnit allow neither, the text has both */
    if (a->standing[i] != STANDING_NEW) {
        fprintf(f, "      <skipped message=\"%s", standing_names[a->standing[i]]);
        if (a->suppression[i]) {
            fputs(": ", f);
            xml_text(f, str(a->suppression[i]->reason));
        }
        fputs("\"/>\n", f);
    } else {
        fputs("      <failure", f);
        xml_attribute(f, "message", row->message);
        fprintf(f, " type=\"%s\">", severity_names[row->severity]);
        xml_text(f, anomaly_path(a, row->file));
        fprintf(f, ":%u: ", row->line);
        xml_text(f, row->message);
        junit_evidence(f, row);
        fputs("</failure>\n", f);
    }
    fputs("    </testcase>\n", f);
}

static void junit_suite(FILE *f, const struct anomalies *a, const struct finding_kind *d)
{
    uint64_t n = 0, failed = 0;
    for (uint32_t i = 0; i < a->findings->n; i++)
        if (strcmp(a->findings->v[i].kind, d->name) == 0) {
            n++;
            failed += a->standing[i] == STANDING_NEW;
        }
    fputs("  <testsuite", f);
    xml_attribute(f, "name", str(d->name));      /* a rule of ghost diff may be latency<0.5 */
    fprintf(f, " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"0\" skipped=\"%" PRIu64 "\" time=\"0\">\n", n ? n : 1, failed, n - failed);
    if (!n) {    /* a suite that ran and found nothing has passed */
        fputs("    <testcase classname=\"ghost\" name=\"", f);
        xml_text(f, str(d->name));
        fputs(": no findings\" time=\"0\"/>\n", f);
    }
    for (uint32_t i = 0; i < a->findings->n; i++)
        if (strcmp(a->findings->v[i].kind, d->name) == 0)
            junit_case(f, a, i);
    fputs("  </testsuite>\n", f);
}

void anomalies_junit(FILE *f, const struct anomalies *a)
{
    uint64_t empty = 0;
    for (const struct finding_kind *k = a->kinds; k->name; k++) {
        bool any = false;
        for (uint32_t i = 0; i < a->findings->n; i++)
            any = any || strcmp(a->findings->v[i].kind, k->name) == 0;
        empty += !any;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", f);
    fprintf(f, "<testsuites name=\"ghost %s\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"0\" time=\"0\">\n",
            a->command ? a->command : "anomalies", a->findings->n + empty, a->standings[STANDING_NEW]);
    for (const struct finding_kind *k = a->kinds; k->name; k++)
        junit_suite(f, a, k);
    fputs("</testsuites>\n", f);
}

/* ---- GitHub Actions: ::warning file=...,line=...,title=...::message ---- */

static void github_text(FILE *f, struct ghost_str s, const char *escaped)
{
    for (uint32_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f || (c && strchr(escaped, c)))
            fprintf(f, "%%%02X", c);
        else
            fputc(c, f);
    }
}

void anomalies_github(FILE *f, const struct anomalies *a)
{
    static const char *const commands[SEVERITY_COUNT] = { "notice", "warning", "error" };
    for (uint32_t i = 0; i < a->findings->n; i++) {
        const struct finding *row = &a->findings->v[i];
        if (a->standing[i] != STANDING_NEW)
            continue;
        fprintf(f, "::%s file=", commands[row->severity]);
        github_text(f, anomaly_path(a, row->file), "%:,");
        fprintf(f, ",line=%u,title=", row->line ? row->line : 1);
        github_text(f, str(row->kind), "%:,");
        fputs("%3A ", f);
        github_text(f, row->qualname, "%:,");
        fputs("::", f);
        github_text(f, row->message, "%");
        fprintf(f, " [%s]\n", row->id);
    }
}
