"""Command line: check, logits, score, random. Run as `python3 -m strand_oracle`."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from . import FAMILIES, load
from .random_checkpoint import write_random
from .safetensors_io import read_file, write_file

TOLERATED_RMS = 1e-5
TOLERATED_NATS = 1e-4
WINDOWS, WINDOW = 64, 512
PIECE = 512  # tokens a call carries the state over; any value gives the same result


def relative_rms(got, want):
    """|got - want| / |want| over all elements."""
    want = want.astype(np.float64)
    return float(np.sqrt(np.mean((got - want) ** 2) / np.mean(want ** 2)))


def nats(logits, targets):
    """logits [..., V], targets [...] -> -log softmax at the targets [...]."""
    top = logits.max(axis=-1, keepdims=True)
    total = np.log(np.exp(logits - top).sum(axis=-1)) + top[..., 0]
    return total - np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]


def greedy(model, prompt, count):
    """prompt [T] -> prompt followed by `count` ids, each the argmax after all before it."""
    ids = [int(token) for token in prompt]
    logits, state = model.forward(ids, model.init_state())
    while len(ids) < len(prompt) + count:
        ids.append(int(np.argmax(logits[-1])))
        logits, state = model.forward(ids[-1:], state)
    return np.array(ids)


def window_score(model, data, windows=WINDOWS, batch=4):
    """Mean nats per byte of windows of 512 bytes, each from an empty state, bytes 2 to 512."""
    rows = data[:windows * WINDOW].reshape(windows, WINDOW).astype(np.int64)
    parts = [nats(model.forward(rows[n:n + batch])[:, :-1], rows[n:n + batch, 1:])
             for n in range(0, windows, batch)]
    return float(np.mean(np.concatenate(parts)))


def carried_score(model, data):
    """Mean nats per byte of one sequence; the first byte is given."""
    ids, state, total = data.astype(np.int64), model.init_state(), 0.0
    for begin in range(0, len(ids) - 1, PIECE):
        piece = ids[begin:min(begin + PIECE, len(ids) - 1)]
        logits, state = model.forward(piece, state)
        total += float(nats(logits, ids[begin + 1:begin + 1 + len(piece)]).sum())
    return total / (len(ids) - 1)


def check(arguments):
    folder = Path(arguments.folder)
    model = load(folder)
    reference = read_file(folder / "reference.safetensors")
    facts = json.loads((folder / "reference.json").read_text())
    worst = relative_rms(model.forward(reference["input_ids"]), reference["logits"])
    print(f"relative RMS of logits (f64): {worst:.3e}")
    good = worst <= TOLERATED_RMS
    for row in reference["greedy"]:
        got = greedy(model, row[:arguments.given], len(row) - arguments.given)
        same = bool(np.array_equal(got, row))
        print(f"greedy continuation equal: {same}")
        good &= same
    if arguments.score:
        heldout = arguments.heldout or folder.parent / "heldout.bin"
        value = window_score(model, np.fromfile(heldout, np.uint8))
        want = facts["heldout_nats_per_byte"]
        print(f"nats per byte: {value:.7f}, reference {want:.7f}, difference {value - want:+.2e}")
        good &= abs(value - want) <= TOLERATED_NATS
    return 0 if good else 1


def logits_command(arguments):
    ids = read_file(arguments.input)["input_ids"]
    model = load(arguments.folder)
    write_file(arguments.output, {"logits": model.forward(ids).astype(np.float32)})
    return 0


def score(arguments):
    data = np.fromfile(arguments.file, np.uint8, count=arguments.bytes)
    if len(data) < 2:
        raise ValueError(f"{arguments.file}: needs two bytes, has {len(data)}")
    print(f"{carried_score(load(arguments.folder), data):.9f}")
    return 0


def random_command(arguments):
    write_random(arguments.family, arguments.seed, arguments.folder, hybrid=not arguments.no_hybrid)
    model, single = load(arguments.folder), load(arguments.folder, dtype=np.float32)
    ids = np.random.default_rng(arguments.seed).integers(0, model.vocab, 96)
    logits = model.forward(ids)
    if not np.all(np.isfinite(logits)):
        raise ValueError(f"seed {arguments.seed} gives logits that are not finite")
    # How far float32 arithmetic alone moves the logits: what a float32 program may be granted.
    print(f"{arguments.folder}: std of logits {logits.std():.3f}, "
          f"float32 relative RMS {relative_rms(single.forward(ids), logits):.1e}")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="strand_oracle", description=__doc__)
    commands = parser.add_subparsers(required=True)

    sub = commands.add_parser("check", help="compare with the folder's reference.safetensors")
    sub.add_argument("folder")
    sub.add_argument("--given", type=int, default=128, help="ids of a greedy row that are the prompt")
    sub.add_argument("--score", action="store_true", help="also the 64 windows of heldout.bin")
    sub.add_argument("--heldout", help="default: heldout.bin beside the folder")
    sub.set_defaults(run=check)

    sub = commands.add_parser("logits", help="input_ids [B, T] -> logits [B, T, V] in f32")
    sub.add_argument("folder")
    sub.add_argument("--input", required=True)
    sub.add_argument("--output", required=True)
    sub.set_defaults(run=logits_command)

    sub = commands.add_parser("score", help="nats per byte of a file as one sequence")
    sub.add_argument("folder")
    sub.add_argument("file")
    sub.add_argument("--bytes", type=int, default=-1, help="only the first so many")
    sub.set_defaults(run=score)

    sub = commands.add_parser("random", help="write a small random checkpoint folder")
    sub.add_argument("family", choices=FAMILIES)
    sub.add_argument("--seed", type=int, required=True)
    sub.add_argument("--no-hybrid", action="store_true", help="never softmax layers among fla's mixers")
    sub.add_argument("folder")
    sub.set_defaults(run=random_command)

    arguments = parser.parse_args()
    try:
        return arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
