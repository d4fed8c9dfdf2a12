/* db_schema.c - the list of tables. Names are singular; the reference product's
 * plural ones are views (db_views.c). Times of the day are ns since 1970,
 * lengths ns, 0 where unknown. */
#include "db_schema.h"

#include "db_profile.h"
#include "ghost/model.h"

#define AT(type, member) offsetof(type, member)
#define COUNT_OF(a) (sizeof(a) / sizeof *(a))
#define COLUMNS(c) .columns = c, .n_columns = COUNT_OF(c)
#define LIST(type, member, number) .list = AT(type, member), .count = AT(type, number)
#define ROWS(member, element) LIST(struct ghost_model, member, n_##member), .size = sizeof(element), .inner = DB_DIRECT
#define PARTS(owner, member, number, element) LIST(owner, member, number), .size = sizeof(element), .inner = DB_DIRECT

/* ---- who ---- */

#define S struct ghost_model
static const struct db_column session_columns[] = {
    { "session_id", DB_TEXT, AT(S, session), .about = "" },
    { "events", DB_U64, AT(S, events), .about = "events in the logs" },
    { "lost", DB_U64, AT(S, lost), .about = "events known to be missing (table loss)" },
    { "log_bytes", DB_U64, AT(S, log_bytes), .about = "" },
    { "start_ns", DB_U64, AT(S, start_real), .about = "time of the first event" },
    { "end_ns", DB_U64, AT(S, end_real), .about = "" },
    { "slice_start_ns", DB_U64, AT(S, slice_start), .about = "where slice 0 begins" },
    { "slice_ns", DB_U64, AT(S, slice_ns), .about = "length of a slice" },
};
#undef S
static const struct db_table session_table = {
    .name = "session", .about = "the recording as a whole: one row", .head = true,
    .list = DB_DIRECT, .count = DB_DIRECT, .inner = DB_DIRECT, .size = sizeof(struct ghost_model), COLUMNS(session_columns),
};

#define S struct ghost_model_process
static const struct db_column process_columns[] = {
    { "log", DB_TEXT, AT(S, log), .about = "file name of its log" },
    { "identity", DB_IDENTITY, AT(S, identity), .about = "16 random bytes that stand for the process" },
    { "parent", DB_INDEX, AT(S, parent), "process", .about = "the process that forked it" },
    { "events", DB_U64, AT(S, events), .about = "" },
    { "blocks", DB_U64, AT(S, blocks), .about = "" },
    { "pauses", DB_U64, AT(S, pauses), .about = "how often recording was paused" },
    { "log_bytes", DB_U64, AT(S, log_bytes), .about = "" },
    { "start_ns", DB_U64, AT(S, start_real), .about = "" },
    { "end_ns", DB_U64, AT(S, end_real), .about = "" },
    { "threads", DB_U64, AT(S, n_threads), .about = "started threads, also those that are not told apart" },
    { "clean_end", DB_BOOL, AT(S, clean_end), .about = "0: it was killed, or still ran" },
    { "tail", DB_BOOL, AT(S, tail), .about = "the end was taken from its live files" },
};
#undef S
static const struct db_table process_table = {
    .name = "process", .about = "one for each log, by start", .head = true,
    ROWS(processes, struct ghost_model_process), COLUMNS(process_columns),
};
static const struct db_column meta_columns[] = {
    { "key", DB_TEXT, AT(struct ghost_def_pair, key), .about = "pid, host, python, script, ... (docs/format.md, META)" },
    { "value", DB_TEXT, AT(struct ghost_def_pair, value), .about = "" },
};
static const struct db_table meta_table = {
    .name = "process_meta", .about = "what a process told of itself", .parent = &process_table, .head = true,
    PARTS(struct ghost_model_process, meta, n_meta, struct ghost_def_pair), COLUMNS(meta_columns),
};

#define S struct ghost_model_thread
static const struct db_column thread_columns[] = {
    { "process", DB_OWNER, AT(S, process), "process", .about = "" },
    { "number", DB_U32, AT(S, id), .about = "counted from 1 in its process" },
    { "os_tid", DB_U64, AT(S, os_tid), .about = "the kernel's number" },
    { "start_ns", DB_U64, AT(S, start_real), .about = "" },
    { "name", DB_TEXT, AT(S, name), .about = "" },
};
#undef S
static const struct db_table thread_table = {
    .name = "thread", .about = "threads that are told apart (the first 1,024 of a process)", .head = true,
    ROWS(threads, struct ghost_model_thread), COLUMNS(thread_columns),
};

