/* anomalies_sarif.c - findings as SARIF 2.1.0, which code scanning services read.
 *
 * Sessions hold absolute paths of the machine that recorded. Files in the root
 * are given relative to SRCROOT, as those services want them; others as file:
 * URIs; code without a file (<string>) has its name only. */
#include <string.h>

#include "anomalies.h"
#include "ghost/version.h"
#include "json.h"

static const char *const levels[SEVERITY_COUNT] = { "note", "warning", "error" };

static struct ghost_str str(const char *text) { return (struct ghost_str){ text, (uint32_t)strlen(text) }; }

/* A path as (part of) a URI: what is not unreserved is percent-encoded. */
static size_t encode(char *out, size_t room, struct ghost_str path)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (uint32_t i = 0; i < path.len && n + 4 < room; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~/", c));
        if (plain) {
            out[n++] = (char)c;
            continue;
        }
        out[n++] = '%';
        out[n++] = hex[c >> 4];
        out[n++] = hex[c & 15];
    }
    out[n] = '\0';
    return n;
}

static void message(struct json *j, const char *key, struct ghost_str text)
{
    json_object(j, key);
    json_str(j, "text", text);
    json_close(j, '}');
}

static void rules(struct json *j, const struct finding_kind *kinds)
{
    json_array(j, "rules");
    for (const struct finding_kind *k = kinds; k->name; k++) {
        json_object(j, NULL);
        json_text(j, "id", k->name);
        message(j, "shortDescription", str(k->summary));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void place(struct json *j, const struct anomalies *a, const struct finding *row)
{
    char uri[3 * GHOST_STR_MAX + 16] = "";
    struct ghost_str path = anomaly_path(a, row->file);
    bool relative = path.len && path.p[0] != '/';
    if (!path.len || path.p[0] == '<')
        return;
    size_t n = relative ? 0 : (size_t)snprintf(uri, sizeof uri, "file://");
    encode(uri + n, sizeof uri - n, path);
    json_object(j, "physicalLocation");
    json_object(j, "artifactLocation");
    json_text(j, "uri", uri);
    if (relative)
        json_text(j, "uriBaseId", "SRCROOT");
    json_close(j, '}');
    json_object(j, "region");
    json_count(j, "startLine", row->line ? row->line : 1);
    json_close(j, '}');
    json_close(j, '}');
}

static void location(struct json *j, const struct anomalies *a, const struct finding *row)
{
    json_array(j, "locations");
    json_object(j, NULL);
    place(j, a, row);
    json_array(j, "logicalLocations");
    json_object(j, NULL);
    json_str(j, "fullyQualifiedName", row->fn_key);
    json_str(j, "name", row->qualname);
    json_text(j, "kind", "function");
    json_close(j, '}');
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, ']');
}

static void suppressions(struct json *j, const struct anomalies *a, uint32_t i)
{
    if (a->standing[i] != STANDING_SUPPRESSED)
        return;
    json_array(j, "suppressions");
    json_object(j, NULL);
    json_text(j, "kind", "external");
    json_text(j, "status", "accepted");
    json_text(j, "justification", a->suppression[i]->reason);
    json_close(j, '}');
    json_close(j, ']');
}

static void properties(struct json *j, const struct finding *row)
{
    json_object(j, "properties");
    json_text(j, "severity", severity_names[row->severity]);
    json_count(j, "count", row->count);
    json_count(j, "total", row->total);
    anomaly_evidence_json(j, row);
    json_close(j, '}');
}

static void result(struct json *j, const struct anomalies *a, uint32_t i)
{
    const struct finding *row = &a->findings->v[i];
    unsigned rule = 0;
    while (a->kinds[rule + 1].name && strcmp(a->kinds[rule].name, row->kind) != 0)
        rule++;
    json_object(j, NULL);
    json_text(j, "ruleId", row->kind);
    json_count(j, "ruleIndex", rule);
    json_text(j, "kind", row->decided ? "fail" : "review");
    json_text(j, "level", row->decided ? levels[row->severity] : "none");    /* the standard wants none where kind is not fail */
    message(j, "message", row->message);
    location(j, a, row);
    json_object(j, "partialFingerprints");
    json_text(j, "ghostFindingId/v1", row->id);
    json_close(j, '}');
    if (a->baseline)
        json_text(j, "baselineState", a->standing[i] == STANDING_KNOWN ? "unchanged" : "new");
    suppressions(j, a, i);
    properties(j, row);
    json_close(j, '}');
}

void anomalies_sarif(FILE *f, const struct anomalies *a)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_text(&j, "$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json");
    json_text(&j, "version", "2.1.0");
    json_array(&j, "runs");
    json_object(&j, NULL);
    json_object(&j, "tool");
    json_object(&j, "driver");
    json_text(&j, "name", "ghost");
    json_text(&j, "version", GHOST_VERSION);
    rules(&j, a->kinds);
    json_close(&j, '}');
    json_close(&j, '}');
    json_object(&j, "automationDetails");
    json_str(&j, "id", a->m->session);
    json_close(&j, '}');
    json_text(&j, "columnKind", "unicodeCodePoints");
    json_array(&j, "results");
    for (uint32_t i = 0; i < a->findings->n; i++)
        if (anomaly_is_shown(a, i) || a->standing[i] == STANDING_SUPPRESSED || a->standing[i] == STANDING_KNOWN)
            result(&j, a, i);
    json_close(&j, ']');
    json_close(&j, '}');
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}
