# each says what is wrong and what to do; all exit 2
t() { "$@"; echo "status $?"; }
t ghost repotr
t ghost report --srot calls
t ghost report --sort
t ghost report --sort loudness
t ghost report --top many
t ghost report --top=-1
t ghost report a b
t ghost report --modules=yes
t ghost sessions extra
t ghost completion tcsh
t ghost completion
t ghost help nothing
t ghost run -m --python python3 app
t ghost run --no-quite app.py
t ghost run --no-such app.py
t ghost --sort calls