/* ---- what ---- */

#define S struct ghost_model_type
static const struct db_column type_columns[] = {
    { "module", DB_TEXT, AT(S, module), .about = "" },
    { "qualname", DB_TEXT, AT(S, qualname), .about = "" },
    { "flags", DB_U32, AT(S, flags), .about = "bits: 1 heap type, 2 abstract, 4 ABC, 8 Protocol, 16 exception, 32 Enum, 64 TypedDict, 128 metaclass, 256 its own isinstance check" },
    { "abcs", DB_U64, AT(S, abcs), .about = "bits: which ABCs of collections.abc it satisfies (include/ghost/def.h)" },
};
static const struct db_table type_table = {
    .name = "type", .about = "every type seen, by module and name", ROWS(types, S), COLUMNS(type_columns),
    .indexes = "CREATE INDEX type_by_name ON type(qualname);",
};
static const struct db_column base_columns[] = {
    { "base", DB_INDEX, 0, "type", .about = "NULL: its definition was lost" },
};
static const struct db_table mro_table = {
    .name = "type_mro", .about = "method resolution order; the type itself is at position 0", .parent = &type_table,
    PARTS(S, mro, n_mro, uint32_t), COLUMNS(base_columns),
};
static const struct db_table virtual_table = {
    .name = "type_virtual_base", .about = "ABCs that it, or a class of its MRO, is registered with", .parent = &type_table,
    PARTS(S, virtual_bases, n_virtual, uint32_t), COLUMNS(base_columns),
};
static const struct db_column name_columns[] = {
    { "name", DB_TEXT, 0, .about = "" },
};
static const struct db_table member_table = {
    .name = "type_member", .about = "names in the type's own namespace", .parent = &type_table,
    PARTS(S, members, n_members, struct ghost_str), COLUMNS(name_columns),
};
#undef S

#define S struct ghost_model_function
static const struct db_column function_columns[] = {
    { "module", DB_TEXT, AT(S, module), .about = "" },
    { "qualname", DB_TEXT, AT(S, qualname), .about = "" },
    { "line", DB_U32, AT(S, first_line), .about = "of the first decorator, as CPython has it" },
    { "file", DB_TEXT, AT(S, file), .about = "" },
    { "co_flags", DB_U32, AT(S, co_flags), .about = "CPython's: 4 *args, 8 **kwargs, 16 nested, 32 generator, 128 coroutine, 512 async generator" },
    { "n_posonly", DB_U32, AT(S, n_posonly), .about = "positional-only parameters" },
    { "n_positional", DB_U32, AT(S, n_positional), .about = "positional parameters, the former included" },
    { "n_kwonly", DB_U32, AT(S, n_kwonly), .about = "keyword-only parameters" },
    { "fingerprint", DB_U64, AT(S, fingerprint), .about = "of the bytecode; 0: unknown, or more than one" },
    { "defined", DB_BOOL, AT(S, defined), .about = "0: its definition was lost, the qualname is its number" },
};
static const struct db_table function_table = {
    .name = "function", .about = "code objects of the same module, qualname, line, file and parameters, in all processes; also those never called",
    ROWS(functions, S), COLUMNS(function_columns),
    .more = "fn_key TEXT GENERATED ALWAYS AS (module || ':' || qualname || ':' || line) VIRTUAL",
    .indexes = "CREATE INDEX function_by_key ON function(fn_key); CREATE INDEX function_by_qualname ON function(qualname);",
};
static const struct db_table parameter_table = {
    .name = "parameter", .about = "parameters: positional, keyword-only, *args, **kwargs", .parent = &function_table,
    PARTS(S, params, n_params, struct ghost_str), COLUMNS(name_columns),
};
#undef S

