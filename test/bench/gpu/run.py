"""Times compiled functions on an NVIDIA GPU beside their peers: run.py FOLDER [--seconds N] [--only CASE,...] [--no-peers]

FOLDER is what build.sh made. Times are those of events on the device, the median of several rounds in which ours and the peer
take turns. The floor is the bytes that have to move at the rate of a large copy, measured in the same run. A case whose output
differs from the reference in f32 by more than 5e-3 (bf16) or 1e-5 (f32) of its norm is WRONG, and the exit status is 1. Products are
timed with cuBLASLt (torch's own, unless STRAND_CUBLASLT names another) and then without.
"""
import argparse
import ctypes
import glob
import json
import os
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from peers import PEERS, REFERENCES  # noqa: E402

TYPES = {"bf16": torch.bfloat16, "f32": torch.float32}
BOUNDS = {"bf16": 5e-3, "f32": 1e-5}
ROUNDS, ROUND_MS = 5, 20.0
ADVANCED = 64  # rows by which sequences that have seen some go on before they begin again


class Library:
    """A shared library that strandc made of a function marked strand.entry = "f"."""

    def __init__(self, path):
        self.lib = lib = ctypes.CDLL(path)
        pointer = ctypes.c_void_p
        lib.strand_rt_gpu_create.restype = pointer
        lib.strand_rt_gpu_problem.restype = ctypes.c_char_p
        lib.strand_rt_gpu_products.restype = ctypes.c_char_p
        lib.strand_rt_gpu_clock_stop.restype = ctypes.c_double
        lib.f_scratch.restype = ctypes.c_int64
        why = ctypes.create_string_buffer(512)
        self.ctx = lib.strand_rt_gpu_create(pointer(ctypes.addressof(ctypes.c_char.in_dll(lib, "m_device"))), why, ctypes.c_int64(512))
        if not self.ctx:
            raise RuntimeError(why.value.decode())
        self.ctx = pointer(self.ctx)

    def check(self, status):
        if status:
            raise RuntimeError(self.lib.strand_rt_gpu_problem(self.ctx).decode())

    def prepare(self, tensors, sizes, rows, sequences):
        scratch = torch.empty(max(1, self.lib.f_scratch(ctypes.c_int64(rows), ctypes.c_int64(sequences))), dtype=torch.uint8, device="cuda")
        self.kept = tensors, scratch
        buffers = (ctypes.c_void_p * len(tensors))(*[t.data_ptr() for t in tensors])
        counts = (ctypes.c_int64 * max(1, len(sizes)))(*sizes)
        place = ctypes.c_void_p(scratch.data_ptr())
        self.call = lambda: self.lib.f_call(self.ctx, buffers, counts, place)

    def wait(self):
        self.check(self.lib.strand_rt_gpu_wait(self.ctx))

    def products(self):
        """What computed those that a library may do; empty if there is none."""
        return self.lib.strand_rt_gpu_products(self.ctx, None).decode()

    def milliseconds(self, times):
        self.check(self.lib.strand_rt_gpu_clock_start(self.ctx))
        for _ in range(times):
            self.call()
        seconds = self.lib.strand_rt_gpu_clock_stop(self.ctx)
        self.wait()
        return seconds * 1e3 / times

    def close(self):
        self.lib.strand_rt_gpu_destroy(self.ctx)


def torch_milliseconds(function, times):
    start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(times):
        function()
    stop.record()
    stop.synchronize()
    return start.elapsed_time(stop) / times


def copy_rate():
    """Bytes read and written a second by a large copy."""
    x = torch.randn(1 << 28, device="cuda")
    y = torch.empty_like(x)
    torch_milliseconds(lambda: y.copy_(x), 3)
    ms = min(torch_milliseconds(lambda: y.copy_(x), 5) for _ in range(4))
    return 2 * x.numel() * x.element_size() / ms * 1e3


def drawn(draw, shape, generator):
    x = torch.randn(shape, device="cuda", generator=generator)
    return {"normal": lambda: x, "unit": lambda: F.normalize(x, dim=-1), "gate": lambda: F.logsigmoid(x + 1.0),
            "sigmoid": lambda: torch.sigmoid(x), "negative": lambda: -x.abs() - 0.1,
            "shorter": lambda: F.normalize(x, dim=-1) * torch.sigmoid(x)}[draw]()


