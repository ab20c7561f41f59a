#!/usr/bin/env python3
"""Writes damaged checkpoint folders: make_corpus.py OUT writes one folder a case below OUT.

Every case starts from one small valid checkpoint (HGRN, one layer, width 8, 256 bytes as vocabulary)
and changes one thing. CASES is the table: the name of the case, what is done to the folder, and what
the message must say, which is the file and the key or value at fault. run_corpus.py runs it.
"""

import json
import math
import os
import struct
import sys
import zlib
from pathlib import Path

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
LM_HEAD, EMBEDDINGS, NORM = "lm_head.weight", "model.embeddings.weight", "model.norm.weight"
F_PROJ, BOUNDS = "model.layers.0.attn.f_proj.weight", "model.lower_bounds"
HALVES = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")

BASE_CONFIG = {
    "architectures": ["HGRNForCausalLM"], "attn": None, "attn_mode": "fused_recurrent", "attnres_block_size": None,
    "bos_token_id": 0, "conv_size": 4, "dtype": "bfloat16", "elementwise_affine": True, "eos_token_id": 0,
    "expand_ratio": 1, "fuse_cross_entropy": False, "fuse_linear_cross_entropy": False, "fuse_norm": True,
    "fuse_swiglu": True, "hidden_act": "swish", "hidden_ratio": 4, "hidden_size": 8, "initializer_range": 0.02,
    "intermediate_size": None, "max_position_embeddings": 2048, "model_type": "hgrn", "norm_eps": 1e-06,
    "num_hidden_layers": 1, "pad_token_id": 0, "tie_word_embeddings": False, "transformers_version": "5.17.0",
    "use_cache": True, "use_l2warp": False, "use_lower_bound": True, "use_short_conv": False, "vocab_size": 256,
}

BASE_SHAPES = {
    LM_HEAD: [256, 8], EMBEDDINGS: [256, 8],
    F_PROJ: [8, 8], "model.layers.0.attn.g_norm.weight": [8], "model.layers.0.attn.g_proj.weight": [8, 8],
    "model.layers.0.attn.i_proj.weight": [8, 8], "model.layers.0.attn.o_proj.weight": [8, 8],
    "model.layers.0.attn_norm.weight": [8], "model.layers.0.mlp.down_proj.weight": [8, 256],
    "model.layers.0.mlp.gate_proj.weight": [256, 8], "model.layers.0.mlp.up_proj.weight": [256, 8],
    "model.layers.0.mlp_norm.weight": [8], BOUNDS: [1, 8], NORM: [8],
}
DATA_BYTES = sum(2 * math.prod(shape) for shape in BASE_SHAPES.values())


# ---------------------------------------------------------------------------------------------------
# A checkpoint before it is written
# ---------------------------------------------------------------------------------------------------

def bfloat16(values):
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def layout(shapes):
    """A header of BF16 tensors end to end."""
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    return header


def contents(shapes):
    """Small numbers of both signs that depend on the tensor's name only, so that shards hold what one file holds."""
    return b"".join(bfloat16(((zlib.crc32(name.encode()) + i * 37) % 101 - 50) / 400 for i in range(math.prod(shape)))
                    for name, shape in shapes.items())


def packed(header, data, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def safetensors(shapes):
    return packed(layout(shapes), contents(shapes))


class Folder:
    """A valid folder, whose files a case then changes."""

    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True)
        self.write(CONFIG, json.dumps(BASE_CONFIG, indent=2))
        self.write(WEIGHTS, safetensors(BASE_SHAPES))

    def write(self, name, content):
        (self.path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, name):
        return (self.path / name).read_bytes()

    def remove(self, name):
        (self.path / name).unlink()


# ---------------------------------------------------------------------------------------------------
# What a case may do to a folder
# ---------------------------------------------------------------------------------------------------

def content(name, new):
    """The file `name` holds `new`, or what the function `new` makes of it."""
    return lambda folder: folder.write(name, new(folder.read(name)) if callable(new) else new)


def config(remove=(), **changes):
    def apply(folder):
        folder.write(CONFIG, json.dumps({k: v for k, v in (BASE_CONFIG | changes).items() if k not in remove}, indent=2))
    return apply


def config_text(old, new):
    """`old` stands once in the text of the configuration and becomes `new`."""
    def replace(text):
        assert text.count(old.encode()) == 1, old
        return text.replace(old.encode(), new if isinstance(new, bytes) else new.encode())
    return content(CONFIG, replace)


def entry(tensor, **changes):
    """The header says something else about one tensor; None takes the key away."""
    header = layout(BASE_SHAPES)
    merged = header[tensor] | changes
    header[tensor] = {key: value for key, value in merged.items() if value is not None}
    return content(WEIGHTS, packed(header, contents(BASE_SHAPES)))


def header(change, data=b""):
    """The header is what `change` makes of the valid one; `data` follows the valid data."""
    return content(WEIGHTS, packed(change(layout(BASE_SHAPES)), contents(BASE_SHAPES) + data))


