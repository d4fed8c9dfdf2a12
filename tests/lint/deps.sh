#!/bin/sh
# The layers of docs/architecture.md:
#   include <- nothing of ours, the C library only
#   format  <- include; zstd, xxhash
#   recorder <- include, format; Python.h
#   explain <- include, format; SQLite, libcurl, cJSON
#   analyzer <- include, format, explain; SQLite and friends; never Python.h
# Besides: every header compiles alone, CPython's version is asked for in
# recorder/pycompat*.h only, and no two files share a name.
set -u
bad=0
say() { echo "deps: $*"; bad=1; }

# layer | our folders it may include from | libraries it may include
layers='
include  | include                         | -
format   | include format                  | zstd.h zstd_errors.h xxhash.h
recorder | include format recorder         | Python.h structmember.h internal/pycore_ pycore_ opcode.h frameobject.h cpuid.h x86intrin.h xxhash.h
explain  | include format explain          | sqlite3.h curl/ cjson/
analyzer | include format analyzer explain | zstd.h xxhash.h sqlite3.h yaml.h ncurses.h cpuid.h x86intrin.h
'
# Headers of the C library and the kernel that anybody may include: what is left
# when the libraries named anywhere in this list are taken away.
libraries='Python.h structmember.h internal/ pycore_ opcode.h frameobject.h zstd xxhash.h sqlite3.h curl/ cjson/ yaml.h ncurses cmocka.h'

printf '%s' "$layers" | while IFS='|' read -r layer folders allowed; do
    layer=$(echo $layer)
    [ -n "$layer" ] || continue
    find "$layer" -name '*.[ch]' 2>/dev/null | sort | while read -r file; do
        grep -nE '^[[:space:]]*#[[:space:]]*include' "$file" | while IFS=: read -r line text; do
            name=$(printf '%s' "$text" | sed 's/^[^<"]*[<"]\([^>"]*\)[>"].*/\1/')
            case $text in
            *'"'*)
                case $name in
                ghost/*) from=include ;;
                */*) from=${name%%/*} ;;
                *) from=$(dirname "$file"); from=${from%%/*}
                   [ -e "$(dirname "$file")/$name" ] || from="?" ;;
                esac
                case "$from,$name" in
                "?,internal/pycore_"* | "internal,internal/pycore_"* | "?,pycore_"*)
                    [ "$layer" = recorder ] || echo "$file:$line includes CPython's $name"; continue ;;
                esac
                case " $folders " in
                *" $from "*) ;;
                *) echo "$file:$line includes \"$name\": $layer/ may include from:$folders (docs/architecture.md)" ;;
                esac ;;
            *)
                for library in $libraries; do
                    case $name in "$library"*)
                        ok=
                        for prefix in $allowed; do case $name in "$prefix"*) ok=1 ;; esac; done
                        [ -n "$ok" ] || echo "$file:$line includes <$name>: not a library of $layer/ (docs/architecture.md)" ;;
                    esac
                done ;;
            esac
        done
    done
done >"${TMPDIR:-/tmp}/ghost-deps.$$"
while read -r finding; do say "$finding"; done <"${TMPDIR:-/tmp}/ghost-deps.$$"
rm -f "${TMPDIR:-/tmp}/ghost-deps.$$"

# Headers alone, without and (recorder) with CPython's.
CC=${CC:-gcc}
flags='-std=c17 -D_GNU_SOURCE= -Wall -Wextra -Werror -fsyntax-only -Iinclude -I.'
python=$(scripts/find_pythons.sh 2>/dev/null | awk '{ print $3 }' | head -n 1)
headers=0
for header in include/ghost/*.h format/*.h analyzer/*.h explain/*.h recorder/*.h; do
    [ -e "$header" ] || continue
    extra=
    case $header in recorder/*)
        [ -n "$python" ] || continue
        extra="-isystem $python -isystem $python/internal" ;;
    esac
    headers=$((headers + 1))
    # Twice: a missing include guard shows, too.
    # shellcheck disable=SC2086
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" | $CC $flags $extra -Wno-unused-function -x c - ||
        say "$header does not compile alone (or not twice)"
done
[ -n "$python" ] || echo "deps: no CPython headers here, so recorder/*.h were not compiled alone"

found=$(grep -rnE '(PY_(VERSION_HEX|MAJOR_VERSION|MINOR_VERSION))' --include='*.[ch]' include format recorder analyzer explain 2>/dev/null |
    grep -vE '^recorder/pycompat[a-z_]*\.h:')
[ -z "$found" ] || say "CPython's version is asked for outside recorder/pycompat*.h:
$found"

# Names that tools give a meaning to may repeat.
twice=$(find include format recorder analyzer explain bench tests scripts mk -name corpus -prune -o \
        \( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name '*.mk' -o -name '*.py' \) -print 2>/dev/null |
    grep -vE '^tests/(apps|cli)/|/(__init__|__main__|conftest|sitecustomize|manage|settings|urls|views|wsgi|models|apps|run)\.(py|sh)$' |
    sed 's,.*/,,' | sort | uniq -d)
for name in $twice; do
    say "two files are called $name: $(find include format recorder analyzer explain bench tests scripts mk -name "$name" 2>/dev/null | tr '\n' ' ')"
done
[ $bad -eq 0 ] && echo "deps: layers hold, $headers headers compile alone, names are unique"
exit $bad
