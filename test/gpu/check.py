"""What run.sh does with the programs: check.py FOLDER LOGS.

Of each family: logits of every form against the reference, greedy text, the score of a text, states that a GPU saved going
on on a CPU and the other way round, speed, and compute-sanitizer where it is installed.
"""
import json
import os
import shutil
import subprocess
import sys

import numpy as np
from results import Results
from strand_oracle.safetensors_io import read_file, write_file

TOLERANCE, NATS = 1e-5, 1e-4
NARROW_TOLERANCE = 2e-2  # with rows in bf16
MODES = ("prefill", "step", "cut:7", "cut:90", "ragged")
SECONDS = 300  # of all together; what is left out then is said


def run(*command, timeout=120):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {' '.join(command)}: {done.stderr.decode()[-400:]}")
    return done.stdout


class Family:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.program, self.cpu = os.path.join(folder, name), os.path.join(folder, name + ".cpu")
        self.narrow = os.path.join(folder, name + ".bf16")
        self.reference = read_file(os.path.join(folder, name + ".safetensors"))
        with open(os.path.join(folder, name + ".json")) as f:
            self.facts = json.load(f)

    def path(self, what):
        return os.path.join(self.folder, f"{self.name}.{what}")

    def logits(self, mode, ids, command=(), program=None):
        write_file(self.path("ids"), {"input_ids": ids})
        run(*command, program or self.program, "logits", "--input", self.path("ids"), "--output", self.path("out"), "--mode", mode, timeout=300)
        return read_file(self.path("out"))["logits"].astype(np.float64)

    def form(self, mode, program=None, tolerance=TOLERANCE):
        got = self.logits(mode, self.reference["input_ids"], program=program)
        want = self.reference["logits"].astype(np.float64)
        error = float(np.sqrt(np.mean((got - want) ** 2) / np.mean(want ** 2)))
        if not error <= tolerance:
            row = [float(np.sqrt(np.mean((got[:, t] - want[:, t]) ** 2))) for t in (0, 1, 15, 16, 32, got.shape[1] - 1)]
            raise AssertionError(f"relative RMS {error:.2e} is above {tolerance}; NaN in {np.isnan(got).mean():.0%}; by row {row}")
        return f"relative RMS {error:.1e}"

    def continued(self, first, second, text, split, prompt):
        """The text that `second` writes after `first` wrote `split` bytes and saved its state."""
        state, count = self.path("state"), str(len(text) - split)
        begun = run(first, "generate", "--prompt-file", prompt, "--max-tokens", str(split), "--state-out", state)
        return begun + run(second, "generate", "--state-in", state, "--max-tokens", count)

    def prompt_and_text(self):
        """Untrained references have the continuation of their first input; trained ones a row of 128 bytes and its own."""
        row = self.reference["greedy"][0].astype(np.uint8)
        if "greedy_gap" in self.reference:
            return bytes(self.reference["input_ids"][0].astype(np.uint8)), bytes(row)
        return bytes(row[:128]), bytes(row[128:])

    def greedy(self, first, second=None):
        prompt, (given, want) = self.path("prompt"), self.prompt_and_text()
        assert want, "the reference has no text"
        with open(prompt, "wb") as f:
            f.write(given)
        if second:
            got = self.continued(first, second, want, len(want) // 2, prompt)
        else:
            got = run(first, "generate", "--prompt-file", prompt, "--max-tokens", str(len(want)))
        if got != want:
            raise AssertionError(f"text differs: {got!r}")
        return "text equal"

    def crossed(self):
        """Texts by programs of both types of rows, whose states hold keys and values in either."""
        prompt, (given, want) = self.path("prompt"), self.prompt_and_text()
        with open(prompt, "wb") as f:
            f.write(given)
        whole = run(self.narrow, "generate", "--prompt-file", prompt, "--max-tokens", str(len(want)))
        for first, second in ((self.narrow, self.cpu), (self.cpu, self.narrow)):
            got = self.continued(first, second, want, len(want) // 2, prompt)
            if got != whole:
                raise AssertionError(f"text differs: {got!r}, not {whole!r}")
        return "text equal"

    def score(self):
        text = os.path.join(self.folder, "heldout.bin")
        got = json.loads(run(self.program, "score", "--json", "--window", "512", "--windows", "64", text))["nats_per_byte"]
        if not abs(got - self.facts["heldout_nats_per_byte"]) <= NATS:
            raise AssertionError(f"{got} nats a byte, reference {self.facts['heldout_nats_per_byte']}")
        return f"{got:.4f} nats a byte"

    def bench(self):
        cases = json.loads(run(self.program, "bench", "--json", "--lengths", "128,1024", "--batches", "1,8,64", "--seconds", "0.1"))["cases"]
        return "; ".join(f"{c['kind']} {c['batch']}x{c['length']} {c['tokens_per_second_best']:.0f}/s" for c in cases)

    def sanitize(self, tool, logs, program):
        log = os.path.join(logs, f"{os.path.basename(program)}.{tool}.log")
        command = ("compute-sanitizer", "--tool", tool, "--error-exitcode", "9", "--log-file", log)
        self.logits("cut:33", self.reference["input_ids"][:2, :35], command, program)
        run(*command, program, "generate", "--prompt", "ab", "--max-tokens", "3", "--temperature", "1", "--top-k", "40", "--top-p", "0.9")
        return "clean"


def main():
    folder, logs = sys.argv[1:]
    names = sorted(f[:-len(".json")] for f in os.listdir(folder) if f.endswith(".json"))
    families, results = [Family(folder, name) for name in names], Results(SECONDS)
    for f in families:
        for mode in MODES:
            results.check(f"{f.name} {mode}", lambda: f.form(mode))
        if os.path.exists(f.narrow):
            for mode in ("prefill", "cut:90", "ragged"):
                results.check(f"{f.name} in bf16 {mode}", lambda: f.form(mode, f.narrow, NARROW_TOLERANCE))
        results.check(f"{f.name} greedy", lambda: f.greedy(f.program))
        if "heldout_nats_per_byte" in f.facts:
            results.check(f"{f.name} score", f.score)
        if os.path.exists(f.cpu):
            results.check(f"{f.name} state from GPU to CPU", lambda: f.greedy(f.program, f.cpu))
            results.check(f"{f.name} state from CPU to GPU", lambda: f.greedy(f.cpu, f.program))
        if os.path.exists(f.cpu) and os.path.exists(f.narrow):
            results.check(f"{f.name} state in bf16 from GPU to CPU and back", f.crossed)
    for f in families:
        results.check(f"{f.name} bench", f.bench)
    if shutil.which("compute-sanitizer"):
        for tool in ("memcheck", "racecheck", "synccheck", "initcheck"):
            for f in families:
                results.check(f"{f.name} {tool}", lambda: f.sanitize(tool, logs, f.program))
                if os.path.exists(f.narrow) and tool in ("memcheck", "initcheck"):
                    results.check(f"{f.name} in bf16 {tool}", lambda: f.sanitize(tool, logs, f.narrow))
    else:
        print("compute-sanitizer is not installed: skipped")
    return results.end()


sys.exit(main())