def header_text(change):
    return header(lambda valid: change(json.dumps(valid).encode()))


def only(text, data=b""):
    """The file is this header and this data."""
    return content(WEIGHTS, packed(text if isinstance(text, bytes) else text.encode(), data))


def length(number):
    return content(WEIGHTS, lambda valid: struct.pack("<Q", number) + valid[8:])


def cut(size):
    """The file ends after `size` bytes; negative: that many before its end."""
    return content(WEIGHTS, lambda valid: valid[:size])


def shapes(remove=(), **changes):
    """A well-formed file of other tensors. Names are given with __ for a dot."""
    changed = BASE_SHAPES | {name.replace("__", "."): shape for name, shape in changes.items()}
    return content(WEIGHTS, safetensors({k: v for k, v in changed.items() if k not in remove}))


def both(*changes):
    def apply(folder):
        for change in changes:
            change(folder)
    return apply


def link(name, target):
    def apply(folder):
        folder.remove(name)
        os.symlink(target, folder.path / name)
    return apply


def outside(name):
    """A valid file, but it lies beside the folder and a link in the folder leads to it."""
    def apply(folder):
        moved = folder.path.parent / (folder.path.name + "-outside-" + name)
        (folder.path / name).rename(moved)
        os.symlink("../" + moved.name, folder.path / name)
    return apply


def inside(name):
    """A link that stays in the folder, which is allowed."""
    def apply(folder):
        (folder.path / name).rename(folder.path / "blob")
        os.symlink("blob", folder.path / name)
    return apply


def folder_instead(name):
    def apply(folder):
        folder.remove(name)
        (folder.path / name).mkdir()
    return apply


def pipe_instead(name):
    def apply(folder):
        folder.remove(name)
        os.mkfifo(folder.path / name)
    return apply


def absent(name):
    return lambda folder: folder.remove(name)


def whole_folder(replace):
    """The folder goes, and `replace(its path)` may put something else in its place."""
    def apply(folder):
        for file in folder.path.iterdir():
            file.unlink()
        folder.path.rmdir()
        replace(folder.path)
    return apply


def unreadable(name):
    return lambda folder: (folder.path / name).chmod(0)


def sparse(size):
    """The valid weights and then a hole: long, but nothing on the disk."""
    return lambda folder: os.truncate(folder.path / WEIGHTS, size)


def sharded(change=lambda weight_map, parts: None, index=None):
    """Two shards and their index, after `change(weight_map, shapes of each shard)`."""
    def apply(folder):
        names = list(BASE_SHAPES)
        parts = {HALVES[0]: {n: BASE_SHAPES[n] for n in names[:7]}, HALVES[1]: {n: BASE_SHAPES[n] for n in names[7:]}}
        weight_map = {name: shard for shard, part in parts.items() for name in part}
        change(weight_map, parts)
        folder.remove(WEIGHTS)
        for shard, part in parts.items():
            folder.write(shard, safetensors(part))
        text = json.dumps({"metadata": {"total_size": DATA_BYTES}, "weight_map": weight_map}, indent=2)
        folder.write(INDEX, text if index is None else index(text) if callable(index) else index)
    return apply


def placed(shard):
    """The index says that lm_head.weight is in `shard`."""
    return sharded(lambda weight_map, parts: weight_map.update({LM_HEAD: shard}))


def in_both(weight_map, parts):
    parts[HALVES[1]] = parts[HALVES[1]] | {LM_HEAD: BASE_SHAPES[LM_HEAD]}


def shard_gone(weight_map, parts):
    del parts[HALVES[1]]


def out_of_index(weight_map, parts):
    del weight_map[NORM]


def out_of_shard(weight_map, parts):
    del parts[HALVES[1]][NORM]


def surplus_in_index(weight_map, parts):
    weight_map["model.ghost.weight"] = HALVES[0]


# ---------------------------------------------------------------------------------------------------
# The table
# ---------------------------------------------------------------------------------------------------

class Case:
    """`says`: all of these stand in the message. `family`: only who knows HGRN can object.
    `folder`: for a command that takes folders only. `valid`: it must be accepted. `as_nobody`: the case needs a user
    for whom permissions count."""

    def __init__(self, name, change, *says, family=False, folder=False, valid=False, as_nobody=False):
        self.name, self.change, self.says = name, change, says
        self.family, self.folder, self.valid, self.as_nobody = family, folder, valid, as_nobody

    def make(self, root):
        folder = Folder(Path(root) / self.name)
        self.change(folder)
        return folder.path


def family(name, change, *says):
    return Case(name, change, *says, family=True)


def valid(name, change):
    return Case(name, change, valid=True)


HEADER_BYTES = len(json.dumps(layout(BASE_SHAPES)))
FIRST = 2 * 256 * 8  # where lm_head.weight ends and the embeddings begin

