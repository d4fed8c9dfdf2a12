# Prints the help of the Makefile from its own comments:
#   ##@ Heading            starts a section
#   target: ... ## text    a target
#   #? KNOB text [default]  a knob
BEGIN { print "usage: make [TARGET] [KNOB=value ...]" }
/^##@ / { printf "\n%s\n", substr($0, 5); next }
/^[a-z][a-zA-Z0-9_-]*:.*## / {
    name = $0; sub(/:.*/, "", name)
    text = $0; sub(/.*## /, "", text)
    printf "  %-18s %s\n", name, text; next
}
/^#\? / { name = $2; text = $0; sub(/^#\? *[A-Z_]+ */, "", text); printf "  %-18s %s\n", name, text; next }
