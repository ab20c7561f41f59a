"""A small strict reader and writer of safetensors files and checkpoint folders.

File: 8 bytes little-endian header length n, n bytes of JSON
`{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {...}}`,
then the data; offsets count from the end of the header.
"""

import json
import math
import struct
from pathlib import Path

import numpy as np

HEADER_LIMIT = 100_000_000
STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def bf16_to_f32(bits):
    """uint16 bits -> float32: bfloat16 is the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def f32_to_bf16(values):
    """float32 -> uint16 bits, rounded to nearest, ties to even (finite values only)."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def round_to_bf16(values):
    """float array -> float32 array whose values bfloat16 holds exactly."""
    return bf16_to_f32(f32_to_bf16(values))


def _object_without_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("duplicate key in a safetensors header")
    return dict(pairs)


def read_file(path):
    """Path -> {name: ndarray}; BF16 becomes float32, every other type stays."""
    data = Path(path).read_bytes()
    if len(data) < 8:
        raise ValueError(f"{path}: shorter than its header length")
    (size,) = struct.unpack_from("<Q", data)
    if size > min(HEADER_LIMIT, len(data) - 8):
        raise ValueError(f"{path}: header length {size} is outside the file")
    header = json.loads(data[8:8 + size], object_pairs_hook=_object_without_duplicates)
    body = memoryview(data)[8 + size:]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if dtype != "BF16" and dtype not in STORED:
            raise ValueError(f"{path}: {name} has unsupported dtype {dtype}")
        item = np.dtype("<u2" if dtype == "BF16" else STORED[dtype])
        if not 0 <= begin <= end <= len(body) or end - begin != item.itemsize * math.prod(shape):
            raise ValueError(f"{path}: {name} has offsets {begin}, {end} that do not fit {dtype} {shape}")
        array = np.frombuffer(body[begin:end], item).reshape(shape)
        tensors[name] = bf16_to_f32(array) if dtype == "BF16" else array
    return tensors


def write_file(path, tensors, bf16=()):
    """Writes {name: ndarray}; names in `bf16` are stored as BF16, others in their own type."""
    header, blobs, offset = {}, [], 0
    names = {np.dtype(text): tag for tag, text in STORED.items()}
    for name, array in tensors.items():
        if name in bf16:
            dtype, blob = "BF16", f32_to_bf16(array).astype("<u2").tobytes()
        else:
            dtype, blob = names[array.dtype], np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_folder(folder):
    """Checkpoint folder -> {name: ndarray}: one model.safetensors, or the shards of an index."""
    folder = Path(folder)
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return read_file(folder / "model.safetensors")
    weight_map = json.loads(index.read_text())["weight_map"]
    tensors = {}
    for shard in sorted(set(weight_map.values())):
        held = read_file(folder / shard)
        for name, array in held.items():
            if weight_map.get(name) != shard:
                raise ValueError(f"{shard}: {name} is not listed there by the index")
            tensors[name] = array
    missing = set(weight_map) - set(tensors)
    if missing:
        raise ValueError(f"{folder}: the index lists {sorted(missing)[0]}, which no shard holds")
    return tensors
