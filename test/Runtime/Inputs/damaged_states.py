"""damaged_states.py FILE   writes damaged copies of a state of the stub model, of one sequence of two rows.

The form is that of lib/Runtime/StateFile.c: head of 40 bytes, hash, sequences, entries, items, checksum.
"""
import struct
import sys

with open(sys.argv[1], "rb") as f:
    GOOD = f.read()
HASH_AT = 40
SEQUENCE_AT = HASH_AT + 8 + 64
ENTRY_AT = SEQUENCE_AT + 16
NAME = b"layers.0.memory"
TYPE_AT = ENTRY_AT + 8 + len(NAME)


def checksum(data):
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 % 2 ** 64
    return h


def write(name, data):
    with open(name + ".state", "wb") as f:
        f.write(data)


def sealed(body):
    """With the size and the checksum that belong to it."""
    body = body[:16] + struct.pack("<q", len(body) + 8) + body[24:]
    return body + struct.pack("<Q", checksum(body))


def put(at, value, code="q"):
    data = struct.pack("<" + code, value)
    return sealed(GOOD[:at] + data + GOOD[at + len(data):-8])


assert sealed(GOOD[:-8]) == GOOD
assert GOOD[TYPE_AT - len(NAME):TYPE_AT] == NAME
write("version", put(8, 2, "I"))
write("order", put(12, 0x04030201, "I"))
write("mark", put(12, 0, "I"))
write("cut", GOOD[:-9])
write("longer", GOOD + b"x")
write("flipped", GOOD[:-20] + bytes([GOOD[-20] ^ 1]) + GOOD[-19:])
write("sequences", put(24, 2 ** 62))
sequence, items_at = GOOD[SEQUENCE_AT:ENTRY_AT], len(GOOD) - 8 - 64 - 4 - 2 * 16
memory, position, keys = GOOD[items_at:items_at + 64], GOOD[items_at + 64:items_at + 68], GOOD[items_at + 68:-8]
head = GOOD[:24], GOOD[32:SEQUENCE_AT]
entries = GOOD[ENTRY_AT:items_at]
for name, n in (("none", 0), ("two", 2)):
    write(name, sealed(head[0] + struct.pack("<q", n) + head[1] + sequence * n + entries + memory * n + position * n + keys * n))
write("entries", put(32, 2))
write("length", put(SEQUENCE_AT, -5))
write("endless", put(SEQUENCE_AT, 2 ** 63 - 1))
write("rows", put(SEQUENCE_AT, 3))
write("token", put(SEQUENCE_AT + 8, 256))
write("name", put(TYPE_AT - 1, ord("x"), "B"))
write("type", put(TYPE_AT, 2))
write("bytes", put(TYPE_AT + 16, 65))
write("shape", put(TYPE_AT + 32, 17))
for name, count in (("count", 3), ("negative", -1)):
    write(name, put(items_at + 64, count, "i"))
write("more", sealed(GOOD[:-8] + b"12345678"))
