/* record.h - the kinds of record inside a log's frames, and the block's shapes.
 *
 * docs/format.md gives the bytes of each; a test compares that page with these
 * tables. Ids are never reused. Whether a reader may skip a record it does not
 * know is told by its id: odd ids are optional, even ids are required.
 *
 * A FUNCTION is decoded to the same definition as a FUNC, a MODULE to the same as a
 * TREE, the blocks of a BLOCKS to the same as a BLOCK: who visits a log knows the
 * older names only. */
#ifndef GHOST_RECORD_H
#define GHOST_RECORD_H

/* X(name, id, since format version, one line) */
#define GHOST_RECORDS(X)                                                                \
    X(META, 2, 1, "key/value pairs about the process")                                  \
    X(FUNC, 4, 1, "a function, with a longer fingerprint (read only)")                  \
    X(TYPE, 6, 1, "a type: names, MRO, ABC facts, member names")                        \
    X(SIG, 8, 1, "one combination of argument types of one function")                   \
    X(THREAD, 10, 1, "a thread of the process")                                         \
    X(BLOCK, 12, 1, "one block, its shapes in one time class (read only)")              \
    X(LOSS, 14, 1, "events that were not recorded: thread, cause, count, time span")    \
    X(BLOCKS, 16, 2, "blocks that share a table of shapes: events of one thread each, in columns") \
    X(FUNCTION, 18, 2, "a function: one code object and the module it runs in")         \
    X(ANNOT, 3, 1, "the annotations of a function, names resolved")                     \
    X(TREE, 5, 1, "the code objects of an executed module, in rows (read only)")        \
    X(MARK, 7, 1, "the name of a mark set by the application")                          \
    X(NOTE, 9, 1, "something the recorder wants the user to know")                      \
    X(CHILD, 11, 1, "a forked process that began a log of its own")                          \
    X(END, 13, 1, "the process ended in good order: totals")                            \
    X(MODULE, 15, 2, "all code objects inside an executed module, in columns")          \
    X(CONTENT, 17, 2, "what was seen inside a container: the types of its elements")    \
    X(SAMPLED, 19, 2, "how often a container of one content was seen at one place of a function")

enum ghost_record_kind {
#define X(name, id, since, text) GHOST_REC_##name = id,
    GHOST_RECORDS(X)
#undef X
};
#define GHOST_RECORD_REQUIRED(id) (((id) & 1) == 0)

/* The shapes of events inside a block: a block has a table of the distinct
 * shapes it uses, and each event is an index into it (docs/format.md, Block).
 * X(name, number, operand: 1 when an activation slot follows, a, b, line) */
#define GHOST_SHAPES(X)                                                                 \
    X(CALL, 1, 0, "func", "sig", "push a frame")                                        \
    X(GEN_CALL, 2, 1, "func", "sig", "begin an activation and push it")                 \
    X(RETURN, 3, 0, "type", "-", "pop; if it was an activation, it has ended")          \
    X(UNWIND, 4, 0, "type", "flags", "pop by exception; an activation has ended")       \
    X(YIELD, 5, 0, "type", "-", "pop an activation, which stays suspended")             \
    X(RESUME, 6, 1, "-", "-", "push a suspended activation")                            \
    X(THROW, 7, 1, "-", "-", "push a suspended activation, by throw() or close()")      \
    X(ABANDON, 8, 0, "-", "-", "pop a frame whose end was not seen (takes no time)")    \
    X(DROP, 9, 1, "-", "-", "end a suspended activation whose end was not seen")        \
    X(ADOPT, 10, 1, "func", "-", "push a frame that began before recording did")        \
    X(MARK, 11, 0, "mark", "-", "the application set a mark")                           \
    X(PAUSE, 12, 0, "-", "-", "recording was paused here")

enum ghost_shape_kind {
#define X(name, number, operand, a, b, text) GHOST_SH_##name = number,
    GHOST_SHAPES(X)
#undef X
    GHOST_SH_COUNT
};

/* Causes of loss. X(name, number, text for reports) */
#define GHOST_LOSSES(X)                                                                 \
    X(RING_FULL, 1, "the writer could not keep up and the policy was to drop")          \
    X(WRITE_FAILED, 2, "the log could not be written (disk full, file size limit, ...)") \
    X(SIZE_CAP, 3, "the log reached its size cap (--max-log)")                          \
    X(NO_RING, 4, "a thread or greenlet got no ring (descriptors, memory or disk exhausted, or thousands of greenlets at once)")       \
    X(STACK, 5, "calls too deep to be followed safely")                                 \
    X(FUNC_CAP, 6, "more functions than the format can number")                         \
    X(UNPAIRED, 7, "the end of a call whose beginning was not recorded")                \
    X(DAMAGE, 8, "a part of the file could not be read")                                \
    X(DEFINITION, 9, "a definition could not be stored")                                \
    X(NO_LOG, 10, "a forked process could not make a log of its own, or not finish it")

enum ghost_loss_cause {
#define X(name, number, text) GHOST_LOSS_##name = number,
    GHOST_LOSSES(X)
#undef X
    GHOST_LOSS_COUNT
};

/* Severity-free remarks of the recorder. X(name, number, text for the user) */
#define GHOST_NOTES(X)                                                                  \
    X(HOOK_PROFILE, 1, "the slower profile hook was used: exception types, throw() and threads made by _thread alone are not seen") \
    X(HOOK_LOST, 2, "another tool took over the hook; recording ended there")           \
    X(SUBINTERPRETER, 3, "a subinterpreter was started; its calls are not recorded")    \
    X(CLOCK_SLOW, 4, "no invariant TSC here; clock_gettime was used")                   \
    X(FAULT, 5, "the recorder met a fault of its own and switched itself off")          \
    X(ANON_RING, 6, "a ring had to live in plain memory; a kill would lose its events") \
    X(PAUSED, 7, "recording was paused and resumed by the application")                 \
    X(SIG_OTHER, 8, "a function has more argument signatures than are told apart")      \
    X(DEEP_FULL, 9, "more different contents of containers than --deep tells apart: later ones were not counted") \
    X(CHILD_LOST, 10, "the log of a forked process is missing: what it recorded is not in here")

enum ghost_note_code {
#define X(name, number, text) GHOST_NOTE_##name = number,
    GHOST_NOTES(X)
#undef X
};

#endif
