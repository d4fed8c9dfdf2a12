#!/bin/sh
# Prints the CPythons that Ghost can record, one a line:
#     <minor without dot> <interpreter> <include folder> <x.y.z>
# All that are found, best first within a minor: the Makefile builds one recorder
# per minor, with the headers of the first.
#
# usage: find_pythons.sh [INTERPRETER...]   (given: only these; one that cannot be
# used is an error. Not given: search PATH, pyenv and /usr/bin; others are passed over)
set -u

probe='
import os, sys, sysconfig
def no(why):
    print("no", why)
    raise SystemExit
if sys.implementation.name != "cpython":
    no(sys.implementation.name + " is not CPython")
if not (3, 11) <= sys.version_info[:2] <= (3, 15):
    no("version %d.%d is outside 3.11 to 3.15" % sys.version_info[:2])
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    no("it is a free-threaded build")
if hasattr(sys, "gettotalrefcount"):
    no("it is a debug build")
include = sysconfig.get_path("include")
if not os.path.exists(os.path.join(include, "Python.h")):
    no("its headers are missing: no Python.h in %s (Debian: apt-get install python%d.%d-dev)"
       % ((include,) + sys.version_info[:2]))
exe = getattr(sys, "_base_executable", None) or sys.executable
print("%d%d" % sys.version_info[:2], os.path.realpath(exe), include, "%d.%d.%d" % sys.version_info[:3])
'

ask() { # INTERPRETER -> "MINOR EXE INCLUDE VERSION" or "no REASON"
    answer=$("$1" -I -S -c "$probe" 2>/dev/null) || answer="no it does not run"
    printf '%s\n' "$answer"
}

if [ $# -gt 0 ]; then
    for python in "$@"; do
        found=$(ask "$python")
        case $found in
        no\ *) echo "cannot build a recorder for $python: ${found#no }" >&2; exit 1 ;;
        *) printf '%s\n' "$found" ;;
        esac
    done
    exit 0
fi

candidates() {
    for minor in 11 12 13 14 15; do
        command -v "python3.$minor"
    done
    command -v python3
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-5].*/bin/python3 2>/dev/null
    ls -d /usr/local/bin/python3.1[1-5] /usr/bin/python3.1[1-5] 2>/dev/null
    return 0
}

candidates | while read -r python; do
    found=$(ask "$python")
    case $found in
    no\ *headers\ are\ missing*) echo "passed over $python: ${found#no }" >&2 ;;
    no\ *) ;;
    *) printf '%s\n' "$found" ;;
    esac
done | awk '!seen[$2]++'
