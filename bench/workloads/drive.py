"""Runs one workload and measures its steady part, from inside: drive.py MODULE N OUT.

What counts is measured here and not around the process, so that starting Python, importing and a
peer's own end are no part of it. MODULE has prepare(), which returns work(n); work may return the
CPU seconds of threads it ran itself."""

import importlib
import json
import sys
import time


def peak_rss_kib():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    return 0


def main():
    module, n, out = importlib.import_module(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    work = module.prepare()
    work(module.WARM_UP)
    process, thread, wall = time.process_time(), time.thread_time(), time.perf_counter()
    of_threads = work(n) if n else None
    wall, thread, process = time.perf_counter() - wall, time.thread_time() - thread, time.process_time() - process
    with open(out, "w") as f:
        json.dump({"n": n, "wall": wall, "thread": thread + (of_threads or 0), "process": process,
                   "rss_kib": peak_rss_kib(), "version": sys.version.split()[0]}, f)


if __name__ == "__main__":
    main()
