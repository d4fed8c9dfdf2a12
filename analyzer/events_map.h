/* events_map.h - a log's numbers to the model's indices: what raw events say of
 * functions, signatures and types, in the words of the analysis.
 *
 * Things are the same when everything that tells them apart in the model is the
 * same (model_defs.c). */
#ifndef GHOST_EVENTS_MAP_H
#define GHOST_EVENTS_MAP_H

#include "events.h"
#include "ghost/model.h"

struct events_map;
/* Both must live as long as the map. NULL: out of memory. */
struct events_map *events_map_new(struct events *e, const struct ghost_model *m);
void events_map_free(struct events_map *map);

/* Indices into the model, GHOST_NONE for number 0 and what the model does not know. */
uint32_t events_map_process(const struct events_map *map, uint32_t log);
uint32_t events_map_thread(const struct events_map *map, uint32_t log, uint32_t thread);
uint32_t events_map_function(struct events_map *map, uint32_t log, uint32_t function);
uint32_t events_map_signature(struct events_map *map, uint32_t log, uint32_t function, uint32_t signature);
uint32_t events_map_type(struct events_map *map, uint32_t log, uint32_t type);
uint32_t events_map_mark(struct events_map *map, uint32_t log, uint32_t mark);

#endif
