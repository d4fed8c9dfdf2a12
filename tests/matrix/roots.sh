#!/bin/sh
# Debian roots with CPythons that this machine lacks. Makes what is missing and
# prints, one a line, what can be used:  NAME FOLDER INTERPRETER...
# What cannot be had is told on stderr and left out.
#
#   GHOST_ROOTS   where roots are kept [/var/cache/ghost-roots]
set -u
GHOST_ROOTS=${GHOST_ROOTS:-/var/cache/ghost-roots}

# name, Debian suite, interpreters
roots='
forky forky python3.13 python3.14
sid   sid   python3.15
'
tools=gcc,libc6-dev,make,pkgconf,git,procps,zstd,libzstd-dev,libxxhash-dev,libsqlite3-dev,libcurl4-openssl-dev,libcjson-dev,libyaml-dev

no() { echo "matrix: $*" >&2; }

# The archive that this machine's own apt uses.
mirror() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's,^Debian|Debian|,,p' | head -n 1
}

complete() { # FOLDER INTERPRETER...
    folder=$1
    shift
    [ -x "$folder/usr/bin/make" ] && [ -e "$folder/usr/include/zstd.h" ] || return 1
    for python; do
        [ -x "$folder/usr/bin/$python" ] && [ -e "$folder/usr/include/$python/Python.h" ] || return 1
    done
}

make_root() { # NAME SUITE FOLDER INTERPRETER...
    name=$1 suite=$2 folder=$3
    shift 3
    [ "$(id -u)" = 0 ] || { no "$name: only root can make a Debian root"; return 1; }
    command -v debootstrap >/dev/null || apt-get install -qq -y debootstrap >/dev/null 2>&1 ||
        { no "$name: debootstrap is missing (apt-get install debootstrap)"; return 1; }
    from=$(mirror)
    [ -n "$from" ] || { no "$name: apt knows no Debian archive here"; return 1; }
    script=/usr/share/debootstrap/scripts/$suite
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid # all newer suites are made as sid is
    packages=$tools
    for python; do
        packages=$packages,$python,$python-dev,$python-venv
    done
    no "$name: making a root with $* in $folder (some minutes)"
    rm -rf "$folder.new"
    mkdir -p "$folder.new" &&
        timeout 600 debootstrap --variant=minbase --include="$packages" "$suite" "$folder.new" "$from" "$script" >"$folder.log" 2>&1 &&
        complete "$folder.new" "$@" && rm -rf "$folder" && mv "$folder.new" "$folder" && rm -f "$folder.log" && return 0
    no "$name: debootstrap did not get through; the last lines of $folder.log:"
    tail -n 3 "$folder.log" >&2
    rm -rf "$folder.new"
    return 1
}

printf '%s' "$roots" | while read -r name suite pythons; do
    [ -n "$name" ] || continue
    folder=$GHOST_ROOTS/$name
    # shellcheck disable=SC2086
    complete "$folder" $pythons || { mkdir -p "$GHOST_ROOTS" && make_root "$name" "$suite" "$folder" $pythons; } || continue
    echo "$name $folder $pythons"
done
