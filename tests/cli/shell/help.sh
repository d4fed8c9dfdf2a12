ghost --help
ghost report --help
ghost help sessions | head -3
ghost --version | sed 's/ [0-9.]* / N /'
