"""Definition records to Python, after docs/format.md (sections 2, 4 and 8)."""

ABCS = ("Hashable Awaitable Coroutine AsyncIterable AsyncIterator AsyncGenerator Iterable Iterator Generator Reversible "
        "Sized Container Collection Callable Set MutableSet Mapping MutableMapping MappingView KeysView ItemsView ValuesView "
        "Sequence MutableSequence ByteString Buffer").split()
TYPE_FLAGS = "heap abstract abc protocol exception enum typeddict metaclass custom_check poses".split()
KINDS = "unresolved type special module typevar newtype alias literal other".split()
VAR_FLAGS = "bound constraints paramspec tuple lazy".split()
ANNOT_FLAGS = "wrapper unreadable strings".split()
NODE_FLAGS = ("function class overload abstract protocol type_checking main_guard trivial decorated comprehension lambda "
              "annotate empty imported").split()


def bits(names, value):
    assert value >> len(names) == 0, f"unknown bits in {value:#x}"
    return {name for i, name in enumerate(names) if value >> i & 1}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def u32(self):
        self.at += 4
        return int.from_bytes(self.data[self.at - 4:self.at], "little")

    def zigzag(self):
        u = self.varint()
        return u >> 1 ^ -(u & 1)

    def str(self):
        n = self.varint()
        self.at += n
        assert self.at <= len(self.data)
        return self.data[self.at - n:self.at].decode("utf-8", "surrogatepass")

    def list(self, read):
        return [read() for _ in range(self.varint())]


def payload(data, want):
    r = Reader(data)
    kind, length = r.varint(), r.varint()
    assert kind == want and r.at + length == len(data), (kind, length, len(data))
    return r


def func(data):
    r = payload(data, 18)
    d = dict(id=r.varint(), co_flags=r.varint(), line=r.varint(), posonly=r.varint(), positional=r.varint(), kwonly=r.varint(),
             fingerprint=r.u32(), module=r.str(), qualname=r.str(), file=r.str(), params=r.list(r.str))
    assert r.at == len(data)
    return d


def type_(data, types):
    r = payload(data, 6)
    name = lambda: types[r.varint() - 1]
    d = dict(id=r.varint(), flags=bits(TYPE_FLAGS, r.varint()), abcs=bits(ABCS, r.varint()), module=r.str(), qualname=r.str(),
             mro=r.list(name), virtual=r.list(name), members=r.list(r.str))
    assert r.at == len(data)
    return d


def annot(data, types):
    """Names as {(name, is literal): (kind, type or text, flags)}."""
    r = payload(data, 3)
    func_id, flags = r.varint(), bits(ANNOT_FLAGS, r.varint())
    annotations = dict(r.list(lambda: (r.str(), r.str())))
    names = {}
    for _ in range(r.varint()):
        kind, type_id, var = KINDS[r.varint()], r.varint(), r.varint()
        name, text = r.str(), r.str()
        key = (name, kind == "literal")
        assert key not in names, f"{name} stands twice"
        names[key] = (kind, types[type_id - 1] if type_id else text, bits(VAR_FLAGS, var))
    defaults = dict(r.list(lambda: (r.varint(), types[r.varint() - 1])))
    assert r.at == len(data)
    return dict(func=func_id, flags=flags, annotations=annotations, names=names, defaults=defaults)


def tree(data):
    r = payload(data, 15)
    module, file, fingerprint = r.str(), r.str(), r.u32()
    n = r.varint()
    backs, joins, flags, co_flags, lines, names = ([read() for _ in range(n)] for read in (r.varint, r.varint, r.varint, r.varint, r.zigzag, r.str))
    nodes, line = [], 0
    for i in range(n):
        line += lines[i]
        join = ("", ".", ".<locals>.")[joins[i]]
        qualname = (nodes[i - backs[i]]["qualname"] if join else "") + join + names[i]
        nodes.append(dict(parent=i - backs[i], flags=bits(NODE_FLAGS, flags[i]), co_flags=co_flags[i], line=line, qualname=qualname))
    assert r.at == len(data) and fingerprint
    return dict(module=module, file=file, nodes=nodes)
