# the template's page: what stands out first, then tables
story s
ghost explain calculate_discount ./s
COLUMNS=70 ghost explain validate_order ./s
LC_ALL=C ghost explain lines ./s
