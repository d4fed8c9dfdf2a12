#!/bin/sh
# Things that do not belong into tracked files: paths of the machine it was
# written on, hosts of package registries, conflict markers, big files, DOS line
# ends. (The patterns are spelled so that they do not match themselves.)
set -u
git rev-parse --git-dir >/dev/null 2>&1 || { echo "strangers: not a git checkout, nothing is tracked"; exit 0; }
bad=0
finding() { # heading, findings
    [ -z "$2" ] || { printf 'strangers: %s:\n%s\n' "$1" "$2"; bad=1; }
}
look() { finding "$1" "$(git ls-files -z | xargs -0 grep -InE "$2" --)"; }

look 'a path of somebody'"'"'s machine' '(^|[^[:alnum:]_.$~])/(root|work|home/[a-z]+)/[A-Za-z.]'
look 'a host of a package registry' '(p[y]pi\.org|p[y]thonhosted\.org|(deb|security|snapshot|ftp[.a-z]*)\.d[e]bian\.org|registry\.n[p]mjs|proxy\.g[o]lang|c[r]ates\.io)'
look 'a conflict marker' '^(<{7}|>{7}|={7})( |$)'

# Hosts that this machine's own pip and apt are told to use, whatever they are.
hosts=$( { python3 -m pip config list 2>/dev/null
           cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*proxy* 2>/dev/null | grep -v '^#'
           echo "${PIP_INDEX_URL:-} ${http_proxy:-} ${https_proxy:-}"; } |
    grep -oE 'https?://[^/"'"'"' ]+' | sed 's,.*//,,; s,.*@,,; s,:.*,,' | sort -u | grep -vE '^(localhost|127\.0\.0\.1|)$')
for host in $hosts; do
    look "the package host of this machine" "$(printf '%s' "$host" | sed 's/[.]/\\./g')"
done

finding 'DOS line ends' "$(git ls-files -z -- ':!tests/fuzz/corpus' | xargs -0 grep -lIU "$(printf '\r')\$" --)"
finding 'files above 1 MB' "$(git ls-files -z | xargs -0 stat -c '%s %n' | awk '$1 > 1000000 { print $2 " (" $1 " bytes)" }')"
[ $bad -eq 0 ] && echo "strangers: none in $(git ls-files | wc -l) tracked files"
exit $bad