CASES = [
    # Controls: what is refused below is refused for the damage, not for the size or shape of the checkpoint.
    valid("valid", lambda folder: None),
    valid("valid-sharded", sharded()),
    valid("valid-link-inside", inside(WEIGHTS)),
    valid("valid-metadata", header(lambda h: {"__metadata__": {"format": "pt"}} | h)),
    valid("valid-padded-header", header_text(lambda text: text + b" " * 61)),
    valid("valid-other-order", header(lambda h: dict(reversed(h.items())))),
    valid("valid-escaped-names", header_text(lambda text: text.replace(b"lm_head", b"\\u006cm_head"))),
    valid("valid-stray-file", content("notes.safetensors", b"nothing of the kind")),

    # The folder.
    Case("folder-absent", whole_folder(lambda path: None), "folder-absent: error:", "No such file"),
    Case("folder-is-file", whole_folder(lambda path: path.write_bytes(b"")), "folder-is-file: error:", "not a folder", folder=True),
    Case("folder-empty", whole_folder(lambda path: path.mkdir()), CONFIG, "No such file"),
    Case("folder-unreadable", unreadable("."), "Permission denied", as_nobody=True),
    Case("config-absent", absent(CONFIG), CONFIG, "No such file"),
    Case("config-is-folder", folder_instead(CONFIG), CONFIG, "is a folder"),
    Case("config-is-pipe", pipe_instead(CONFIG), CONFIG, "not a regular file"),
    Case("config-link-outside", outside(CONFIG), CONFIG, "outside the folder"),
    Case("config-link-to-device", link(CONFIG, "/dev/zero"), CONFIG, "outside the folder"),
    Case("config-link-loop", link(CONFIG, CONFIG), CONFIG, "Too many levels"),
    Case("config-link-dangling", link(CONFIG, "gone.json"), CONFIG, "No such file"),
    Case("config-unreadable", unreadable(CONFIG), CONFIG, "Permission denied", as_nobody=True),
    Case("weights-absent", absent(WEIGHTS), WEIGHTS, INDEX, "neither"),
    Case("weights-is-folder", folder_instead(WEIGHTS), WEIGHTS, "is a folder"),
    Case("weights-is-pipe", pipe_instead(WEIGHTS), WEIGHTS, "not a regular file"),
    Case("weights-link-outside", outside(WEIGHTS), WEIGHTS, "outside the folder"),
    Case("weights-link-dangling", link(WEIGHTS, "gone.safetensors"), WEIGHTS, "No such file"),
    Case("weights-unreadable", unreadable(WEIGHTS), WEIGHTS, "Permission denied", as_nobody=True),
    Case("weights-and-index", content(INDEX, '{"weight_map": {}}'), WEIGHTS, INDEX, "both"),

    # The text of config.json.
    Case("config-empty", content(CONFIG, ""), CONFIG + ":1:1", "ends where a value is wanted"),
    Case("config-only-space", content(CONFIG, " \n\t"), CONFIG + ":2:2", "ends where a value is wanted"),
    Case("config-not-json", content(CONFIG, "hidden_size = 8\n"), CONFIG + ":1:1", "'h'"),
    Case("config-truncated", content(CONFIG, lambda text: text[:len(text) // 2]), CONFIG, "end"),
    Case("config-trailing-data", content(CONFIG, lambda text: text + b"\n{}"), CONFIG, "more after the end"),
    Case("config-trailing-comma", config_text('"vocab_size": 256', '"vocab_size": 256,'), CONFIG, "'}'", "a key"),
    Case("config-single-quotes", config_text('"hgrn"', "'hgrn'"), CONFIG, "a value is wanted"),
    Case("config-comment", content(CONFIG, lambda text: b"// made by hand\n" + text), CONFIG + ":1:1", "'/'"),
    Case("config-is-list", content(CONFIG, "[1, 2]"), CONFIG, "a list", "an object is wanted"),
    Case("config-is-null", content(CONFIG, "null"), CONFIG, "null", "an object is wanted"),
    Case("config-byte-order-mark", content(CONFIG, lambda text: b"\xef\xbb\xbf" + text), CONFIG, "byte order mark"),
    Case("config-utf16", content(CONFIG, lambda text: text.decode().encode("utf-16")), CONFIG, "UTF-8"),
    Case("config-invalid-utf8", config_text('"hgrn"', b'"hgr\xff"'), CONFIG, "UTF-8"),
    Case("config-overlong-utf8", config_text('"hgrn"', b'"hgr\xc1\xae"'), CONFIG, "UTF-8"),
    Case("config-lone-surrogate", config_text('"hgrn"', '"hgr\\ud800"'), CONFIG, "not a Unicode character"),
    Case("config-bad-escape", config_text('"hgrn"', '"hgr\\x6e"'), CONFIG, "escape"),
    Case("config-nul-byte", config_text('"hgrn"', b'"hg\x00rn"'), CONFIG, "control character"),
    Case("config-nul-after", content(CONFIG, lambda text: text + b"\0"), CONFIG, "more after the end"),
    Case("config-newline-in-string", config_text('"hgrn"', '"hg\nrn"'), CONFIG, "control character"),
    Case("config-open-string", config_text('"hgrn",', '"hgrn,'), CONFIG, "control character"),
    Case("config-duplicate-key", config_text('"vocab_size": 256', '"vocab_size": 256,\n  "hidden_size": 16'),
         CONFIG, "'hidden_size'", "twice"),
    Case("config-duplicate-escaped", config_text('"vocab_size": 256', '"vocab_size": 256,\n  "hidden\\u005fsize": 16'),
         CONFIG, "'hidden_size'", "twice"),
    Case("config-duplicate-nested", config_text('"attn": null', '"attn": {"layers": 1, "layers": 2}'), CONFIG, "'layers'", "twice"),
    Case("config-nan", config_text("1e-06", "NaN"), CONFIG, "NaN", "not JSON"),
    Case("config-infinity", config_text("1e-06", "-Infinity"), CONFIG, "-Infinity", "not JSON"),
    Case("config-leading-zero", config_text('"hidden_size": 8', '"hidden_size": 08'), CONFIG, "','", "'8'"),
    Case("config-plus-sign", config_text('"hidden_size": 8', '"hidden_size": +8'), CONFIG, "'+'"),
    Case("config-hexadecimal", config_text('"hidden_size": 8', '"hidden_size": 0x8'), CONFIG, "'x'"),
    Case("config-endless-number", config_text('"hidden_size": 8', '"hidden_size": 8' + "0" * 100_000),
         CONFIG, "longer than 400"),
    Case("config-deep", config_text('"attn": null', '"attn": ' + "[" * 100_000), CONFIG, "deeper than 64"),
    Case("config-deep-objects", config_text('"attn": null', '"attn": ' + '{"a":' * 100_000), CONFIG, "deeper than 64"),
    Case("config-many-values", config_text('"attn": null', '"attn": [' + "0," * 2_100_000 + "0]"),
         CONFIG, "more than 2000000 values"),
    Case("config-too-long", content(CONFIG, lambda text: text + b" " * (16 << 20)), CONFIG, "16777216"),

    # The length of the header and the end of the file.
    Case("weights-empty", content(WEIGHTS, b""), WEIGHTS, "0 bytes"),
    Case("weights-cut-in-length", cut(7), WEIGHTS, "7 bytes"),
    Case("weights-cut-after-length", cut(8), WEIGHTS, f"{HEADER_BYTES}", "only 0 bytes"),
    Case("weights-cut-in-header", cut(8 + HEADER_BYTES // 2), WEIGHTS, f"header length is {HEADER_BYTES}"),
    Case("weights-cut-before-data", cut(8 + HEADER_BYTES), WEIGHTS, "data_offsets", "beyond the 0 bytes"),
    Case("weights-cut-in-first-tensor", cut(8 + HEADER_BYTES + 9), WEIGHTS, LM_HEAD, "beyond the 9 bytes"),
    Case("weights-cut-in-last-tensor", cut(-1), WEIGHTS, NORM, f"beyond the {DATA_BYTES - 1} bytes"),
    Case("weights-one-byte-more", header(lambda h: h, data=b"\0"), WEIGHTS, f"{DATA_BYTES}", f"{DATA_BYTES + 1}"),
    Case("weights-sparse", sparse(1 << 36), WEIGHTS),
    Case("weights-not-safetensors", content(WEIGHTS, b"PK\x03\x04" + bytes(400)), WEIGHTS, "header length"),
    Case("weights-lfs-pointer", content(WEIGHTS, "version https://git-lfs.github.com/spec/v1\n"), WEIGHTS, "header length"),
    Case("header-length-0", length(0), WEIGHTS, "length 0", "'{'"),
    Case("header-length-1", length(1), WEIGHTS, "header", "ends where"),
    Case("header-length-one-less", length(HEADER_BYTES - 1), WEIGHTS, "header", "ends where"),
    Case("header-length-one-more", length(HEADER_BYTES + 1), WEIGHTS, "header"),
    Case("header-length-beyond-file", length(HEADER_BYTES + DATA_BYTES + 1), WEIGHTS, f"{HEADER_BYTES + DATA_BYTES + 1}"),
    Case("header-length-limit", length(100_000_001), WEIGHTS, "100000001", "limit"),
    Case("header-length-2^63", length(1 << 63), WEIGHTS, str(1 << 63)),
    Case("header-length-2^64-1", length((1 << 64) - 1), WEIGHTS, str((1 << 64) - 1)),
    Case("header-length-wraps", length((1 << 64) - 8), WEIGHTS, str((1 << 64) - 8)),
    Case("header-length-big-endian", content(WEIGHTS, lambda valid: valid[7::-1] + valid[8:]), WEIGHTS, "header length"),

    # The text of the header.
    Case("header-space-first", header_text(lambda text: b" " + text), WEIGHTS, "'{'"),
    Case("header-is-list", only("[]"), WEIGHTS, "'{'"),
    Case("header-not-json", only("{tensors}"), WEIGHTS, "byte 1", "'t'"),
    Case("header-nul-padding", header_text(lambda text: text + bytes(7)), WEIGHTS, "more after the end"),
    Case("header-twice", header_text(lambda text: text + text), WEIGHTS, "more after the end"),
    Case("header-byte-order-mark", header_text(lambda text: b"\xef\xbb\xbf" + text), WEIGHTS, "'{'"),
    Case("header-invalid-utf8", header_text(lambda text: text.replace(b"lm_head", b"lm_h\xe9ad")), WEIGHTS, "UTF-8"),
    Case("header-deep", only('{"a":' + "[" * 1_000_000), WEIGHTS, "deeper than 64"),
    Case("header-many-values", only('{"a":[' + "0," * 2_100_000 + "0]}"), WEIGHTS, "more than 2000000 values"),
    Case("header-duplicate-tensor", header_text(lambda text: text[:-1] + b"," + text[1:]), WEIGHTS, f"'{LM_HEAD}'", "twice"),
    Case("header-duplicate-key", header_text(lambda text: text.replace(b'"dtype"', b'"dtype": "F32", "dtype"', 1)),
         WEIGHTS, "'dtype'", "twice"),
    Case("header-no-tensors", only("{}", b"\0\0"), WEIGHTS, "end at byte 0 of the 2"),
    Case("header-metadata-list", header(lambda h: {"__metadata__": []} | h), WEIGHTS, "__metadata__", "a list"),
    Case("header-metadata-number", header(lambda h: {"__metadata__": {"step": 3}} | h), WEIGHTS, "'step'", "a string"),

    # Entries of the header.
    Case("entry-is-list", header(lambda h: h | {NORM: [1]}), WEIGHTS, NORM, "a list"),
    Case("entry-is-null", header(lambda h: h | {NORM: None}), WEIGHTS, NORM, "null"),
    Case("entry-without-dtype", entry(NORM, dtype=None), WEIGHTS, NORM, "'dtype'", "missing"),
    Case("entry-without-shape", entry(NORM, shape=None), WEIGHTS, NORM, "'shape'", "missing"),
    Case("entry-without-offsets", entry(NORM, data_offsets=None), WEIGHTS, NORM, "'data_offsets'", "missing"),
    Case("entry-unknown-key", entry(NORM, strides=[2]), WEIGHTS, NORM, "'strides'"),
    Case("entry-name-empty", header(lambda h: h | {"": h.pop(NORM)}), WEIGHTS, "''", "name"),
    Case("entry-name-nul", header(lambda h: h | {"norm\0": h.pop(NORM)}), WEIGHTS, "'norm\\x00'"),
    Case("entry-name-terminal", header(lambda h: h | {"\x1b[31mnorm": h.pop(NORM)}), WEIGHTS, "'\\x1B[31mnorm'"),
    Case("entry-name-long", header(lambda h: h | {"n" * 100_000: h.pop(NORM)}), WEIGHTS, "100000 bytes", "1024"),
    Case("dtype-unknown", entry(NORM, dtype="BF17"), WEIGHTS, NORM, "'BF17'"),
    Case("dtype-lower-case", entry(NORM, dtype="bf16"), WEIGHTS, NORM, "'bf16'"),
    Case("dtype-below-byte", entry(NORM, dtype="F4"), WEIGHTS, NORM, "'F4'"),
    Case("dtype-number", entry(NORM, dtype=16), WEIGHTS, NORM, "'dtype'", "an integer"),
    Case("dtype-long", entry(NORM, dtype="F" * 1_000_000), WEIGHTS, NORM, "1000000 bytes"),
    Case("dtype-other-size", entry(NORM, dtype="F32"), WEIGHTS, NORM, "16 bytes", "32"),
    Case("shape-negative", entry(NORM, shape=[-8]), WEIGHTS, NORM, "-8"),
    Case("shape-two-negatives", entry(F_PROJ, shape=[-8, -8]), WEIGHTS, F_PROJ, "-8"),
    Case("shape-2^63", entry(NORM, shape=[1 << 63]), WEIGHTS, NORM, str(1 << 63)),
    Case("shape-2^64", entry(NORM, shape=[1 << 64]), WEIGHTS, NORM, str(1 << 64)),
    Case("shape-product-wraps", entry(NORM, shape=[1 << 32, 1 << 32, 8]), WEIGHTS, NORM, "2^63 - 1 bytes"),
    Case("shape-bytes-wrap", entry(NORM, shape=[(1 << 62) + 4, 2]), WEIGHTS, NORM, "2^63 - 1 bytes"),
    Case("shape-wraps-then-zero", entry(NORM, shape=[1 << 62, 1 << 62, 0]), WEIGHTS, NORM, "2^63 - 1 bytes"),
    Case("shape-zero", entry(NORM, shape=[0]), WEIGHTS, NORM, "[0]", "16 bytes"),
    Case("shape-empty", entry(NORM, shape=[]), WEIGHTS, NORM, "[]", "16 bytes"),
    Case("shape-fraction", entry(NORM, shape=[8.0]), WEIGHTS, NORM, "'shape'", "fraction"),
    Case("shape-string", entry(NORM, shape=["8"]), WEIGHTS, NORM, "'shape'", "a string"),
    Case("shape-null", entry(NORM, shape=[None]), WEIGHTS, NORM, "'shape'", "null"),
    Case("shape-nested", entry(NORM, shape=[[8]]), WEIGHTS, NORM, "'shape'", "a list"),
    Case("shape-number", entry(NORM, shape=8), WEIGHTS, NORM, "'shape'", "an integer"),
    Case("shape-rank-17", entry(NORM, shape=[8] + [1] * 16), WEIGHTS, NORM, "17 entries"),
    Case("shape-rank-million", entry(NORM, shape=[1] * 1_000_000), WEIGHTS, NORM, "1000000 entries"),
    Case("shape-one-too-many", entry(NORM, shape=[9]), WEIGHTS, NORM, "16 bytes", "18"),

    # Ranges.
    Case("range-one-entry", entry(NORM, data_offsets=[0]), WEIGHTS, NORM, "1 entries"),
    Case("range-three-entries", entry(NORM, data_offsets=[0, 16, 16]), WEIGHTS, NORM, "3 entries"),
    Case("range-negative", entry(NORM, data_offsets=[-16, 0]), WEIGHTS, NORM, "-16"),
    Case("range-2^64", entry(NORM, data_offsets=[1 << 64, (1 << 64) + 16]), WEIGHTS, NORM, str(1 << 64)),
    Case("range-fraction", entry(NORM, data_offsets=[0, 1.6e1]), WEIGHTS, NORM, "'data_offsets'", "fraction"),
    Case("range-string", entry(NORM, data_offsets="0-16"), WEIGHTS, NORM, "'data_offsets'", "a string"),
    Case("range-backwards", entry(NORM, data_offsets=[DATA_BYTES, DATA_BYTES - 16]), WEIGHTS, NORM, "before they begin"),
    Case("range-beyond-file", entry(NORM, data_offsets=[DATA_BYTES, DATA_BYTES + 16]), WEIGHTS, NORM, f"{DATA_BYTES + 16}"),
    Case("range-far-beyond", entry(NORM, data_offsets=[(1 << 63) - 17, (1 << 63) - 1]), WEIGHTS, NORM, f"{(1 << 63) - 1}"),
    Case("range-same", entry(EMBEDDINGS, data_offsets=[0, FIRST]), WEIGHTS, EMBEDDINGS, LM_HEAD, "overlap"),
    Case("range-overlap", entry(EMBEDDINGS, data_offsets=[FIRST - 2, 2 * FIRST - 2]), WEIGHTS, EMBEDDINGS, LM_HEAD, "overlap"),
    Case("range-inside", header(lambda h: h | {"inner": {"dtype": "U8", "shape": [1], "data_offsets": [5, 6]}}),
         WEIGHTS, "inner", LM_HEAD, "overlap"),
    Case("range-empty-inside", header(lambda h: h | {"inner": {"dtype": "U8", "shape": [0], "data_offsets": [5, 5]}}),
         WEIGHTS, "'inner'", LM_HEAD, "overlap"),
    Case("range-gap", header(lambda h: {k: v for k, v in h.items() if k != EMBEDDINGS}), WEIGHTS, F_PROJ, str(FIRST), "no tensor"),
    Case("range-gap-first", header(lambda h: {k: v for k, v in h.items() if k != LM_HEAD}), WEIGHTS, EMBEDDINGS, "no tensor"),
    Case("range-gap-last", header(lambda h: {k: v for k, v in h.items() if k != NORM}), WEIGHTS, str(DATA_BYTES - 16), str(DATA_BYTES)),

    # Shards.
    Case("shard-absent", sharded(shard_gone), HALVES[1], "No such file"),
    Case("shard-parent", placed("../" + HALVES[0]), INDEX + ":", "'../" + HALVES[0] + "'", "plain file name"),
    Case("shard-absolute", placed("/etc/passwd"), INDEX + ":", "'/etc/passwd'", "plain file name"),
    Case("shard-dot-dot", placed(".."), INDEX + ":", "'..'", "plain file name"),
    Case("shard-dot", placed("."), INDEX + ":", "'.'", "plain file name"),
    Case("shard-subfolder", placed("sub/" + HALVES[0]), INDEX + ":", "'sub/" + HALVES[0] + "'", "plain file name"),
    Case("shard-backslash", placed("..\\" + HALVES[0]), INDEX + ":", HALVES[0], "plain file name"),
    Case("shard-empty-name", placed(""), INDEX + ":", "''", "plain file name"),
    Case("shard-nul-name", placed(HALVES[0] + "\0"), INDEX + ":", "\\x00'", "plain file name"),
    Case("shard-long-name", placed("s" * 100_000), INDEX, "100000 bytes", "plain file name"),
    Case("shard-is-config", placed(CONFIG), CONFIG, "header length"),
    Case("shard-is-folder", both(sharded(), folder_instead(HALVES[1])), HALVES[1], "is a folder"),
    Case("shard-link-outside", both(sharded(), outside(HALVES[1])), HALVES[1], "outside the folder"),
    Case("shard-link-to-twin", both(sharded(), link(HALVES[1], HALVES[0])), HALVES[1], LM_HEAD, HALVES[0]),
    Case("shard-truncated", both(sharded(), content(HALVES[1], lambda valid: valid[:-1])), HALVES[1], NORM, "beyond"),
    Case("shard-tensor-in-both", sharded(in_both), HALVES[1], LM_HEAD, HALVES[0]),
    Case("shard-tensor-elsewhere", placed(HALVES[1]), HALVES[0], LM_HEAD, HALVES[1]),
    Case("shard-lacks-tensor", sharded(out_of_shard), HALVES[1], NORM, "missing"),
    Case("shard-tensor-not-in-index", sharded(out_of_index), HALVES[1], NORM, "nowhere"),
    Case("index-names-ghost", sharded(surplus_in_index), HALVES[0], "model.ghost.weight", "missing"),
    Case("index-empty", sharded(index=""), INDEX + ":1:1", "ends where"),
    Case("index-list", sharded(index="[]"), INDEX, "a list"),
    Case("index-without-map", sharded(index='{"metadata": {}}'), INDEX, "'weight_map'", "missing"),
    Case("index-map-null", sharded(index='{"weight_map": null}'), INDEX, "'weight_map'", "null"),
    Case("index-map-empty", sharded(index='{"weight_map": {}}'), INDEX, "'weight_map'", "empty"),
    Case("index-map-number", sharded(index='{"weight_map": {"lm_head.weight": 1}}'), INDEX, LM_HEAD, "an integer"),
    Case("index-unknown-key", sharded(index=lambda text: text.replace("metadata", "delta")), INDEX, "'delta'"),
    Case("index-duplicate", sharded(index=lambda text: text.replace(f'"{NORM}"', f'"{LM_HEAD}"')), INDEX, LM_HEAD, "twice"),
    Case("index-truncated", sharded(index=lambda text: text[:-3]), INDEX, "ends where"),
    Case("index-is-link-outside", both(sharded(), outside(INDEX)), INDEX, "outside the folder"),

    # What only HGRN's importer can see: the configuration.
    family("type-absent", config(remove=["model_type"]), CONFIG, "model_type"),
    family("type-unknown", config(model_type="hgrn9"), CONFIG, "model_type", "hgrn9"),
    family("type-number", config(model_type=7), CONFIG, "model_type", "7"),
    family("type-path", config(model_type="../../hgrn"), CONFIG, "model_type", "../../hgrn"),
    family("architecture-other", config(architectures=["HGRNForImages"]), CONFIG, "architectures"),
    family("key-unknown", config(residual_scale=0.5), CONFIG, "'residual_scale'"),
    family("key-quantised", config(quantization_config={"bits": 4}), CONFIG, "'quantization_config'"),
    family("key-terminal", config(**{"\x1b[2J": 1}), CONFIG, "\\x1B[2J"),
    family("key-attention", config(attn={"layers": [0], "num_heads": 3}), CONFIG, "'attn.num_heads'", "3"),
    family("key-attention-unknown", config(attn={"layers": [0], "num_heads": 2, "sinks": 4}), CONFIG, "'attn.sinks'"),
    family("key-attention-layer", config(attn={"layers": [1], "num_heads": 2}), CONFIG, "'attn.layers", "1"),
    family("attention-without-weights", config(attn={"layers": [0], "num_heads": 2}), "attn.q_proj", "[8, 8]"),
    family("width-absent", config(remove=["hidden_size"]), CONFIG, "hidden_size"),
    family("width-string", config(hidden_size="8"), CONFIG, "hidden_size", "'8'", "integer"),
    family("width-fraction", config(hidden_size=8.5), CONFIG, "hidden_size", "8.5"),
    family("width-null", config(hidden_size=None), CONFIG, "hidden_size", "null"),
    family("width-bool", config(hidden_size=True), CONFIG, "hidden_size", "true"),
    family("width-list", config(hidden_size=[8]), CONFIG, "hidden_size", "list"),
    family("width-zero", config(hidden_size=0), CONFIG, "hidden_size", "0"),
    family("width-negative", config(hidden_size=-8), CONFIG, "hidden_size", "-8"),
    family("width-10^12", config(hidden_size=10**12), "1000000000000"),
    family("width-2^63", config(hidden_size=1 << 63), CONFIG, "hidden_size", str(1 << 63)),
    family("width-10^100", config(hidden_size=10**100), CONFIG, "hidden_size", "10000000000"),
    family("width-disagrees", config(hidden_size=16), "[256, 8]", "[256, 16]"),
    family("layers-zero", config(num_hidden_layers=0), CONFIG, "num_hidden_layers", "0"),
    family("layers-10^12", config(num_hidden_layers=10**12), CONFIG, "num_hidden_layers", "1000000000000"),
    family("layers-more", config(num_hidden_layers=2), "model.l"),
    family("layers-string", config(num_hidden_layers="1"), CONFIG, "num_hidden_layers", "'1'"),
    family("vocabulary-zero", config(vocab_size=0), CONFIG, "vocab_size", "0"),
    family("vocabulary-negative", config(vocab_size=-256), CONFIG, "vocab_size", "-256"),
    family("vocabulary-10^12", config(vocab_size=10**12), "1000000000000"),
    family("vocabulary-disagrees", config(vocab_size=257), "[256, 8]", "[257, 8]"),
    family("inner-10^12", config(intermediate_size=10**12), "1000000000000"),
    family("inner-disagrees", config(intermediate_size=512), "[512, 8]"),
    family("inner-zero", config(intermediate_size=0), CONFIG, "intermediate_size", "0"),
    family("ratio-huge", config(hidden_ratio=1e300), CONFIG, "hidden_ratio"),
    family("ratio-negative", config(hidden_ratio=-4), CONFIG, "hidden_ratio", "-4"),
    family("expand-zero", config(expand_ratio=0), CONFIG, "expand_ratio", "0"),
    family("expand-disagrees", config(expand_ratio=2), "16"),
    family("expand-string", config(expand_ratio="one"), CONFIG, "expand_ratio", "'one'"),
    family("epsilon-string", config(norm_eps="1e-6"), CONFIG, "norm_eps", "'1e-6'"),
    family("epsilon-negative", config(norm_eps=-1.0), CONFIG, "norm_eps", "-1"),
    family("epsilon-too-big", config_text("1e-06", "1e999"), CONFIG, "norm_eps", "1e999"),
    family("epsilon-infinite", config(norm_eps={"__float__": "Infinity"}), CONFIG, "norm_eps", "Infinity"),
    family("epsilon-not-a-number", config(norm_eps={"__float__": "NaN"}), CONFIG, "norm_eps"),
    family("activation-unknown", config(hidden_act="tanhshrink"), CONFIG, "hidden_act", "tanhshrink"),
    family("activation-null", config(hidden_act=None), CONFIG, "hidden_act", "null"),
    family("flag-string", config(use_lower_bound="true"), CONFIG, "use_lower_bound", "'true'"),
    family("flag-number", config(tie_word_embeddings=1), CONFIG, "tie_word_embeddings", "1"),
    family("flag-null", config(use_short_conv=None), CONFIG, "use_short_conv", "null"),
    family("convolution-without-weights", config(use_short_conv=True), "conv"),
    family("bounds-refused", config(use_lower_bound=False), BOUNDS),

    # What only HGRN's importer can see: the tensors.
    family("tensor-missing", shapes(remove=[F_PROJ]), F_PROJ, "[8, 8]"),
    family("tensor-missing-head", shapes(remove=[LM_HEAD]), LM_HEAD, "[256, 8]"),
    family("tensor-missing-bounds", shapes(remove=[BOUNDS]), BOUNDS, "[1, 8]"),
    family("tensor-missing-all", only("{}"), "missing"),
    family("tensor-surplus", shapes(model__layers__0__attn__g_proj__bias=[8]), "model.layers.0.attn.g_proj.bias"),
    family("tensor-surplus-layer", shapes(model__layers__1__attn_norm__weight=[8]), "model.layers.1.attn_norm.weight"),
    family("tensor-surplus-empty", shapes(model__extra=[0]), "model.extra"),
    family("tensor-transposed", shapes(model__layers__0__mlp__down_proj__weight=[256, 8]),
           "down_proj", "[256, 8]", "[8, 256]"),
    family("tensor-rank", shapes(model__norm__weight=[8, 1]), NORM, "[8, 1]", "[8]"),
    family("tensor-scalar", shapes(model__norm__weight=[]), NORM, "[]", "[8]"),
    family("tensor-zero-size", shapes(model__norm__weight=[0]), NORM, "[0]", "[8]"),
    family("tensor-integer", entry(NORM, dtype="I16"), NORM, "I16"),
    family("tensor-renamed", shapes(remove=[NORM], transformer__ln_f__weight=[8]), NORM),
]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_corpus.py OUT")
    for case in CASES:
        case.make(sys.argv[1])
    print(f"{len(CASES)} folders in {sys.argv[1]}")


if __name__ == "__main__":
    main()
