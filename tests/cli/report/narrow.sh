# names are cut to fit, figures never
story s
COLUMNS=84 ghost report ./s --top 4
COLUMNS=20 ghost report ./s --top 2
