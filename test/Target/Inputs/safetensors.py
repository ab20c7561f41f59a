"""safetensors.py OUT NAME:DTYPE:AxBxC...   tensors whose element i is i/8 - 3 (exact in bf16 and f16 while short)."""
import json
import struct
import sys


def element(dtype, v):
    if dtype == "BF16":
        return struct.pack("<f", v)[2:]
    return struct.pack({"F32": "<f", "F16": "<e", "F64": "<d", "I32": "<i"}[dtype], int(v) if dtype == "I32" else v)


header, data = {}, b""
for word in sys.argv[2:]:
    name, dtype, dims = word.split(":")
    shape = [int(d) for d in dims.split("x")]
    n = 1
    for d in shape:
        n *= d
    body = b"".join(element(dtype, i / 8 - 3) for i in range(n))
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(body)]}
    data += body
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)
