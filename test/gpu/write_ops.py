"""The functions of check_ops.py as MLIR: write_ops.py FOLDER [--small] writes FOLDER/<function>.mlir and FOLDER/ops.json.

Each is compiled once and called with several batches, given as the lengths of their sequences: none, one row, a long one
beside short and empty ones, more sequences than a grid has blocks in y or z (65,535), a million rows, more than 2^31
elements. With --small, no batch has more than some thousand rows.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "..", "bench", "gpu"), os.path.join(here, "..", "bench")]
from cases import Function, SIGMOID, attention, generic, linalg_generic, linear_attention, tensor  # noqa: E402
from write_cases import Case, attention_over, delta_rule, log_scan, plain_attention, product as narrow_product  # noqa: E402


def running_max(B, T, D):
    r = tensor(None, D)
    return Function({"x": (D,)}, {}, (D,), f"""  %y = strand.associative_scan(%x) offsets %offsets {{identity = array<f64: 0xFFF0000000000000>}}
      : ({r}, tensor<?xi32>) -> {r} {{
  ^bb0(%x1: f32, %x2: f32):
    %0 = arith.maximumf %x1, %x2 : f32
    strand.yield %0 : f32
  }}""")


def conv(B, T, D, K):
    r = tensor(None, D)
    return Function({"x": (D,)}, {"w": (K, D)}, (D,), f"""  %y = strand.causal_conv %x, %w offsets %offsets
      : ({r}, {tensor(K, D)}, tensor<?xi32>) -> {r}""")


def sigmoid(B, T, D):
    r = tensor(None, D)
    return Function({"x": (D,)}, {}, (D,), generic("y", "td->td", "td", ["x"], [r], r, f"""    %one = arith.constant 1.0 : f32
{SIGMOID.format("s", "%a0")}
    linalg.yield %s : f32"""))


def product(B, T, K, N):
    """y = x w^T."""
    x, y = tensor(None, K), tensor(None, N)
    return Function({"x": (K,)}, {"w": (N, K)}, (N,), f"""  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : {x}
  %e = tensor.empty(%n) : {y}
  %f = linalg.fill ins(%zero : f32) outs(%e : {y}) -> {y}
