# the same facts, the same prompt, byte for byte
story s
ghost explain calculate_discount ./s --dry-run --backend gemini
ghost explain validate_order ./s --dry-run --backend openai --model m --stream --lang de --ask 'does validate_order fail on Order?' --redact
ghost explain --session ./s --dry-run --backend gemini --stream --redact
