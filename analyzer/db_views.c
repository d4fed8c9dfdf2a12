/* db_views.c - readable views over the tables, and the tables that are none of
 * the model's.
 *
 * sessions, events and profiles have the columns and forms of the database of
 * ghost-observer 0.1.0, so that its users' queries go on working: JSON texts
 * are spaced as Python's json.dumps does. */
#include "db_schema.h"

const char *const db_own_tables =
    "CREATE TABLE info(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE source(file TEXT PRIMARY KEY, bytes INTEGER, mtime_ns INTEGER, digest INTEGER) WITHOUT ROWID;"
    "CREATE TABLE block(id INTEGER PRIMARY KEY, process INTEGER REFERENCES process, thread INTEGER REFERENCES thread, \"offset\" INTEGER, tail INTEGER,"
    " events INTEGER, begin_ns INTEGER, end_ns INTEGER);"
    "CREATE TABLE end_kind(id INTEGER PRIMARY KEY, name TEXT, about TEXT);"
    "CREATE TABLE loss_cause(id INTEGER PRIMARY KEY, name TEXT, about TEXT);"
    "CREATE TABLE note_code(id INTEGER PRIMARY KEY, name TEXT, about TEXT);"
    "CREATE TABLE name_kind(id INTEGER PRIMARY KEY, name TEXT, about TEXT);";

/* {"name": number, ...} of rows (name, n), most frequent first. */
#define DIST(rows) \
    "ifnull((SELECT '{' || group_concat(json_quote(name) || ': ' || n, ', ') || '}' FROM (" rows " HAVING n > 0 ORDER BY n DESC, name)), '{}')"
#define OF_PROFILE "BETWEEN p.first_function AND p.last_function"
#define CALLS_OF_FUNCTION "(SELECT sum(e2.calls) FROM signature s2 JOIN edge e2 ON e2.signature = s2.id WHERE s2.function = f.id)"
#define FAILED_OF_EDGE "ifnull((SELECT sum(count) FROM outcome WHERE edge = e.id AND end IN (1, 2)), 0)"

/* Views that group do so by fn_key first: then a condition on it is applied
 * before grouping. */
