"""docs/format.md, section 3: the file as a sequence of zstd frames.

The borders of a frame are found by RFC 8878's own rules, without unpacking,
so that a frame that does not decode still says where the next one begins."""

import shutil
import struct
import subprocess
from dataclasses import dataclass

from reader_wire import Cursor, Malformed, xxh64

VERSION = 2
CONTENT_MAX = 16 << 20
COMPRESSED_MAX = 17 << 20
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
HEADER_MAGIC = struct.pack("<I", 0x184D2A50)
INDEX_MAGIC = struct.pack("<I", 0x184D2A51)


class NeedsNewer(Exception):
    """The file asks for a later reader."""


class Cut(Exception):
    """The file ends inside a frame."""


@dataclass
class Frame:
    offset: int
    size: int
    content: bytes


@dataclass
class Damage:
    offset: int
    size: int
    cut: bool
    reason: str


@dataclass
class Header:
    version: int
    oldest_reader: int
    process: bytes


@dataclass
class Index:
    events: int
    lost: int
    start_real_ns: int
    end_real_ns: int
    blocks: list


def _unpacker():
    try:
        import zstandard
        return lambda data, size: zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except ImportError:
        pass
    try:
        from compression import zstd  # CPython 3.14 and later
        return lambda data, size: zstd.decompress(data)
    except ImportError:
        pass
    command = shutil.which("zstd")
    if not command:
        raise SystemExit("ghost_reader: neither the Python package zstandard nor the zstd command is there; "
                         "install one of them")

    def by_command(data, size):
        done = subprocess.run([command, "-dcq"], input=data, capture_output=True, timeout=60)
        if done.returncode:
            raise Malformed("zstd refuses the frame")
        return done.stdout
    return by_command


_unpack = _unpacker()


def _zstd_extent(data, pos):
    """Size of the zstd frame at `pos` and of its content."""
    start = pos

    def need(n):
        if pos + n > len(data):
            raise Cut
    need(5)
    descriptor = data[pos + 4]
    single, checksum = descriptor >> 5 & 1, descriptor >> 2 & 1
    fcs_size = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    if descriptor & 8:
        raise Malformed("a reserved bit of the zstd frame is set")
    pos += 5 + (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3]
    need(fcs_size)
    if not fcs_size:
        raise Malformed("a frame without its content size")
    if not checksum:
        raise Malformed("a frame without checksum")
    content = int.from_bytes(data[pos:pos + fcs_size], "little") + (256 if fcs_size == 2 else 0)
    if content > CONTENT_MAX:
        raise Malformed(f"a frame of {content} bytes")
    pos += fcs_size
    last = False
    while not last:
        need(3)
        head = int.from_bytes(data[pos:pos + 3], "little")
        last, kind, size = head & 1, head >> 1 & 3, head >> 3
        if kind == 3:
            raise Malformed("a reserved kind of zstd block")
        pos += 3 + (1 if kind == 1 else size)
        if pos - start > COMPRESSED_MAX:
            raise Malformed("a frame above the size limit")
        need(0)
    need(4)
    return pos + 4 - start, content


def _frame_at(data, pos):
    size, content_size = _zstd_extent(data, pos)
    try:
        content = _unpack(data[pos:pos + size], content_size)
    except Exception as e:
        raise Malformed(f"zstd: {e}") from None
    if len(content) != content_size:
        raise Malformed("the content is not as long as the frame says")
    return Frame(pos, size, content)


def parse_header(data):
    """The header and where it ends."""
    if len(data) < 8:
        raise Cut
    if data[:4] != HEADER_MAGIC or data[8:16] != b"GHOSTLOG"[:max(0, len(data) - 8)]:
        raise Malformed("not a Ghost log")
    if len(data) < 48:
        raise Cut
    size = struct.unpack_from("<I", data, 4)[0]
    if size < 40:
        raise Malformed("the header is too short")
    if struct.unpack_from("<Q", data, 40)[0] != xxh64(data[8:40]):
        raise Malformed("the header's checksum is wrong")
    version, oldest = struct.unpack_from("<HH", data, 16)
    if oldest > VERSION:
        raise NeedsNewer(f"the log needs a reader of format version {oldest}; this one reads version {VERSION}")
    return Header(version, oldest, data[24:40]), 8 + size


def parse_index(data, pos):
    """The index frame at `pos` and its size."""
    if pos + 8 > len(data):
        raise Cut
    size = 8 + struct.unpack_from("<I", data, pos + 4)[0]
    if pos + size > len(data):
        raise Cut
    if size < 72 or data[pos + 8:pos + 16] != b"GHOSTIDX" or data[pos + size - 4:pos + size] != b"GIDX":
        raise Malformed("not an index")
    if struct.unpack_from("<I", data, pos + size - 8)[0] != size:
        raise Malformed("the index has two sizes")
    end = pos + size - 16
    if struct.unpack_from("<Q", data, end)[0] != xxh64(data[pos + 8:end]):
        raise Malformed("the index's checksum is wrong")
    events, lost, start, finish, n = struct.unpack_from("<5Q", data, pos + 16)
    at = Cursor(data, pos + 56, end)
    blocks, offset = [], 0
    if n * 5 > at.left():
        raise Malformed("the index counts more blocks than it holds")
    for _ in range(n):
        offset += at.varint()
        blocks.append((offset, at.varint(), at.varint(), start + at.zigzag(), at.varint()))
    return Index(events, lost, start, finish, blocks), size


def scan(data, pos=0):
    """Frames, Damage and Index from `pos` on, in file order."""
    while pos < len(data):
        item, reason, cut = None, "", False
        try:
            item, size = _item_at(data, pos)
        except Cut:
            reason, cut = "the file ends inside a frame", True
        except Malformed as e:
            reason = str(e)
        if item is None:
            size, cut = _resync(data, pos, cut)
            yield Damage(pos, size, cut, reason)
        elif not isinstance(item, Header):
            yield item
        pos += size


def _item_at(data, pos):
    magic = data[pos:pos + 4]
    if len(magic) < 4:
        raise Cut
    if magic == ZSTD_MAGIC:
        frame = _frame_at(data, pos)
        return frame, frame.size
    if magic == INDEX_MAGIC:
        return parse_index(data, pos)
    raise Malformed("these bytes are no frame")


def _resync(data, pos, cut):
    """Bytes up to the next place where something decodes, and whether the file is cut."""
    at = pos
    while True:
        nexts = [p for p in (data.find(ZSTD_MAGIC, at + 1), data.find(INDEX_MAGIC, at + 1)) if p >= 0]
        if not nexts:
            return len(data) - pos, cut
        at = min(nexts)
        try:
            _item_at(data, at)
            return at - pos, False
        except (Cut, Malformed):
            continue
