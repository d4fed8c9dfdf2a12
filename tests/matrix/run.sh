#!/bin/sh
# The exact comparison, crashes and safety on CPythons that this machine lacks, in Debian roots (roots.sh).
# Builds in each root, with its compiler and headers, into build/matrix/NAME, and runs the tests there.
#
# usage: run.sh [PYTEST ARGUMENT...]     (none: the oracle's own tests, transcripts, exact, greenlets, crash, safety)
set -u
cd "$(dirname "$0")/../.." || exit 1
here=$PWD

if [ "${1:-}" = --inside ]; then # in the root: FOLDER NAME then the test arguments
    shift
    build=$1
    shift
    pythons=
    while [ "$1" != -- ]; do
        pythons="$pythons /usr/bin/$1"
        shift
    done
    shift
    export HOME=/root LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
    make --no-print-directory BUILD="$build" PYTHONS="$pythons" all >"$build/make.log" 2>&1 ||
        { tail -n 20 "$build/make.log"; echo "matrix: the build failed in this root"; exit 1; }
    # shellcheck disable=SC2086
    set -- ${pythons##* } -m pytest -p no:cacheprovider -q "$@"
    export GHOST_BIN="$here/$build/ghost" GHOST_TEST_PYTHONS="$pythons" PYTHONPATH="$here/build/matrix/pytest"
    export GHOST_TEST_PIP="$here/build/matrix/pytest/pip" # Debian's interpreters have none
    exec "$@"
fi

[ "$(id -u)" = 0 ] || { echo "matrix: SKIPPED: only root can enter the Debian roots"; exit 0; }
unshare -m true 2>/dev/null || { echo "matrix: SKIPPED: no mount namespaces here"; exit 0; }
[ $# -gt 0 ] || set -- tests/oracle tests/events tests/e2e/test_exact.py tests/e2e/test_greenlets.py tests/e2e/test_crash.py tests/e2e/test_safety.py

# These are pure Python: one copy for all interpreters.
if ! cmp -s tests/matrix/requirements.txt build/matrix/pytest/ready; then
    mkdir -p build/matrix
    python3 -m pip install -q --disable-pip-version-check --target build/matrix/pytest -r tests/matrix/requirements.txt 2>build/matrix/pip.log ||
        { cat build/matrix/pip.log; echo "matrix: SKIPPED: pytest cannot be installed"; exit 0; }
    cp tests/matrix/requirements.txt build/matrix/pytest/ready
fi

listing=build/matrix/roots
tests/matrix/roots.sh >"$listing"
[ -s "$listing" ] || { echo "matrix: SKIPPED: no Debian root can be had here"; exit 0; }
failed= seen=
while read -r name root pythons <&3; do
    echo "== $name: $pythons"
    mkdir -p "build/matrix/$name"
    # A mount namespace of its own: nothing stays mounted, however this ends.
    # The names and certificates that pip needs are this machine's.
    # shellcheck disable=SC2086,SC2016
    unshare -m --propagation private sh -c '
        root=$1 here=$2 name=$3
        shift 3
        # /tmp first: the checkout may be below it.
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" && mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" &&
            mkdir -p "$root$here" && mount --bind "$here" "$root$here" || exit 1
        for f in /etc/resolv.conf /etc/hosts /etc/ssl; do
            [ ! -e "$f" ] || [ ! -e "$root$f" ] || [ -L "$root$f" ] || mount --bind "$f" "$root$f" || exit 1
        done
        exec chroot "$root" sh "$here/tests/matrix/run.sh" --inside "build/matrix/$name" "$@"
    ' sh "$root" "$here" "$name" $pythons -- "$@" </dev/null && seen="$seen $pythons" || failed="$failed $name"
done 3<"$listing"
if [ -n "$failed" ]; then
    echo "matrix: FAILED:$failed"
    exit 1
fi
echo "matrix: passed with$seen"
