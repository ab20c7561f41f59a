"""Compiles checkpoint folders and compares the programs with references and with numpy in f64.

    family.py reference FOLDER [HELDOUT]   the library's logits, greedy text and score
    family.py random FAMILY SEED...        small random configurations against the oracle

Every form is compared: prefill, step by step, cuts, and the rows as one ragged batch of unequal prefixes.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../e2e/Inputs"))
from compiled import I32, Model  # noqa: E402
from strand_oracle import load  # noqa: E402
from strand_oracle.random_checkpoint import write_random  # noqa: E402
from strand_oracle.safetensors_io import read_file, write_file  # noqa: E402

TOLERANCE, NATS = 1e-5, 1e-4
MODES = ("prefill", "step", "cut", "cut:7")


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.decode()}")
    return done.stdout


def relative_rms(got, want):
    return float(np.sqrt(np.mean((got - want) ** 2) / max(np.mean(want ** 2), 1e-30)))


class Comparison:
    """Keeps the worst of all figures, each of which must be within the tolerance."""

    def __init__(self):
        self.worst = 0.0

    def __call__(self, what, got, want):
        error = relative_rms(got.astype(np.float64), want)
        if not error <= TOLERANCE:
            raise AssertionError(f"{what}: relative RMS {error:.2e} is above {TOLERANCE}")
        self.worst = max(self.worst, error)


def logits_of(program, ids, folder, mode):
    path, out = os.path.join(folder, "ids.safetensors"), os.path.join(folder, "logits.safetensors")
    write_file(path, {"input_ids": ids})
    run(program, "logits", "--input", path, "--output", out, "--mode", mode)
    return read_file(out)["logits"]


def compare_forms(program, library, ids, want, folder, compare):
    """ids [B, T], want [B, T, V]."""
    forms = {mode: logits_of(program, ids, folder, mode) for mode in MODES}
    for mode, got in forms.items():
        compare(mode, got, want)
        compare(f"{mode} and prefill", got, forms["prefill"].astype(np.float64))
    rng = np.random.default_rng(7)
    for threads in (1, 3):
        model = Model(library, rng, embedded=True)
        model.threads = model.lib.strand_rt_create(I32(threads))
        lengths = rng.integers(0, ids.shape[1] + 1, ids.shape[0])
        lengths[rng.integers(len(lengths))] = ids.shape[1]
        state = model.state(cache_rows=ids.shape[1])
        slots = rng.permutation(model.slots)[:len(lengths)]
        parts = [np.empty((0, want.shape[2])) for _ in lengths]
        for begin, end in ((0, 0.3), (0.3, 0.35), (0.35, 1)):
            pieces = [row[int(n * begin):int(n * end) if end < 1 else n] for row, n in zip(ids, lengths)]
            for i, got in enumerate(model.advance(state, slots, pieces)):
                parts[i] = np.concatenate([parts[i], got])
        for i, n in enumerate(lengths):
            if n:
                compare(f"ragged row {i} of {n}, {threads} threads", parts[i], want[i, :n])


def build(folder, where):
    """A program and a shared library, linked from one compilation as strandc links them (lib/Target/Link.cpp)."""
    program, library, model = (os.path.join(where, name) for name in ("model", "model.so", "model.a"))
    run("strandc", folder, "--emit=static", "-o", model)
    run("llvm-objcopy", "--set-symbol-visibility=m_weights=default", model)  # as --emit=shared has it
    cc, lib = os.environ["CC"], os.path.join(os.path.dirname(shutil.which("strandc")), "../lib")
    runtime, system = os.path.join(lib, "libstrand_rt.a"), ("-lm", "-lpthread")
    run(cc, "-pie", os.path.join(lib, "libstrand_main.a"), model, runtime, *system, "-o", program)
    run(cc, "-shared", "-Wl,-Bsymbolic", "-Wl,--whole-archive", model, runtime, "-Wl,--no-whole-archive", *system, "-o", library)
    return program, library


def greedy_of(reference):
    """Prompts and what the library goes on with. Trained checkpoints have the prompt, 128 bytes, before the text."""
    greedy, ids = reference["greedy"].astype(np.uint8), reference["input_ids"].astype(np.uint8)
    if "greedy_gap" in reference:
        return [(bytes(row), bytes(text)) for row, text in zip(ids, greedy)]
    return [(bytes(row[:128]), bytes(row[128:])) for row in greedy]


def check_reference(folder, heldout):
    reference = read_file(os.path.join(folder, "reference.safetensors"))
    with open(os.path.join(folder, "reference.json")) as f:
        facts = json.load(f)
    compare = Comparison()
    with tempfile.TemporaryDirectory() as where:
        program, library = build(folder, where)
        compare_forms(program, library, reference["input_ids"], reference["logits"].astype(np.float64), where, compare)
        for begin, text in greedy_of(reference):
            prompt = os.path.join(where, "prompt")
            with open(prompt, "wb") as f:
                f.write(begin)
            got = run(program, "generate", "--prompt-file", prompt, "--max-tokens", str(len(text)))
            if got != text:
                raise AssertionError(f"greedy text differs: {got!r}")
        line = f"{facts['name']}: {len(MODES)} forms and ragged rows right, greedy text equal"
        if heldout:
            score = json.loads(run(program, "score", "--json", "--window", "512", "--windows", "64", heldout))["nats_per_byte"]
            if not abs(score - facts["heldout_nats_per_byte"]) <= NATS:
                raise AssertionError(f"score {score}, reference {facts['heldout_nats_per_byte']}")
            line += ", windows scored"
            line += carried(program, facts["name"], heldout)
    print(f"{line}; worst relative RMS {compare.worst:.1e}")


def carried(program, name, heldout):
    """The score of the file as one sequence. carried.json has what numpy in f64 says of it (minutes a family):
    python3 -m strand_oracle score FOLDER heldout.bin"""
    with open(os.path.join(os.path.dirname(__file__), "carried.json")) as f:
        want = json.load(f)[name]
    got = json.loads(run(program, "score", "--json", heldout))["nats_per_byte"]
    if not abs(got - want) <= NATS:
        raise AssertionError(f"carried score {got}, numpy {want}")
    return ", file scored"


def check_random(family, seeds):
    for seed in seeds:
        compare = Comparison()
        with tempfile.TemporaryDirectory() as where:
            folder = os.path.join(where, "checkpoint")
            write_random(family, int(seed), folder)
            oracle = load(folder)
            ids = np.random.default_rng(int(seed)).integers(0, oracle.vocab, (3, 90)).astype(np.int32)
            program, library = build(folder, where)
            compare_forms(program, library, ids, oracle.forward(ids), where, compare)
        print(f"{family} {seed}: right; worst relative RMS {compare.worst:.1e}")


def main():
    if sys.argv[1] == "reference":
        check_reference(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    else:
        check_random(sys.argv[2], sys.argv[3:])


main()
