"""A pytest plugin for suites: multiprocessing.Pool lets its workers end, where it would kill them.

The oracle writes what it has counted when a process ends; of a killed one nothing is known. Ghost
would need no such help, but the plain run and Ghost's are made in the same way."""
import multiprocessing.pool


def leave(pool, *error):
    pool.close()
    pool.join()


multiprocessing.pool.Pool.__exit__ = leave