class Run:
    """One case on random inputs."""

    def __init__(self, case, folder):
        self.case = case
        B, T = case["sequences"], case["length"]
        rows, generator = B * T, torch.Generator("cuda").manual_seed(1)
        self.inputs, tensors, sizes = {}, [], []
        for b in case["buffers"]:
            full = [B, T, *b["shape"]] if b["rows"] else b["shape"]
            x = drawn(b["draw"], full, generator).to(TYPES[b["type"]]).contiguous()
            self.inputs[b["name"]] = x
            tensors.append(x)
            sizes += [rows] if b["rows"] else []
        tensors.append(torch.arange(B + 1, dtype=torch.int32, device="cuda") * T)
        sizes.append(B + 1)
        self.out = torch.full([B, T, *case["result"]["shape"]], float("nan"), dtype=TYPES[case["result"]["type"]], device="cuda")
        tensors.append(self.out)
        sizes.append(rows)
        self.states = [torch.randn([B, *s], device="cuda", generator=generator) for s in case["states"]]
        state_sizes = [B] * len(self.states)
        if "past" in case:
            seen, window = case["past"]["rows"], case["past"]["window"]
            self.calls = max(1, ADVANCED // T)  # that a cache has room for
            places = window or seen + self.calls * T
            shape, kept = [B, places, *case["past"]["shape"]], TYPES[case["past"]["type"]]
            rounded = lambda: torch.randn(shape, device="cuda", generator=generator).bfloat16().to(kept)
            self.states = [torch.full([B], seen, dtype=torch.int32, device="cuda"), rounded(), rounded()]
            state_sizes = [B, B, B] if window else [B, B, places, B, places]
        self.begin = [s.clone() for s in self.states]
        if self.states:
            tensors += self.states + [torch.arange(B, dtype=torch.int32, device="cuda")]
            sizes += state_sizes + [B]
        torch.cuda.synchronize()
        self.library = Library(os.path.join(folder, case["name"].replace("/", "-") + ".so"))
        self.library.prepare(tensors, sizes, rows, B)

    def error(self, got, want):
        return float(torch.linalg.vector_norm(got.float() - want) / torch.linalg.vector_norm(want))

    def check(self):
        self.library.call()
        self.library.wait()
        got = self.out.clone()
        self.want = REFERENCES[self.case["op"]](self.inputs, self.begin)
        return self.error(got, self.want)

    def peer(self):
        name, make = PEERS[self.case["op"]]
        function = make(self.inputs, self.begin)
        return name, function, self.error(function(), self.want)

    def milliseconds(self, times):
        """Of a call; where it counts rows, of the first ones."""
        if "past" not in self.case:
            return self.library.milliseconds(times)
        rounds = -(-times // self.calls)
        total = 0.0
        for _ in range(rounds):
            self.states[0].copy_(self.begin[0])
            torch.cuda.synchronize()
            total += self.library.milliseconds(self.calls)
        return total / rounds

    def time(self, other):
        ways = [self.milliseconds] + ([lambda n: torch_milliseconds(other, n)] if other else [])
        times = [max(1, min(1000, int(ROUND_MS / max(way(1), 1e-3)))) for way in ways]
        rounds = [[way(n) for way, n in zip(ways, times)] for _ in range(ROUNDS)]
        return [statistics.median(r[i] for r in rounds) for i in range(len(ways))]


def one(case, folder, rate, with_peer, own=False):
    """`own`: without the library."""
    set_library(not own)
    run, other, said = Run(case, folder), None, ""
    try:
        error = run.check()  # the library is looked for here
        right = error <= BOUNDS[case["result"]["type"]]
        if with_peer and case["op"] in PEERS:
            try:
                said, other, differs = run.peer()
                said += f" (error {differs:.0e})"
            except Exception as problem:
                said = f"peer failed: {type(problem).__name__}: {str(problem)[:90]}"
        ms = run.time(other)
        products = run.library.products()
    finally:
        run.library.close()
    floor = case["bytes"] / rate * 1e3
    peer = f"{ms[1]:9.4f} {ms[0] / ms[1]:7.2f}" if other else f"{'-':>9} {'-':>7}"
    if products:
        said += f"; ours: {products}"
    print(f"{case['name']:30} {ms[0]:10.4f} {peer} {floor:8.4f} {floor / ms[0]:7.1%} {error:8.1e} {'' if right else 'WRONG '}{said}", flush=True)
    return right


NAMED = os.environ.get("STRAND_CUBLASLT")


def set_library(on):
    """Of what is opened from now on: as this program was started, or off."""
    os.environ.pop("STRAND_CUBLASLT", None)
    if not on or NAMED:
        os.environ["STRAND_CUBLASLT"] = NAMED if on else "off"


def programs(folder):
    for path in sorted(glob.glob(os.path.join(folder, "programs", "*"))):
        done = subprocess.run([path, "bench", "--json", "--lengths", "128,2048", "--batches", "1,8,64", "--seconds", "0.2"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(f"{os.path.basename(path)}: exit {done.returncode}: {done.stdout[-200:]}")
            continue
        for c in json.loads(done.stdout)["cases"]:
            print(f"{os.path.basename(path)} {c['kind']:8} {c['batch']:3}x{c['length']:<5} {c['tokens_per_second_median']:12.0f} tokens/s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seconds", type=float, default=330, help="cases that would begin later are left out")
    parser.add_argument("--only", default="", help="what names of cases begin with, joined by commas")
    parser.add_argument("--no-peers", action="store_true")
    o = parser.parse_args()
    began, right = time.time(), True
    with open(os.path.join(o.folder, "cases.json")) as f:
        cases = [c for c in json.load(f) if c["name"].startswith(tuple(o.only.split(",")))]
    rate = copy_rate()
    print(f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}; a copy moves {rate / 1e12:.2f} TB/s")
    print(f"{'case':30} {'ours ms':>10} {'peer ms':>9} {'ratio':>7} {'floor ms':>8} {'of it':>7} {'error':>8} peer")
    for case in cases:
        if time.time() - began > o.seconds:
            print(f"{case['name']:30} left out for time")
            continue
        try:
            for own in (False, True)[:1 + (case["op"] == "product")]:
                right &= one(case, o.folder, rate, not o.no_peers, own)
        except Exception as problem:
            right = False
            print(f"{case['name']:30} FAILED: {type(problem).__name__}: {str(problem)[:300]}", flush=True)
        torch.cuda.empty_cache()
    programs(o.folder)
    return 0 if right else 1


sys.exit(main())
