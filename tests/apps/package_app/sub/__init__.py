def __getattr__(name):
    if name == "dynamic":
        return 42
    raise AttributeError(name)
