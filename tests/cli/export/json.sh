story s
ghost export ./s