#define S struct ghost_model_annotations
#define D struct ghost_def_annot
static const struct db_column annotated_columns[] = {
    { "function", DB_OWNER, AT(S, function), "function", .about = "" },
    { "flags", DB_U32, AT(D, flags), .inner = true, .about = "bits: 1 has __wrapped__, 2 partly unreadable, 4 written as strings" },
};
static const struct db_table annotated_table = {
    .name = "annotated", .about = "functions that have annotations or defaults; several rows where one code served functions with different ones",
    LIST(struct ghost_model, annotations, n_annotations), .size = sizeof(S), .inner = AT(S, annot), .inner_size = sizeof(D),
    COLUMNS(annotated_columns), .indexes = "CREATE INDEX annotated_by_function ON annotated(function);",
};
static const struct db_column annotation_columns[] = {
    { "param", DB_TEXT, AT(struct ghost_def_annotation, param), .about = "parameter, or return" },
    { "text", DB_TEXT, AT(struct ghost_def_annotation, text), .about = "as in the source; values inside Literal are <type name>" },
};
static const struct db_table annotation_table = {
    .name = "annotation", .about = "annotations as text", .parent = &annotated_table, .list_inner = true,
    PARTS(D, annotations, n_annotations, struct ghost_def_annotation), COLUMNS(annotation_columns),
};
static const struct db_column annotation_name_columns[] = {
    { "name", DB_TEXT, AT(struct ghost_def_name, name), .about = "as it stands in an annotation" },
    { "kind", DB_U32, AT(struct ghost_def_name, kind), .about = "table name_kind" },
    { "type", DB_INDEX, AT(struct ghost_def_name, type), "type", .about = "" },
    { "flags", DB_U32, AT(struct ghost_def_name, flags), .about = "of a type variable: 1 bound, 2 constraints, 4 ParamSpec, 8 TypeVarTuple, 16 not evaluated" },
    { "text", DB_TEXT, AT(struct ghost_def_name, text), .about = "" },
};
static const struct db_table annotation_name_table = {
    .name = "annotation_name", .about = "what the names in a function's annotations denote", .parent = &annotated_table, .list_inner = true,
    PARTS(D, names, n_names, struct ghost_def_name), COLUMNS(annotation_name_columns),
};
static const struct db_column default_columns[] = {
    { "parameter", DB_U32, 0, .about = "position in table parameter" },
    { "type", DB_INDEX, sizeof(uint32_t), "type", .about = "" },
};
static const struct db_table default_table = {
    .name = "annotation_default", .about = "types of default values", .parent = &annotated_table, .list_inner = true,
    LIST(D, defaults, n_defaults), .size = 2 * sizeof(uint32_t), .inner = DB_DIRECT, COLUMNS(default_columns),
};
#undef D
#undef S

/* ---- how it was called, and how that ended ---- */

#define S struct ghost_model_signature
#define ELEMENT(name, member, i, what) { name, DB_INDEX, AT(S, member) + (i) * sizeof(uint32_t), "type", .about = what }
static const struct db_column signature_columns[] = {
    { "function", DB_OWNER, AT(S, function), "function", .about = "" },
    { "text", DB_TEXT, AT(S, text), .about = "(int, *tuple, k=str, **dict)" },
    { "other", DB_BOOL, AT(S, other), .about = "1: the rest, beyond those that are told apart" },
    { "defined", DB_BOOL, AT(S, defined), .about = "0: its definition was lost" },
    { "first_ns", DB_U64, AT(S, first_real), .about = "first call" },
    { "last_ns", DB_U64, AT(S, last_real), .about = "last call" },
    { "n_args", DB_U32, AT(S, n_args), .about = "elements of *args: 0 to 3, 4 for more" },
    ELEMENT("arg_1", args, 0, "types of the first three elements"), ELEMENT("arg_2", args, 1, ""), ELEMENT("arg_3", args, 2, ""),
    { "n_kwargs", DB_U32, AT(S, n_kwargs), .about = "values of **kwargs: 0 to 3, 4 for more" },
    ELEMENT("kwarg_1", kwargs, 0, "types of the first three values"), ELEMENT("kwarg_2", kwargs, 1, ""), ELEMENT("kwarg_3", kwargs, 2, ""),
    { "latency", DB_HIST, 0, .about = "histogram of the finished calls: {\"bucket\": calls}; view latency_histogram" },
};
static const struct db_table signature_table = {
    .name = "signature", .about = "combinations of argument types of a function", ROWS(signatures, S), COLUMNS(signature_columns),
    .more = "arg_types TEXT GENERATED ALWAYS AS ('[' || CASE text WHEN '()' THEN '' ELSE"
            " replace(json_quote(substr(text, 2, length(text) - 2)), ', ', '\", \"') END || ']') VIRTUAL",
    .indexes = "CREATE INDEX signature_by_function ON signature(function);",
};
static const struct db_column argument_columns[] = {
    { "type", DB_INDEX, 0, "type", .about = "NULL: not bound, or unknown" },
};
static const struct db_table argument_table = {
    .name = "argument", .about = "a signature's types, by position in table parameter", .parent = &signature_table,
    PARTS(S, types, n_types, uint32_t), COLUMNS(argument_columns),
};
#undef S

