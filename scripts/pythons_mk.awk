# Turns the list of find_pythons.sh into make variables. The first interpreter of
# a minor builds its recorder; the others of that minor load the same one.
{
    if ($1 in first) { others[$1] = others[$1] " " $2; next }
    first[$1] = 1; minors = minors " " $1
    printf "python_%s := %s\ninclude_%s := %s\nversion_%s := %s\n", $1, $2, $1, $3, $1, $4
}
END {
    for (minor in others) printf "others_%s :=%s\n", minor, others[minor]
    printf "minors :=%s\n", minors
    printf "found_with := %s\n", key
}
