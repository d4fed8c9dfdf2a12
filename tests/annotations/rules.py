"""Where typeguard or beartype says something else than Ghost: which rule decides. (checker, pattern, why); the pattern is searched in
"ANNOTATION OR DEFINITION <- ARGUMENT OR CALL". A checker that refuses an annotation says nothing and needs no rule.

"spec" is the Python typing specification."""

RULES = [
    # what is accepted
    ("beartype", r"^bytes <- (bytearray|memoryview)", "PEP 484 lets bytes stand for bytearray and memoryview; PEP 688 ended that for new code, Ghost accepts both readings"),
    ("beartype", r" <- (Anything|unittest\.mock\.)", "spec, 'Special types: Any': a class derived from Any is assignable to every type; so are mocks, as typeshed has them"),
    ("typeguard", r" <- unittest\.mock\.NonCallableMock", "the same: typeshed derives NonCallableMock from Any"),
    ("beartype", r"^(IO|TextIO|BinaryIO|IO\[str\]) <- io\.", "typing.IO and its two are the types of what open() returns (spec, 'typing.IO'); the in-memory streams of io are theirs by typeshed"),
    ("typeguard", r"^SupportsRound\[int\] <- 1", "typeguard compares signatures and cannot read that of a C method; spec, 'Protocols': __round__ is there"),
    ("both", r"x: (int|'int'|A) = None\): pass <- F\((None)?\)", "PEP 484 let None as default make the parameter Optional; the specification lets checkers still do so"),
    ("typeguard", r"\*a: \*tuple\[int, str\]", "PEP 646: the elements of *args, one by one"),
    ("typeguard", r"-> 'Iterator\[A\]'", "typeguard takes a generator for one only where Iterator is no string; spec, 'Forward references'"),
    ("both", r"def inner\(self\): return f\(1\).*F\('the wrapper", "functools.wraps copies hints; they are those of the wrapped function, which gets another argument"),
    ("beartype", r"\[X = int\]", "PEP 696: a default is no bound"),
    ("beartype", r"^typing_extensions\.Buffer", "PEP 688: whatever offers the buffer protocol"),
    ("typeguard", r"^typing_extensions\.Buffer", "PEP 688: whatever offers the buffer protocol"),
    # what is refused
    ("typeguard", r"^(set|Set\[int\]|set\[str\]) <- ", "typeguard takes any collections.abc.Set for set; spec, 'Nominal types': set is the class"),
    ("beartype", r"^(Movie|Partial) <- ", "spec, 'Typed dictionaries': a value of a TypedDict type is a dict at run time, another Mapping is not"),
    ("typeguard", r"^Alias <- 'x'", "spec, 'Type aliases': a string as TypeAlias is the annotation in it; typeguard does not resolve it"),
    ("typeguard", r"OnlyForCheckers\]' <- ", "typeguard skips what it cannot resolve as a whole; list and dict are known whatever is in them"),
    ("typeguard", r"x: 'OnlyForCheckers', y: int", "a name that cannot be resolved says nothing about the other parameters; typeguard gives up on the call"),
    ("typeguard", r"^(Final|ClassVar)\[int\]|ReadOnly\[int\]|Required\[int\]", "a type qualifier says nothing else than X about the value's type; typeguard passes over it"),
    ("typeguard", r"^type (Opt|Vec|Cb)_F_\[", "PEP 695: a generic alias means its value with X replaced; typeguard does not follow it"),
    ("typeguard", r"\[X: 'A'\]", "spec, 'Forward references': a bound may be a string; typeguard does not resolve it there"),
    ("typeguard", r"\*\*?a?k?: int\): pass <- F\(.*,", "typeguard looks at the first element of *args and **kwargs only; each is of the annotated type (PEP 484)"),
    ("typeguard", r"\*a: Unpack\[Tuple", "PEP 646: the elements of *args, one by one; typeguard passes over Unpack"),
    ("beartype", r"x: (int = 'x'|list = \(\))\): pass <- F\(\)", "beartype does not look at defaults; the value in the function is the default"),
    ("both", r"class Inner: \.\.\..*Inner'?\): pass", "spec, 'Forward references': names are looked up in the class, too"),
    ("typeguard", r"@dataclasses\.dataclass", "typeguard instruments source; the __init__ that dataclasses writes has the fields' annotations"),
    ("beartype", r"def F.*(Iterator|Iterable|Generator)\[.*yield", "beartype checks the generator object; spec, 'Generators': Y is the type of what is yielded, R of what is returned"),
    ("typeguard", r"yield from x", "typeguard does not check what is delegated; a caller gets it as a yield of this generator all the same"),
    ("beartype", r"def (inner|F_inner|m)\(.*F\(", "beartype decorates the outer function only"),
    ("typeguard", r"class Local", "typeguard does not instrument a class inside a function"),
    ("typeguard", r"typing\.TypeIs\[int\]", "spec, 'Type narrowing': such a function returns bool"),
]
