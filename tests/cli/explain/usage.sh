# what cannot be asked
story s
ghost explain
ghost explain --session --anomaly 1234 ./s
ghost explain --diff ./s
ghost explain --anomaly ffff ./s
ghost explain validate_order ./s --backend nobody
ghost explain validate_order ./s --dry-run --backend gemini --base-url http://example.com
ghost explain validate_order ./s --dry-run --backend openai