#define S struct ghost_model_edge
static const struct db_column edge_columns[] = {
    { "caller", DB_INDEX, AT(S, caller), "function", .about = "NULL: nothing recorded below on the stack" },
    { "signature", DB_OWNER, AT(S, signature), "signature", .about = "what was called, with which types" },
    { "adopted", DB_BOOL, AT(S, adopted), .about = "1: began before recording did; neither counted nor timed" },
    { "calls", DB_U64, AT(S, calls), .about = "bodies entered" },
};
static const struct db_table edge_table = {
    .name = "edge", .about = "caller x signature", ROWS(edges, S), COLUMNS(edge_columns),
    .indexes = "CREATE INDEX edge_by_signature ON edge(signature); CREATE INDEX edge_by_caller ON edge(caller);",
};
#undef S

#define S struct ghost_model_outcome
static const struct db_column outcome_columns[] = {
    { "edge", DB_OWNER, AT(S, edge), "edge", .about = "" },
    { "end", DB_U32, AT(S, end), .about = "table end_kind" },
    { "type", DB_INDEX, AT(S, type), "type", .about = "returned, yielded, raised or caught" },
    { "count", DB_U64, AT(S, count), .about = "" },
    { "total_ns", DB_U64, AT(S, total), .about = "wall time, callees included" },
    { "self_ns", DB_U64, AT(S, self), .about = "without recorded callees" },
    { "min_ns", DB_U64, AT(S, min), .about = "" },
    { "max_ns", DB_U64, AT(S, max), .about = "" },
    { "suspended_ns", DB_U64, AT(S, suspended), .about = "of the total, spent suspended (generators, coroutines)" },
};
static const struct db_table outcome_table = {
    .name = "outcome", .about = "caller x signature x how the calls ended x type: every other figure is a sum of these",
    ROWS(outcomes, S), COLUMNS(outcome_columns),
    .indexes = "CREATE INDEX outcome_by_edge ON outcome(edge);",
};
#undef S

#define S struct ghost_model_thread_row
static const struct db_column thread_calls_columns[] = {
    { "function", DB_OWNER, AT(S, function), "function", .about = "" },
    { "thread", DB_INDEX, AT(S, thread), "thread", .about = "NULL: threads that are not told apart" },
    { "calls", DB_U64, AT(S, calls), .about = "" },
};
static const struct db_table thread_calls_table = {
    .name = "thread_calls", .about = "function x thread", ROWS(rows, S), COLUMNS(thread_calls_columns),
};
#undef S

#define S struct ghost_model_slice
static const struct db_column slice_columns[] = {
    { "function", DB_OWNER, AT(S, function), "function", .about = "" },
    { "process", DB_OWNER, AT(S, process), "process", .about = "" },
    { "slice", DB_U32, AT(S, slice), .about = "begins at slice_start_ns + slice * slice_ns of table session" },
    { "calls", DB_U64, AT(S, calls), .about = "begun in the slice" },
    { "exceptions", DB_U64, AT(S, exceptions), .about = "calls left by an exception in the slice" },
    { "finished", DB_U64, AT(S, finished), .about = "calls with a timed end in the slice" },
    { "total_ns", DB_U64, AT(S, total), .about = "" },
    { "self_ns", DB_U64, AT(S, self), .about = "" },
    { "log_sum", DB_U64, AT(S, log_sum), .about = "sum of the latencies' bucket numbers" },
    { "log_squares", DB_U64, AT(S, log_squares), .about = "sum of their squares" },
};
static const struct db_table slice_table = {
    .name = "slice", .about = "function x process x time", LIST(struct ghost_model, slices, n_slice_rows), .size = sizeof(S),
    .inner = DB_DIRECT, COLUMNS(slice_columns), .indexes = "CREATE INDEX slice_by_function ON slice(function);",
};
#undef S

