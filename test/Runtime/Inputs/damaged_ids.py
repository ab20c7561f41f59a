"""Writes input files for `logits` into the current folder: good.safetensors and what can be wrong with one."""
import json
import struct


def write(name, head, data):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    with open(name + ".safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def tensor(shape, begin=0, end=24, dtype="I32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def ids(*values, code="i"):
    return struct.pack(f"<{len(values)}{code}", *values)


good = ids(1, 2, 3, 4, 5, 6)
write("good", {"input_ids": tensor([2, 3])}, good)
write("large", {"input_ids": tensor([2, 3])}, ids(1, 2, 3, 4, 5, 256))
write("negative", {"input_ids": tensor([2, 3])}, ids(1, -1, 3, 4, 5, 6))
write("wide", {"input_ids": tensor([1, 3], dtype="I64")}, ids(2 ** 32 + 1, 2, 3, code="q"))
write("flat", {"input_ids": tensor([6])}, good)
write("none", {"input_ids": tensor([3, 0], 0, 0)}, b"")
write("float", {"input_ids": tensor([2, 3], dtype="F32")}, good)
write("other", {"ids": tensor([2, 3])}, good)
write("short", {"input_ids": tensor([2, 3])}, good[:-1])
write("long", {"input_ids": tensor([2, 3])}, good + b"x")
write("shape", {"input_ids": tensor([2, 4])}, good)
write("huge", {"input_ids": tensor([2 ** 62, 2 ** 62, 6])}, good)
write("overlap", {"input_ids": tensor([2, 3]), "more": tensor([2, 3], 12, 36)}, good + good[:12])
write("twice", b'{"input_ids":%s,"input_ids":%s}' % ((json.dumps(tensor([2, 3])).encode(),) * 2), good)
write("deep", b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}", good)
open("empty.safetensors", "wb").close()
with open("head.safetensors", "wb") as f:
    f.write(b"\xff" * 8 + b"{}")
