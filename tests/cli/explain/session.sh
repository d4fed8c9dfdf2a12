# a whole session
story s
ghost explain --session ./s