/* ---- inside containers ---- */

#define S struct ghost_model_content
static const struct db_column content_columns[] = {
    { "type", DB_INDEX, AT(S, type), "type", .about = "list, tuple, dict, set or frozenset" },
    { "size", DB_U32, AT(S, size), .about = "elements of a tuple, 17 for more than 16; 0 for other types" },
    { "level", DB_U32, AT(S, level), .about = "0: nothing inside was looked into; else 1 + the largest of its parts'" },
};
static const struct db_table content_table = {
    .name = "content", .about = "what a look into a container saw (--deep): the types of some of its elements", ROWS(contents, S), COLUMNS(content_columns),
};
static const struct db_column part_columns[] = {
    { "type", DB_INDEX, AT(struct ghost_model_part, type), "type", .about = "NULL: unknown" },
    { "inner", DB_INDEX, AT(struct ghost_model_part, content), "content", .about = "what was seen in it; NULL: no container, or not looked into" },
};
static const struct db_table content_key_table = {
    .name = "content_key", .about = "types of a dict's keys, each once", .parent = &content_table,
    PARTS(S, keys, n_keys, struct ghost_model_part), COLUMNS(part_columns),
};
static const struct db_table content_item_table = {
    .name = "content_item", .about = "types of elements, or of a dict's values, each once; of a tuple of up to 16 by position, perhaps not all", .parent = &content_table,
    PARTS(S, items, n_items, struct ghost_model_part), COLUMNS(part_columns),
};
#undef S

#define S struct ghost_model_sample
static const struct db_column sample_columns[] = {
    { "function", DB_OWNER, AT(S, function), "function", .about = "" },
    { "place", DB_U32, AT(S, place), .about = "0 returned, 1 yielded, 2 + position in table parameter" },
    { "element", DB_U32, AT(S, index), .about = "which one of *args or **kwargs, else 0" },
    { "content", DB_OWNER, AT(S, content), "content", .about = "" },
    { "caller", DB_INDEX, AT(S, caller), "function", .about = "NULL: unknown" },
    { "count", DB_U64, AT(S, count), .about = "objects that were looked into (view elements)" },
};
static const struct db_table sample_table = {
    .name = "sample", .about = "function x place x content x caller, of sampled calls (--deep)", ROWS(samples, S), COLUMNS(sample_columns),
    .indexes = "CREATE INDEX sample_by_function ON sample(function);",
};
#undef S

/* ---- beside the calls ---- */

#define S struct ghost_model_tree
#define D struct ghost_def_tree
static const struct db_column tree_columns[] = {
    { "module", DB_TEXT, AT(D, module), .inner = true, .about = "" },
    { "file", DB_TEXT, AT(D, file), .inner = true, .about = "" },
    { "processes", DB_U32, AT(S, n_processes), .about = "how many executed it" },
};
static const struct db_table tree_table = {
    .name = "tree", .about = "modules that were executed", LIST(struct ghost_model, trees, n_trees), .size = sizeof(S),
    .inner = AT(S, tree), .inner_size = sizeof(D), COLUMNS(tree_columns),
};
#undef S
#define S struct ghost_def_node
static const struct db_column node_columns[] = {
    { "parent", DB_U32, AT(S, parent), .about = "position of the enclosing one" },
    { "flags", DB_U32, AT(S, flags), .about = "bits: 1 function, 2 class, 4 overload, 8 abstract, 16 in a Protocol, 32 under TYPE_CHECKING, "
      "64 under __main__, 128 trivial body, 256 decorated, 512 comprehension, 1024 lambda, 2048 annotation scope, 4096 empty body, 8192 its name is imported, too" },
    { "co_flags", DB_U32, AT(S, co_flags), .about = "" },
    { "line", DB_U32, AT(S, first_line), .about = "" },
    { "fingerprint", DB_U64, AT(S, fingerprint), .about = "" },
    { "qualname", DB_TEXT, AT(S, qualname), .about = "" },
};
static const struct db_table node_table = {
    .name = "tree_node", .about = "all code objects of such a module, called or not, in preorder", .parent = &tree_table, .list_inner = true,
    PARTS(D, nodes, n_nodes, S), COLUMNS(node_columns),
};
#undef D
#undef S

