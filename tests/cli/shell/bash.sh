# the completion script, used as bash uses it
mkdir -p $GHOST_DATA_DIR/sessions/1700000000-0000beef
eval "$(ghost completion bash)"
complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ghost; echo "$*: ${COMPREPLY[*]}"; }
complete_line ghost rep
complete_line ghost report --so
complete_line ghost report --sort ""
complete_line ghost export --format c
complete_line ghost report 17
complete_line ghost completion ""
