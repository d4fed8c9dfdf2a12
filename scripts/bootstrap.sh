#!/bin/sh
# Makes sure that what a target needs is installed: finds out what is missing,
# installs it when it may (root or sudo, apt-get), else prints the line to type.
#
# usage: bootstrap.sh build|demo|check|fuzz
set -u
level=${1:?usage: bootstrap.sh build|demo|check|fuzz}

has() { command -v "$1" >/dev/null 2>&1; }
lib() { has pkg-config && pkg-config --exists "$1"; }
# A compiler alone is not enough: the C library's headers come in a package of their own.
compiles() { has gcc && echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; }
headers() { [ -n "$("$(dirname "$0")/find_pythons.sh" 2>/dev/null)" ]; }
# Debian's clang comes without the libraries of the sanitizers.
fuzzer() {
    has clang && echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p == 0 && n; }' |
        clang -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null
}
# The interpreter that venv.sh will take.
venv() {
    python=$("$(dirname "$0")/find_pythons.sh" 2>/dev/null | awk 'NR == 1 { print $2 }')
    "${python:-python3}" -c 'import ensurepip, venv' 2>/dev/null
}

# One row: the targets that need it, how to see that it is there, the Debian package.
missing=
while read -r levels package test; do
    case ",$levels," in *",$level,"*) ;; *) continue ;; esac
    $test || missing="$missing $package"
done <<'ROWS'
build,demo,check,fuzz gcc          has gcc
build,demo,check,fuzz libc6-dev    compiles
build,demo,check,fuzz pkg-config   has pkg-config
build,demo,check,fuzz libzstd-dev  lib libzstd
build,demo,check,fuzz libxxhash-dev lib libxxhash
build,demo,check      python3      has python3
build,demo,check      python3-dev  headers
demo,check            python3-venv venv
check                 libcmocka-dev lib cmocka
check                 zstd         has zstd
check                 valgrind     has valgrind
check                 sqlite3      has sqlite3
check                 openssl      has openssl
check                 procps       has ps
check                 curl         has curl
check                 strace       has strace
check                 zsh          has zsh
check                 fish         has fish
check,fuzz            clang        has clang
fuzz                  libclang-rt-dev fuzzer
ROWS

# What the command's sources use beyond that, as the Makefile tells it.
for need in sqlite3.h:sqlite3:libsqlite3-dev curl/curl.h:libcurl:libcurl4-openssl-dev \
            cjson/cJSON.h:libcjson:libcjson-dev yaml.h:yaml-0.1:libyaml-dev ncurses.h:ncursesw:libncurses-dev; do
    header=${need%%:*}; rest=${need#*:}
    grep -qs "^# *include *<$header>" analyzer/*.c explain/*.c || continue
    lib "${rest%%:*}" || missing="$missing ${rest#*:}"
done

[ -n "$missing" ] || exit 0
missing=${missing# }

if ! has apt-get; then
    echo "make $level needs what Debian calls: $missing" >&2
    echo "There is no apt-get here: install them with this system's package manager, then run make $level again." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then as_root=
elif has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then as_root=sudo
else
    echo "make $level needs packages, and installing them needs root. Type this, then run make $level again:" >&2
    echo "    sudo apt-get install -y $missing" >&2
    exit 1
fi
echo "installing: $missing"
# Package lists may be absent (a fresh image) or old: try, refresh, try again.
# shellcheck disable=SC2086
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1 </dev/null; }
log=$(mktemp) && trap 'rm -f "$log"' EXIT
install || { $as_root apt-get update -q >"$log" 2>&1 && install; } || {
    tail -n 15 "$log" >&2
    echo "apt-get could not install: $missing" >&2
    exit 1
}
