/* export_csv.c - one line a function, the reference product's columns first. */
#include <inttypes.h>

#include "exporter.h"
#include "json.h"
#include "sheet.h"

static void put_real(FILE *f, double value)
{
    char text[40];
    format_real(text, value);
    fprintf(f, ",%s", text);
}

static void put_timed(FILE *f, const struct profile *p, uint64_t value)
{
    if (p->finished)
        fprintf(f, ",%" PRIu64, value);
    else
        fputc(',', f);
}

static void put_profile(FILE *f, const struct profile *p)
{
    csv_field(f, p->fn_key);
    fprintf(f, ",%" PRIu64 ",%" PRIu64, p->calls, p->exceptions);
    put_real(f, p->calls ? (double)p->exceptions / (double)p->calls : 0);
    if (p->finished)
        put_real(f, profile_mean(p));
    else
        fputc(',', f);
    put_timed(f, p, p->min);
    put_timed(f, p, p->max);
    fprintf(f, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, p->total, p->self, p->suspended);
    put_timed(f, p, p->p50);
    put_timed(f, p, p->p95);
    put_timed(f, p, p->p99);
    fprintf(f, ",%" PRIu64 ",", p->unfinished);
    csv_field(f, p->signatures.n ? p->signatures.v[0].name : GHOST_STR(""));
    fputc(',', f);
    csv_field(f, p->module);
    fputc(',', f);
    csv_field(f, p->qualname);
    fputc(',', f);
    csv_field(f, p->file);
    fprintf(f, ",%" PRIu32 "\r\n", p->line);
}

static void write(FILE *f, const struct ghost_model *m, const struct profiles *p)
{
    (void)m;
    fputs("fn_key,call_count,exception_count,exception_rate,mean_latency_ns,min_latency_ns,max_latency_ns,total_latency_ns,"
          "self_ns,suspended_ns,p50_latency_ns,p95_latency_ns,p99_latency_ns,calls_unfinished,dominant_arg_sig,"
          "module,qualname,file,line\r\n", f);
    for (uint32_t i = 0; i < p->n; i++)
        put_profile(f, &p->v[i]);
}

const struct exporter export_csv = { "csv", write };
