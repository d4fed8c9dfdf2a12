/* exporter.h - one format of `ghost export`. */
#ifndef GHOST_EXPORTER_H
#define GHOST_EXPORTER_H

#include <stdio.h>
#include "ghost/model.h"
#include "profile.h"

/* `write` does not look for errors of the stream: its opener does. */
struct exporter {
    const char *name;
    void (*write)(FILE *f, const struct ghost_model *m, const struct profiles *p);
};

extern const struct exporter export_json, export_csv;

#endif
