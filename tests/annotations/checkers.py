"""What typeguard and beartype say of each call, as JSON: {name: VERDICT}.

VERDICT is "match", "mismatch", or "refused: WHY" where the checker cannot judge the annotation at all. Both look into containers (typeguard at the
first element, beartype at one by chance): the cases that compare containers hold elements that fit.

usage: checkers.py FOLDER typeguard|typeguard-all|beartype    (a folder that generate.py has written to; -all: looks at every element)"""
import contextlib
import io
import json
import sys
import warnings


def verdict(call, violations):
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            call()
    except violations:
        return "mismatch"
    except Exception as e:
        return f"refused: {type(e).__name__}: {e}" if type(e).__module__.startswith(("typeguard", "beartype")) else "match"
    return "match"


def by_typeguard(strategy="FIRST_ITEM"):
    import typeguard

    typeguard.config.collection_check_strategy = typeguard.CollectionCheckStrategy[strategy]
    with typeguard.install_import_hook(["cases_under_test"]):
        import cases_under_test
    return {name: verdict(call, typeguard.TypeCheckError) for name, call in cases_under_test.CALLS.items()}


def decorated(module, name, beartype, conf):
    """What of the module belongs to the case, decorated."""
    for key, value in list(vars(module).items()):
        if key == name or key.startswith(name + "_"):
            if callable(value):
                setattr(module, key, beartype(conf=conf)(value))


def by_beartype():
    import beartype
    import beartype.roar
    import cases_under_test

    said = {}
    conf = beartype.BeartypeConf(is_pep484_tower=True)
    for name, call in cases_under_test.CALLS.items():
        try:
            decorated(cases_under_test, name, beartype.beartype, conf)
        except Exception as e:
            said[name] = f"refused: {type(e).__name__}: {e}"
            continue
        said[name] = verdict(call, beartype.roar.BeartypeCallHintViolation)
    return said


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    warnings.simplefilter("ignore")
    checker = sys.argv[2]
    by = {"typeguard": by_typeguard, "typeguard-all": lambda: by_typeguard("ALL_ITEMS"), "beartype": by_beartype}
    json.dump(by[checker](), sys.stdout)
