from package_app import sub


def value():
    return sub.dynamic


def lazy():
    return getattr(sub, "nothing", "default")
