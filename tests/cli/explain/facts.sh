# numbered facts
story s
ghost explain calculate_discount ./s --facts
ghost explain validate_order ./s --facts --format json
