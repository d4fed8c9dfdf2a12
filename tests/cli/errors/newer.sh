# a log of a later format: says which version it needs
story s
cat > newer.py <<'END'
import struct, sys
import xxhash
b = bytearray(open("s/100-00000001.ghost", "rb").read())
b[16:20] = struct.pack("<HH", 9, 9)
b[40:48] = struct.pack("<Q", xxhash.xxh64_intdigest(bytes(b[8:40])))
open("newer.ghost", "wb").write(b)
END
$PYTHON newer.py && ghost report newer.ghost; echo status $?
