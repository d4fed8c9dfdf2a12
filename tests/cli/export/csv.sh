story s
ghost export ./s --format csv | tr -d '\r'