const struct db_view db_views[] = {
    { "sessions", "as in ghost-observer 0.1.0: one row",
      "CREATE VIEW sessions AS SELECT s.session_id,"
      " ifnull((SELECT value FROM process_meta m JOIN process p ON p.id = m.process WHERE key = 'script' AND p.parent IS NULL ORDER BY m.process LIMIT 1), '') AS script_path,"
      " ifnull((SELECT CAST(value AS INTEGER) FROM process_meta m WHERE key = 'pid' ORDER BY m.process LIMIT 1), 0) AS pid,"
      " s.start_ns / 1000000 AS started_at,"
      " CASE WHEN EXISTS (SELECT 1 FROM process) AND s.end_ns > 0 THEN s.end_ns / 1000000 END AS ended_at,"
      " s.events AS total_events FROM session s" },
    { "profiles", "as in ghost-observer 0.1.0: one row for each function that was called; JSON columns hold {name: count}",
      "CREATE VIEW profiles AS SELECT (SELECT session_id FROM session) AS session_id, f.fn_key, p.calls AS call_count, p.exceptions AS exception_count,"
      DIST("SELECT s.text AS name, sum(e.calls) AS n FROM signature s JOIN edge e ON e.signature = s.id WHERE s.function " OF_PROFILE " GROUP BY s.text") " AS arg_type_dist,"
      DIST("SELECT ifnull(t.qualname, '?') AS name, sum(o.count) AS n FROM signature s JOIN edge e ON e.signature = s.id AND NOT e.adopted"
           " JOIN outcome o ON o.edge = e.id AND o.end = 0 LEFT JOIN type t ON t.id = o.type WHERE s.function " OF_PROFILE " GROUP BY 1") " AS ret_type_dist,"
      DIST("SELECT c.fn_key AS name, sum(e.calls) AS n FROM signature s JOIN edge e ON e.signature = s.id JOIN function c ON c.id = e.caller"
           " WHERE s.function " OF_PROFILE " GROUP BY c.fn_key") " AS callers,"
      DIST("SELECT c.fn_key AS name, sum(e.calls) AS n FROM edge e JOIN signature s ON s.id = e.signature JOIN function c ON c.id = s.function"
           " WHERE e.caller " OF_PROFILE " GROUP BY c.fn_key") " AS callees,"
      " p.total_ns AS total_latency_ns, CASE WHEN p.finished THEN p.min_ns END AS min_latency_ns, CASE WHEN p.finished THEN p.max_ns END AS max_latency_ns"
      " FROM profile p JOIN function f ON f.id = p.first_function" },
    { "functions", "the same with everything that is one number: what `ghost report` shows",
      "CREATE VIEW functions AS SELECT f.fn_key, f.module, f.qualname, f.file, f.line, p.calls, p.exceptions, p.exception_rate, p.mean_ns, p.p50_ns, p.p95_ns,"
      " p.p99_ns, p.min_ns, p.max_ns, p.total_ns, p.self_ns, p.suspended_ns, p.finished, p.unfinished, p.closed, p.signature, p.signature_calls, p.signatures,"
      " p.threads, p.first_ns, p.last_ns, p.is_module FROM profile p JOIN function f ON f.id = p.first_function" },
    { "outcomes", "caller x signature x end x type, with names: the joint facts",
      "CREATE VIEW outcomes AS SELECT c.fn_key AS caller_key, f.fn_key, s.text AS signature, k.name AS \"end\", t.qualname AS type, o.count, o.total_ns, o.self_ns,"
      " CASE WHEN o.end < 4 THEN o.total_ns * 1.0 / o.count END AS mean_ns, o.min_ns, o.max_ns, o.suspended_ns"
      " FROM outcome o JOIN edge e ON e.id = o.edge JOIN signature s ON s.id = e.signature JOIN function f ON f.id = s.function"
      " JOIN end_kind k ON k.id = o.end LEFT JOIN function c ON c.id = e.caller LEFT JOIN type t ON t.id = o.type WHERE NOT e.adopted" },
    { "caller_signatures", "who calls a function with which types, and how often that fails",
      "CREATE VIEW caller_signatures AS SELECT f.fn_key, c.fn_key AS caller_key, s.text AS signature, e.calls, e.calls * 1.0 / " CALLS_OF_FUNCTION " AS share,"
      " " FAILED_OF_EDGE " AS exceptions, " FAILED_OF_EDGE " * 1.0 / e.calls AS exception_rate,"
      " (SELECT sum(total_ns) * 1.0 / sum(count) FROM outcome WHERE edge = e.id AND end < 4) AS mean_ns"
      " FROM edge e JOIN signature s ON s.id = e.signature JOIN function f ON f.id = s.function LEFT JOIN function c ON c.id = e.caller WHERE e.calls > 0" },
    { "signature_exceptions", "which argument types lead to which exceptions",
      "CREATE VIEW signature_exceptions AS SELECT f.fn_key, s.text AS signature, t.qualname AS exception, k.name AS origin, sum(o.count) AS count,"
      " (SELECT sum(calls) FROM edge WHERE signature = s.id) AS calls, sum(o.count) * 1.0 / (SELECT sum(calls) FROM edge WHERE signature = s.id) AS rate"
      " FROM outcome o JOIN edge e ON e.id = o.edge JOIN signature s ON s.id = e.signature JOIN function f ON f.id = s.function"
      " JOIN end_kind k ON k.id = o.end LEFT JOIN type t ON t.id = o.type WHERE o.end IN (1, 2) AND NOT e.adopted GROUP BY f.fn_key, s.id, o.type, o.end" },
    { "signature_latency", "how long calls take by argument types",
      "CREATE VIEW signature_latency AS SELECT f.fn_key, s.text AS signature, sum(o.count) AS finished, sum(o.total_ns) * 1.0 / sum(o.count) AS mean_ns,"
      " min(o.min_ns) AS min_ns, max(o.max_ns) AS max_ns, sum(o.total_ns) AS total_ns, sum(o.self_ns) AS self_ns"
      " FROM outcome o JOIN edge e ON e.id = o.edge JOIN signature s ON s.id = e.signature JOIN function f ON f.id = s.function"
      " WHERE o.end < 4 AND NOT e.adopted GROUP BY f.fn_key, s.id" },
    { "latency_histogram", "finished calls by latency: a bucket holds lower_ns <= latency < lower_ns + width_ns",
      "CREATE VIEW latency_histogram AS SELECT f.fn_key, s.text AS signature, s.id AS signature_id,"
      " CASE WHEN h.key + 0 < 64 THEN h.key + 0 ELSE (64 + h.key % 64) << (h.key / 64 - 1) END AS lower_ns,"
      " CASE WHEN h.key + 0 < 64 THEN 1 ELSE 1 << (h.key / 64 - 1) END AS width_ns, h.value AS calls"
      " FROM signature s JOIN function f ON f.id = s.function JOIN (SELECT 1) JOIN json_each(s.latency) h" },
    { "exceptions", "exceptions by function: raised in it, passed through it, or caught by it",
      "CREATE VIEW exceptions AS SELECT f.fn_key, t.qualname AS exception, t.module AS exception_module, k.name AS \"end\", sum(o.count) AS count"
      " FROM outcome o JOIN edge e ON e.id = o.edge JOIN signature s ON s.id = e.signature JOIN function f ON f.id = s.function"
      " JOIN end_kind k ON k.id = o.end LEFT JOIN type t ON t.id = o.type WHERE o.end IN (1, 2, 6) AND NOT e.adopted GROUP BY f.fn_key, o.type, o.end" },
    { "argument_types", "types of each parameter, with its annotation",
      "CREATE VIEW argument_types AS SELECT f.fn_key, a.position, q.name AS param, n.text AS annotation, t.qualname AS type, sum(e.calls) AS calls,"
      " sum(e.calls) * 1.0 / " CALLS_OF_FUNCTION " AS share"
      " FROM argument a JOIN signature s ON s.id = a.signature JOIN function f ON f.id = s.function JOIN parameter q ON q.function = f.id AND q.position = a.position"
      " JOIN edge e ON e.signature = s.id LEFT JOIN type t ON t.id = a.type LEFT JOIN annotated d ON d.id = (SELECT min(id) FROM annotated WHERE function = f.id)"
      " LEFT JOIN annotation n ON n.annotated = d.id AND n.param = q.name WHERE e.calls > 0 GROUP BY f.fn_key, f.id, a.position, a.type" },
    { "elements", "types inside sampled containers (--deep): of a parameter, of what was returned or yielded",
      "CREATE VIEW elements AS SELECT f.fn_key, CASE s.place WHEN 0 THEN 'return' WHEN 1 THEN 'yield' ELSE q.name END AS place, n.text AS annotation,"
      " t.qualname AS container, p.role, CASE WHEN c.size BETWEEN 1 AND 16 THEN p.position END AS position, e.qualname AS type, sum(s.count) AS objects,"
      " (SELECT sum(x.count) FROM sample x JOIN content y ON y.id = x.content WHERE x.function = s.function AND x.place = s.place AND y.type IS c.type) AS sampled"
      " FROM sample s JOIN function f ON f.id = s.function JOIN content c ON c.id = s.content"
      " JOIN (SELECT content, 'key' AS role, NULL AS position, type FROM content_key UNION SELECT content, 'item', CASE WHEN size BETWEEN 1 AND 16 THEN position END, content_item.type"
      " FROM content_item JOIN content ON content.id = content_item.content) p ON p.content = c.id"
      " LEFT JOIN type t ON t.id = c.type LEFT JOIN type e ON e.id = p.type LEFT JOIN parameter q ON q.function = f.id AND q.position = s.place - 2"
      " LEFT JOIN annotated d ON d.id = (SELECT min(id) FROM annotated WHERE function = f.id)"
      " LEFT JOIN annotation n ON n.annotated = d.id AND n.param = CASE s.place WHEN 0 THEN 'return' WHEN 1 THEN 'return' ELSE q.name END"
      " GROUP BY f.fn_key, f.id, s.place, c.type, p.role, 6, p.type" },
    { "return_types", "types of what a function returns",
      "CREATE VIEW return_types AS SELECT f.fn_key, t.qualname AS type, sum(o.count) AS count FROM outcome o JOIN edge e ON e.id = o.edge"
      " JOIN signature s ON s.id = e.signature JOIN function f ON f.id = s.function LEFT JOIN type t ON t.id = o.type"
      " WHERE o.end = 0 AND NOT e.adopted GROUP BY f.fn_key, o.type" },
    { "call_graph", "caller x function",
      "CREATE VIEW call_graph AS SELECT c.fn_key AS caller_key, f.fn_key, k.calls, k.exceptions, k.finished, k.total_ns, k.self_ns"
      " FROM profile_call k JOIN profile p ON p.id = k.callee JOIN function f ON f.id = p.first_function"
      " LEFT JOIN profile q ON q.id = k.caller LEFT JOIN function c ON c.id = q.first_function WHERE k.calls > 0" },
    { "timeline", "what a function did in each slice of the session's time",
      "CREATE VIEW timeline AS SELECT f.fn_key, p.log, (SELECT slice_start_ns + l.slice * slice_ns FROM session) AS start_ns, (SELECT slice_ns FROM session) AS length_ns,"
      " l.calls, l.exceptions, l.finished, l.total_ns * 1.0 / nullif(l.finished, 0) AS mean_ns, l.self_ns"
      " FROM slice l JOIN function f ON f.id = l.function JOIN process p ON p.id = l.process" },
    { "losses", "what is missing, in words",
      "CREATE VIEW losses AS SELECT p.log, t.name AS thread, c.about AS cause, l.count, l.unknown, l.first_ns, l.last_ns"
      " FROM loss l JOIN process p ON p.id = l.process LEFT JOIN loss_cause c ON c.id = l.cause LEFT JOIN thread t ON t.id = l.thread" },
    { NULL, NULL, NULL }
};