#define S struct ghost_model_mark
static const struct db_column mark_columns[] = {
    { "name", DB_TEXT, AT(S, name), .about = "" },
    { "count", DB_U64, AT(S, count), .about = "" },
    { "first_ns", DB_U64, AT(S, first_real), .about = "" },
    { "last_ns", DB_U64, AT(S, last_real), .about = "" },
};
static const struct db_table mark_table = {
    .name = "mark", .about = "marks that the application set", .head = true, ROWS(marks, S), COLUMNS(mark_columns),
};
#undef S

#define S struct ghost_model_note
static const struct db_column note_columns[] = {
    { "process", DB_OWNER, AT(S, process), "process", .about = "" },
    { "code", DB_U32, AT(S, code), .about = "table note_code" },
    { "count", DB_U64, AT(S, count), .about = "" },
    { "detail", DB_TEXT, AT(S, detail), .about = "" },
};
static const struct db_table note_table = {
    .name = "note", .about = "remarks of the recorder", .head = true, ROWS(notes, S), COLUMNS(note_columns),
};
#undef S

#define S struct ghost_model_loss
static const struct db_column loss_columns[] = {
    { "process", DB_OWNER, AT(S, process), "process", .about = "" },
    { "cause", DB_U32, AT(S, cause), .about = "table loss_cause" },
    { "thread", DB_INDEX, AT(S, thread), "thread", .about = "NULL: the process, or a thread not told apart" },
    { "count", DB_U64, AT(S, count), .about = "events" },
    { "unknown", DB_U64, AT(S, unknown), .about = "records that could not say how many" },
    { "first_ns", DB_U64, AT(S, first_real), .about = "" },
    { "last_ns", DB_U64, AT(S, last_real), .about = "" },
};
static const struct db_table loss_table = {
    .name = "loss", .about = "events that are missing", .head = true,
    LIST(struct ghost_model, losses, n_losses), .size = sizeof(S), .inner = DB_DIRECT, COLUMNS(loss_columns),
};
#undef S

#define S struct ghost_model_damage
static const struct db_column damage_columns[] = {
    { "process", DB_INDEX, AT(S, process), "process", .about = "NULL: the log could not be opened at all" },
    { "offset", DB_U64, AT(S, offset), .about = "in the log" },
    { "bytes", DB_U64, AT(S, bytes), .about = "" },
    { "cut", DB_BOOL, AT(S, cut), .about = "1: the file ends inside a frame, as after a crash" },
    { "code", DB_INT, AT(S, code), .about = "of include/ghost/err.h" },
    { "message", DB_TEXT, AT(S, message), .about = "" },
};
static const struct db_table damage_table = {
    .name = "damage", .about = "parts of logs that could not be used", .head = true, ROWS(damages, S), COLUMNS(damage_columns),
};
#undef S

const struct db_table *const db_tables[] = {
    &session_table, &process_table, &meta_table, &thread_table,
    &type_table, &mro_table, &virtual_table, &member_table, &function_table, &parameter_table,
    &annotated_table, &annotation_table, &annotation_name_table, &default_table,
    &signature_table, &argument_table, &edge_table, &outcome_table, &thread_calls_table, &slice_table,
    &content_table, &content_key_table, &content_item_table, &sample_table,
    &tree_table, &node_table, &mark_table, &note_table, &loss_table, &damage_table, NULL
};

/* ---- sums for each fn_key: views of `ghost report` are a few rows of them, whatever the session's size ---- */

