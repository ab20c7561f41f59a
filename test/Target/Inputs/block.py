"""block.py FILE   the weights that weights.mlir lays out, as numbers."""
import struct
import sys

data = open(sys.argv[1], "rb").read()
print(len(data), "bytes")
for kind, at, n in [("f32", 0, 3), ("bf16", 64, 16), ("f32", 128, 2), ("bf16", 192, 12), ("f32", 256, 3)]:
    if kind == "f32":
        values = struct.unpack_from(f"<{n}f", data, at)
    else:
        values = [struct.unpack("<f", b"\0\0" + data[at + 2 * i : at + 2 * i + 2])[0] for i in range(n)]
    print(kind, "at", f"{at}:", *(f"{v:g}" for v in values))
