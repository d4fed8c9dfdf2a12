# names are cut to fit, figures never
story s
COLUMNS=84 ghost report ./s --top 4
COLUMNS=20 ghost report ./s --top 2
LC_ALL=en_US.ISO-8859-1 ghost report ./s --top 2