""" + linalg_generic("y", "mk,nk->mn", "mnk", [("x", x), ("w", tensor(N, K))], ("f", y),
                     "    %p = arith.mulf %a0, %a1 : f32\n    %r = arith.addf %o, %p : f32\n    linalg.yield %r : f32"))


def added(B, T, D, N):
    """y = x w^T + r."""
    f = narrow_product(B, T, D, N)
    f.rows["r"] = (N,)
    f.body = f.body.replace("%y = linalg", "%p = linalg") + f"\n  %y = arith.addf %p, %r : {tensor(None, N)}"
    return f


def hierarchy(B, T, D):
    """A scan over the rows whose first channel is positive; each row takes what it came to last along."""
    r, m, o = tensor(None, D), "tensor<?xi1>", "tensor<?xi32>"
    maps = ", ".join(["affine_map<(t, d) -> (t, d)>"] * 3)
    return Function({"a": (D,), "b": (D,)}, {}, (D,), f"""  %c0 = arith.constant 0 : index
  %n = tensor.dim %b, %c0 : {r}
  %e = tensor.empty(%n) : {m}
  %bits = linalg.generic {{indexing_maps = [affine_map<(t) -> (t)>], iterator_types = ["parallel"]}} outs(%e : {m}) {{
  ^bb0(%old: i1):
    %t = linalg.index 0 : index
    %first = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %v = tensor.extract %b[%t, %first] : {r}
    %bit = arith.cmpf ogt, %v, %zero : f32
    linalg.yield %bit : i1
  }} -> {m}
  %ka, %inner = strand.compact %a, %bits offsets %offsets : ({r}, {m}, {o}) -> ({r}, {o})
  %kb, %inner2 = strand.compact %b, %bits offsets %offsets : ({r}, {m}, {o}) -> ({r}, {o})
  %h = strand.linear_recurrence decay(%ka) input(%kb) offsets %inner {{log, indexing_maps = [{maps}]}} : ({r}, {r}, {o}) -> {r}
  %z = strand.expand %h, %bits inner_offsets %inner offsets %offsets : ({r}, {m}, {o}, {o}) -> {r}
  %y = arith.addf %z, %b : {r}""")


RAGGED = [0, 1, 5, 4096, 17, 20000, 0, 129, 1000, 31, 32, 33]
SHORT = [0, 1, 15, 16, 17, 33, 300, 0, 65, 2]
EDGES = {"none": [0], "one": [1], "nobody": [0, 0, 0]}
ADVANCED = [64, 0, 1, 17, 200, 15, 16, 33, 2, 80, 130, 5]  # of sequences that have seen rows before
FEW = [5, 0, 1, 20, 7, 3]      # fewer than a tile has
STEPS = {"one": [1], "nobody": [0, 0, 0], "ragged": [1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1], "steps": [1, 1, 0, 1] * 100}
MILLION = [1000000]
MANY = [1, 2, 3, 0, 1] * 14000  # 70,000 sequences
HUGE = [1200000]                # of 2048 channels: 2^31 elements are 1,048,576 rows


def functions():
    scalar, vector = lambda H, D: (H,), lambda H, D: (H, D)
    scans = {"ragged": RAGGED, "million": MILLION, "beside": [3, 1000000, 0, 7], "many": MANY}
    return [
        ("scan-f32-D64", "scan", log_scan, "f32", dict(D=64), {**EDGES, **scans}),
        ("scan-bf16-D37", "scan", log_scan, "bf16", dict(D=37), {**EDGES, "ragged": RAGGED, "many": MANY}),
        ("scan-bf16-D2048", "scan", log_scan, "bf16", dict(D=2048), {"one": [1], "huge": HUGE}),
        ("scan-f32-D2040", "scan", log_scan, "f32", dict(D=2040), {"ragged": RAGGED}),
        ("max-f32-D100", "max", running_max, "f32", dict(D=100), {**EDGES, **scans}),
        ("conv-f32-D37", "conv", conv, "f32", dict(D=37, K=4), {**EDGES, "ragged": RAGGED, "many": MANY}),
        ("hierarchy-f32-D64", "hierarchy", hierarchy, "f32", dict(D=64), {**EDGES, "ragged": RAGGED, "long": [3, 100000], "many": MANY}),
        ("sigmoid-bf16-D2048", "sigmoid", sigmoid, "bf16", dict(D=2048), {"none": [0], "ragged": SHORT, "huge": HUGE}),
        ("product-bf16-K40-N2048", "product", product, "bf16", dict(K=40, N=2048), {"none": [0], "ragged": SHORT, "huge": HUGE}),
        ("product-f32-K72-N37", "product", product, "f32", dict(K=72, N=37), {"one": [1], "ragged": SHORT, "many": MANY}),
        ("product-bf16-K1024-N1024", "product", narrow_product, "bf16", dict(D=1024, N=1024), {"one": [1], "ragged": SHORT, "long": [3, 20000]}),
        ("part-bf16-K1024-N1096", "part", narrow_product, "bf16", dict(D=1024, N=1096, part=(1280, 64)), {**EDGES, "ragged": SHORT, "long": [3, 20000]}),
        ("added-bf16-K1024-N1024", "added", added, "bf16", dict(D=1024, N=1024), {"one": [1], "ragged": SHORT, "long": [3, 20000]}),
        ("linear-f32-H3-D20", "linear", plain_attention, "f32", dict(H=3, D=20), {**EDGES, "ragged": SHORT, "many": MANY[:2000]}),
        ("linear-bf16-H2-D64", "linear", plain_attention, "bf16", dict(H=2, D=64), {"ragged": SHORT, "long": [3, 20000, 0]}),
        ("scalar-f32-H3-D40", "linear", linear_attention(scalar), "f32", dict(H=3, D=40), {"ragged": SHORT, "long": [20000]}),
        ("vector-f32-H3-D20", "linear", linear_attention(vector), "f32", dict(H=3, D=20), {"ragged": SHORT, "long": [20000]}),
        ("vector-bf16-H2-D64", "linear", linear_attention(vector), "bf16", dict(H=2, D=64), {"ragged": SHORT}),
        ("delta-f32-H3-D24", "delta_rule", delta_rule(None), "f32", dict(H=3, D=24), {**EDGES, "ragged": SHORT, "many": MANY[:2000]}),
        ("gdn-bf16-H2-D64", "delta_rule", delta_rule(scalar), "bf16", dict(H=2, D=64), {"ragged": SHORT}),
        ("attention-f32-H3-D40", "attention", attention(0), "f32", dict(H=3, D=40), {**EDGES, "ragged": SHORT, "many": MANY[:2000]}),
        ("attention-bf16-H2-D64", "attention", attention(0), "bf16", dict(H=2, D=64), {"ragged": SHORT, "long": [2, 3000]}),
        ("cache-bf16-H4-D64", "cached", attention_over(0, 2), "bf16", dict(H=4, D=64, past=0), {**EDGES, "ragged": ADVANCED, "few": FEW, "long": [5, 1000, 300]}),
        ("cache-f32-H3-D48", "cached", attention_over(0, 3, "f32"), "f32", dict(H=3, D=48, past=0), {"few": FEW, "ragged": ADVANCED}),
        ("ring100-bf16-H4-D64", "cached", attention_over(100, 2), "bf16", dict(H=4, D=64, past=0, window=100), {**EDGES, "ragged": ADVANCED, "long": [5, 1000, 300]}),
        ("cache-wide-H4-D64", "cached", attention_over(0, 2, "f32"), "bf16", dict(H=4, D=64, past=0), {**EDGES, "ragged": ADVANCED}),
        ("ring100-wide-H4-D64", "cached", attention_over(100, 2, "f32"), "bf16", dict(H=4, D=64, past=0, window=100), {**EDGES, "ragged": ADVANCED}),
        ("ring128-f32-H3-D40", "cached", attention_over(128, 3, "f32"), "f32", dict(H=3, D=40, past=0, window=128), {**EDGES, "ragged": ADVANCED}),
        ("step-f32-H3-D40", "cached", attention_over(0, 3, "f32"), "f32", dict(H=3, D=40, past=0, step=True), STEPS),
        ("step-bf16-H4-D64", "cached", attention_over(0, 4), "bf16", dict(H=4, D=64, past=0, step=True), STEPS),
        ("step-shared-H12-D64", "cached", attention_over(0, 2), "bf16", dict(H=12, D=64, past=0, step=True), STEPS),
        ("step-shared-H10-D64", "cached", attention_over(0, 1), "bf16", dict(H=10, D=64, past=0, step=True), STEPS),
        ("step-wide-H4-D64", "cached", attention_over(0, 2, "f32"), "bf16", dict(H=4, D=64, past=0, step=True), STEPS),
        ("step-ring300-H10-D256", "cached", attention_over(300, 1), "bf16", dict(H=10, D=256, past=0, window=300, step=True), STEPS),
        ("step-ring128-f32-H3-D40", "cached", attention_over(128, 3, "f32"), "f32", dict(H=3, D=40, past=0, window=128, step=True), STEPS),
    ]


def main():
    folder, small = sys.argv[1], "--small" in sys.argv[2:]
    facts = []
    for name, op, make, element, shape, batches in functions():
        case = Case(name, op, make, element, B=1, T=1, **shape)
        with open(os.path.join(folder, name + ".mlir"), "w") as f:
            f.write(case.text())
        batches = {b: lengths for b, lengths in batches.items() if not small or sum(lengths) < 3000}
        if small and "ragged" not in batches:
            batches["ragged"] = [0, 700, 1, 40, 0]
        facts.append({**{k: v for k, v in case.facts().items() if k in ("name", "op", "buffers", "result", "past")}, "batches": batches})
    with open(os.path.join(folder, "ops.json"), "w") as f:
        json.dump(facts, f)


main()
