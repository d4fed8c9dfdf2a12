"""The small parts of docs/format.md, section 2: numbers, strings, XXH64."""

import struct

MASK64 = (1 << 64) - 1
STR_MAX = 4096


class Malformed(Exception):
    """Bytes that contradict the format."""


class Cursor:
    """Reads one bounded piece of bytes from front to back."""

    __slots__ = ("data", "pos", "end")

    def __init__(self, data, pos=0, end=None):
        self.data, self.pos = data, pos
        self.end = len(data) if end is None else end

    def left(self):
        return self.end - self.pos

    def take(self, n):
        if n > self.left():
            raise Malformed(f"{n} bytes wanted, {self.left()} left")
        self.pos += n
        return self.data[self.pos - n:self.pos]

    def fixed(self, fmt):
        return struct.unpack("<" + fmt, self.take(struct.calcsize("<" + fmt)))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Malformed("a varint of more than 10 bytes")
        if byte == 0 and shift:
            raise Malformed("an over-long varint")
        if value > MASK64:
            raise Malformed("a varint above 64 bits")
        return value

    def zigzag(self):
        u = self.varint()
        return (u >> 1) ^ -(u & 1)

    def text(self):
        n = self.varint()
        if n > STR_MAX:
            raise Malformed(f"a string of {n} bytes")
        try:
            return self.take(n).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as e:
            raise Malformed(f"a string that is not UTF-8: {e.reason}") from None

    def count(self, least=1):
        """A number of items that take at least `least` bytes each."""
        n = self.varint()
        if n * least > self.left():
            raise Malformed(f"{n} items cannot stand in {self.left()} bytes")
        return n

    def varints(self, n):
        return [self.varint() for _ in range(n)]


_P1, _P2, _P3, _P4, _P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                           0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def _rotl(x, r):
    return ((x << r) | (x >> (64 - r))) & MASK64


def _round(acc, lane):
    return _rotl((acc + lane * _P2) & MASK64, 31) * _P1 & MASK64


def xxh64(data):
    """XXH64 with seed 0. Only the header and the index are hashed: speed does not matter."""
    data, n, pos = bytes(data), len(data), 0
    if n >= 32:
        acc = [(_P1 + _P2) & MASK64, _P2, 0, -_P1 & MASK64]
        while pos + 32 <= n:
            acc = [_round(a, lane) for a, lane in zip(acc, struct.unpack_from("<4Q", data, pos))]
            pos += 32
        h = sum(_rotl(a, r) for a, r in zip(acc, (1, 7, 12, 18))) & MASK64
        for a in acc:
            h = ((h ^ _round(0, a)) * _P1 + _P4) & MASK64
    else:
        h = _P5
    h = (h + n) & MASK64
    while pos + 8 <= n:
        h = (_rotl(h ^ _round(0, struct.unpack_from("<Q", data, pos)[0]), 27) * _P1 + _P4) & MASK64
        pos += 8
    if pos + 4 <= n:
        h = (_rotl(h ^ struct.unpack_from("<I", data, pos)[0] * _P1 & MASK64, 23) * _P2 + _P3) & MASK64
        pos += 4
    for byte in data[pos:]:
        h = _rotl(h ^ byte * _P5 & MASK64, 11) * _P1 & MASK64
    h = (h ^ h >> 33) * _P2 & MASK64
    h = (h ^ h >> 29) * _P3 & MASK64
    return h ^ h >> 32