#define S struct db_profile_row
#define P(name, kind, member, text) { name, kind, AT(S, p.member), .about = text }
static const struct db_column profile_columns[] = {
    { "first_function", DB_OWNER, AT(S, first), "function", .about = "the functions of this fn_key stand together" },
    { "last_function", DB_OWNER, AT(S, last), "function", .about = "" },
    P("is_module", DB_BOOL, is_module, "the body of a module"),
    P("calls", DB_U64, calls, "bodies entered"),
    P("finished", DB_U64, finished, "of them, with a timed end"),
    P("unfinished", DB_U64, unfinished, "without one"),
    P("adopted", DB_U64, adopted, "began before recording did: neither counted nor timed"),
    P("exceptions", DB_U64, exceptions, "calls left by an exception"),
    P("closed", DB_U64, closed, "generators and coroutines ended by close()"),
    P("total_ns", DB_U64, total, "wall time of the finished calls"),
    P("self_ns", DB_U64, self, "without recorded callees"),
    P("suspended_ns", DB_U64, suspended, ""),
    P("min_ns", DB_U64, min, ""), P("max_ns", DB_U64, max, ""),
    P("p50_ns", DB_U64, p50, "within 0.8 %"), P("p95_ns", DB_U64, p95, ""), P("p99_ns", DB_U64, p99, ""),
    { "mean_ns", DB_REAL, AT(S, mean), .about = "" },
    { "exception_rate", DB_REAL, AT(S, rate), .about = "exceptions / calls" },
    P("first_ns", DB_U64, first_real, "first call"), P("last_ns", DB_U64, last_real, "last call"),
    P("threads", DB_U32, n_threads, "told apart"),
    { "signatures", DB_U32, AT(S, n_signatures), .about = "how many different ones" },
    { "signature", DB_TEXT, AT(S, signature), .about = "the most frequent one" },
    { "signature_calls", DB_U64, AT(S, signature_calls), .about = "" },
};
const struct db_table db_profile_table = {
    .name = "profile", .about = "sums for each fn_key that was called, in the order of module, qualname, line", .derived = true,
    LIST(struct db_profile_rows, v, n), .size = sizeof(S), .inner = DB_DIRECT, COLUMNS(profile_columns),
    .indexes = "CREATE INDEX profile_by_calls ON profile(calls); CREATE INDEX profile_by_mean ON profile(mean_ns);"
               "CREATE INDEX profile_by_total ON profile(total_ns); CREATE INDEX profile_by_self ON profile(self_ns);"
               "CREATE INDEX profile_by_p99 ON profile(p99_ns); CREATE INDEX profile_by_rate ON profile(exception_rate);"
               "CREATE INDEX profile_by_function ON profile(first_function);",
};
#undef P
#undef S

#define S struct profile_exception
static const struct db_column profile_exception_columns[] = {
    { "type", DB_TEXT, AT(S, type), .about = "qualified name of the exception's type" },
    { "raised", DB_U64, AT(S, raised), .about = "calls that it left where it was raised" },
    { "passed", DB_U64, AT(S, passed), .about = "calls that it left, coming from below" },
    { "caught", DB_U64, AT(S, caught), .about = "caught after a recorded callee let it out" },
};
#undef S
static const struct db_table profile_exception_table = {
    .name = "profile_exception", .about = "fn_key x exception", .parent = &db_profile_table, .derived = true,
    PARTS(struct db_profile_row, p.exception_types, p.n_exception_types, struct profile_exception), COLUMNS(profile_exception_columns),
    .indexes = "CREATE INDEX profile_exception_by_type ON profile_exception(type, raised DESC, passed DESC, caught DESC, profile);",
};

#define S struct db_profile_call
static const struct db_column profile_call_columns[] = {
    { "caller", DB_INDEX, AT(S, from), "profile", .about = "NULL: nothing recorded below on the stack" },
    { "callee", DB_INDEX, AT(S, to), "profile", .about = "" },
    { "calls", DB_U64, AT(S, calls), .about = "" },
    { "exceptions", DB_U64, AT(S, exceptions), .about = "of them left by one" },
    { "finished", DB_U64, AT(S, finished), .about = "of them with a timed end" },
    { "total_ns", DB_U64, AT(S, total), .about = "" },
    { "self_ns", DB_U64, AT(S, self), .about = "" },
};
static const struct db_table profile_call_table = {
    .name = "profile_call", .about = "caller x function, by fn_key", .derived = true,
    LIST(struct db_profile_rows, calls, n_calls), .size = sizeof(S), .inner = DB_DIRECT, COLUMNS(profile_call_columns),
    .indexes = "CREATE INDEX profile_call_by_caller ON profile_call(caller, calls DESC); CREATE INDEX profile_call_by_callee ON profile_call(callee, calls DESC);",
};
#undef S

const struct db_table *const db_derived_tables[] = { &db_profile_table, &profile_exception_table, &profile_call_table, NULL };
