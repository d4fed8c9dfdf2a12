story s
ghost report ./s --sort exceptions --top 2 --format json
