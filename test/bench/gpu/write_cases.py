"""The cases of run.py as MLIR: write_cases.py FOLDER writes FOLDER/<case>.mlir and FOLDER/cases.json.

Rows come in bf16 and leave in bf16, with sums and state in f32, but for cases that say f32 and gates of one number a head,
which are f32 everywhere. cases.json has what a caller must know: how long and how many the sequences are, what each buffer
holds, and how many bytes have to move at least.
"""
import json
import math
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import Function, OPS, attention, linear_attention, tensor  # noqa: E402

BYTES = {"bf16": 2, "f32": 4}


def log_scan(B, T, D):
    """h = exp(a) h + b."""
    r = tensor(None, D)
    return Function({"a": (D,), "b": (D,)}, {}, (D,), f"""  %y = strand.linear_recurrence decay(%a) input(%b) offsets %offsets
      {{log, indexing_maps = [affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, d)>]}}
      : ({r}, {r}, tensor<?xi32>) -> {r}""")


def plain_attention(B, T, H, D):
    q = tensor(None, H, D)
    return Function({"q": (H, D), "k": (H, D), "v": (H, D)}, {}, (H, D), f"""  %y = strand.linear_attention %q, %k, %v offsets %offsets
      : ({q}, {q}, {q}, tensor<?xi32>) -> {q}""")


def delta_rule(gate):
    """gdn of the other cases with another gate: its shape of (H, D), or none."""
    def make(B, T, H, D):
        q, b, shape = tensor(None, H, D), tensor(None, H), gate(H, D) if gate else None
        rows = {"q": (H, D), "k": (H, D), "v": (H, D), "beta": (H,)}
        words, types = "", ""
        if shape:
            rows["g"], words, types = shape, " gate %g", f", {tensor(None, *shape)}"
        return Function(rows, {}, (H, D), f"""  %y = strand.delta_rule %q, %k, %v beta %beta{words} offsets %offsets
      {{scale = {D ** -0.5} : f64}} : ({q}, {q}, {q}, {b}{types}, tensor<?xi32>) -> {q}""")
    return make


def low_rank(B, T, H, D):
    """RWKV-7: a decay for each channel, plus low rank."""
    q, rows = tensor(None, H, D), {name: (H, D) for name in ("q", "k", "v", "a", "b", "g")}
    return Function(rows, {}, (H, D), f"""  %y = strand.delta_rule %q, %k, %v low_rank %a, %b gate %g offsets %offsets
      : ({", ".join([q] * 6)}, tensor<?xi32>) -> {q}""")


def product(B, T, D, N, part=None):
    """A dense layer without bias, of rows and weights as they are given. `part`: (columns of a row, the first that counts)."""
    x, w, y = tensor(None, D, element="bf16"), tensor(N, D, element="bf16"), tensor(None, N)
    columns, begin = part or (D, 0)
    given, some, cut = tensor(None, columns, element="bf16"), "%x_given", ""
    if part:
        some, cut = "%some", f"  %some = tensor.extract_slice %x_given[0, {begin}] [%n, {D}] [1, 1] : {given} to {x}\n"
    return Function({"x": (columns,)}, {"w": (N, D)}, (N,), f"""  %first = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x_given, %first : {given}
{cut}  %empty = tensor.empty(%n) : {y}
  %filled = linalg.fill ins(%zero : f32) outs(%empty : {y}) -> {y}
  %y = linalg.generic {{indexing_maps = [affine_map<(t, n, d) -> (t, d)>, affine_map<(t, n, d) -> (n, d)>, affine_map<(t, n, d) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}} ins({some}, %w_given : {x}, {w}) outs(%filled : {y}) {{
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }} -> {y}""")


def attention_over(window, heads, kept="bf16"):
    """Of a window or of all rows, with fewer heads of keys. `kept`: the type of keys and values, and so of the states."""
    def make(B, T, H, D):
        q, k = tensor(None, H, D), tensor(None, heads, D, element=kept)
        attribute, given = f", window = {window} : i64" if window else "", "_given" if kept == "bf16" else ""
        return Function({"q": (H, D), "k": (heads, D), "v": (heads, D)}, {}, (H, D), f"""  %y = strand.attention %q, %k{given}, %v{given} offsets %offsets
      {{scale = {D ** -0.5} : f64{attribute}}} : ({q}, {k}, {k}, tensor<?xi32>) -> {q}""", kept=kept)
    return make


# How inputs are drawn, by name.
DRAWS = {"g": "gate", "a": "gate", "beta": "sigmoid", "A": "negative"}
UNIT_KEYS = ("delta_rule", "gdn", "kda", "gdn_step")
LOW_RANK_DRAWS = {"a": "unit", "b": "shorter"}


def matrix_state(B, T, H, D):
    return [(H, D, D)]


class Case:
    """With `past`, rows that each sequence has seen before, the function carries a cache or, with `window`, a ring."""

    def __init__(self, name, op, make, element="bf16", states=None, step=False, past=None, window=0, **shape):
        self.name, self.op, self.element, self.step, self.shape = name, op, element, step, shape
        self.past, self.window = past, window
        self.fixed_element = element if op in ("product", "part", "added") else "f32"
        self.function, self.states = make(**shape), states(**shape) if states else []

    def type_of(self, name):
        """Of an argument or, by None, of the result."""
        one_a_head = name in ("g", "beta", "dt") and len(self.function.rows[name]) == 1
        if name in self.function.fixed:
            return self.fixed_element
        return "f32" if one_a_head else self.element

    def text(self):
        f = self.function
        arguments, begin = [], []
        for name, shape in list(f.rows.items()) + list(f.fixed.items()):
            is_rows = name in f.rows
            full = (None, *shape) if is_rows else shape
            narrow, marks = self.type_of(name), ("strand.rows, " if is_rows else "") + "bufferization.writable = false"
            given = name + "_given" if narrow != "f32" else name
            arguments.append(f"%{given}: {tensor(*full, element=narrow)} {{{marks}}}")
            if narrow != "f32":
                begin.append(f"  %{name} = arith.extf %{given} : {tensor(*full, element=narrow)} to {tensor(*full)}")
        wide, out = tensor(None, *f.result), tensor(None, *f.result, element=self.type_of(None))
        arguments += ['%offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}',
                      f"%out: {out} {{strand.rows}}"]
        end, y = [], "%y"
        if out != wide:
            end, y = [f"  %narrow = arith.truncf %y : {wide} to {out}"], "%narrow"
        end += [f"  %written = bufferization.materialize_in_destination {y} in %out : ({out}, {out}) -> {out}",
                f"  return %written : {out}"]
        form = ", strand.single_row" if self.step else "" if self.past is not None else ", strand.whole"
        head = f"func.func private @f.entry({', '.join(arguments)}) -> {out} attributes {{strand.entry = \"f\"{form}}} {{"
        return "\n".join([head] + begin + [f.body] + end + ["}", ""])

    def facts(self):
        f, rows = self.function, self.shape["B"] * self.shape["T"]
        buffers = []
        for name, shape in list(f.rows.items()) + list(f.fixed.items()):
            draw = "unit" if name == "k" and self.op in UNIT_KEYS else DRAWS.get(name, "normal")
            if self.op == "rwkv7":
                draw = LOW_RANK_DRAWS.get(name, draw)
            buffers.append({"name": name, "rows": name in f.rows, "shape": shape, "type": self.type_of(name), "draw": draw})
        moved = sum(rows * math.prod(shape) * BYTES[self.type_of(name)] for name, shape in f.rows.items())
        moved += sum(math.prod(shape) * BYTES[self.type_of(name)] for name, shape in f.fixed.items())
        moved += rows * math.prod(f.result) * BYTES[self.type_of(None)]
        if self.step:
            moved += 2 * self.shape["B"] * sum(map(math.prod, self.states)) * BYTES["f32"]
        facts = {"name": self.name, "op": self.op, "sequences": self.shape["B"], "length": self.shape["T"], "buffers": buffers,
                 "result": {"shape": f.result, "type": self.type_of(None)}, "bytes": moved,
                 "states": self.states if self.step else []}
        if self.past is not None:  # the rows that are read of the state, then those that are written
            facts["past"] = {"rows": self.past, "window": self.window, "shape": f.rows["k"], "type": f.kept}
            carried = [min(n, self.window or n) for n in (self.past, self.shape["T"])]
            facts["bytes"] += 2 * self.shape["B"] * sum(carried) * math.prod(f.rows["k"]) * BYTES[f.kept]
        return facts


def cases():
    wide, narrow = dict(B=1, T=8192, H=96, D=128), dict(B=1, T=8192, H=32, D=128)
    scalar, vector = lambda H, D: (H,), lambda H, D: (H, D)
    return [
        Case("scan/B1-T8192-D12288", "scan", log_scan, B=1, T=8192, D=12288),
        Case("scan/B2-T16384-D2048", "scan", log_scan, B=2, T=16384, D=2048),
        Case("scan/B2-T16384-D2040", "scan", log_scan, B=2, T=16384, D=2040),
        Case("scan/B1-T65536-D64", "scan", log_scan, B=1, T=65536, D=64),
        Case("scan-f32/B8-T4096-D1536", "scan", log_scan, "f32", B=8, T=4096, D=1536),
        Case("scan-f32/B1-T8192-D12288", "scan", log_scan, "f32", B=1, T=8192, D=12288),
        Case("linear/B1-T8192-H96-D128", "linear", plain_attention, **wide),
        Case("scalar/B1-T8192-H96-D128", "scalar", linear_attention(scalar), **wide),
        Case("gla/B1-T8192-H96-D128", "gla", linear_attention(vector), **wide),
        Case("delta/B1-T8192-H96-D128", "delta_rule", delta_rule(None), **wide),
        Case("gdn/B1-T8192-H96-D128", "gdn", delta_rule(scalar), **wide),
        Case("kda/B1-T8192-H96-D128", "kda", delta_rule(vector), **wide),
        Case("linear-f32/B1-T8192-H32-D128", "linear", plain_attention, "f32", **narrow),
        Case("scalar-f32/B1-T8192-H32-D128", "scalar", linear_attention(scalar), "f32", **narrow),
        Case("gla-f32/B1-T8192-H32-D128", "gla", linear_attention(vector), "f32", **narrow),
        Case("gdn-f32/B1-T8192-H32-D128", "gdn", delta_rule(scalar), "f32", **narrow),
        Case("attention-f32/B1-T8192-H32-D128", "attention", attention(0), "f32", **narrow),
        Case("rwkv7/B1-T8192-H64-D64", "rwkv7", low_rank, B=1, T=8192, H=64, D=64),
        Case("ssd/B8-T4096-H80-P64-N128", "ssd", OPS["ssd"], B=8, T=4096, H=80, P=64, N=128),
        Case("mamba1/B8-T4096-D3072-N16", "mamba1", OPS["mamba1"], B=8, T=4096, D=3072, N=16),
        Case("attention/B1-T8192-H96-D128", "attention", attention(0), **wide),
        Case("window1024/B1-T32768-H16-D128", "window", attention(1024), B=1, T=32768, H=16, D=128),
        Case("attention/B1-T8190-H96-D128", "attention", attention(0), B=1, T=8190, H=96, D=128),
        Case("cache/B1-T4096-H32-D128", "cache", attention_over(0, 32), past=4096, B=1, T=4096, H=32, D=128),
        Case("cache/B1-T256-H32-D128", "cache", attention_over(0, 32), past=4096, B=1, T=256, H=32, D=128),
        *(Case(f"cache/B{B}-T{T}-past{past}-H{H}-G{G}", "cache", attention_over(0, G), past=past, step=T == 1, B=B, T=T, H=H, D=128)
          for B, T, past, H, G in ((1, 1, 4096, 32, 32), (64, 1, 4096, 32, 32), (1, 1, 32768, 32, 32), (64, 1, 4096, 40, 8),
                                   (1, 1, 32768, 40, 8), (1, 16, 4096, 32, 32))),
        Case("cache-f32/B1-T1-past4096-H32", "cache", attention_over(0, 32, "f32"), past=4096, step=True, B=1, T=1, H=32, D=128),
        *(Case(f"ring2048/B{B}-T1-H10-D256", "ring", attention_over(2048, 1), past=5000, window=2048, step=True, B=B, T=1, H=10, D=256)
          for B in (1, 64)),
        Case("ring2048/B1-T4096-H10-D256", "ring", attention_over(2048, 1), past=5000, window=2048, B=1, T=4096, H=10, D=256),
        Case("ring2048/B1-T4096-H16-D128", "ring", attention_over(2048, 16), past=5000, window=2048, B=1, T=4096, H=16, D=128),
        *(Case(f"product/T{T}-D4096-N4096", "product", product, B=1, T=T, D=4096, N=4096) for T in (8192, 512, 64, 16, 1)),
        *(Case(f"product/T{T}-D1024-N1024", "product", product, B=1, T=T, D=1024, N=1024) for T in (8192, 64)),
        Case("product/T2048-D4096-N14336", "product", product, B=1, T=2048, D=4096, N=14336),
        Case("gdn-step/B64-H32-D128", "gdn_step", delta_rule(scalar), states=matrix_state, step=True, B=64, T=1, H=32, D=128),
        Case("gdn-step/B1-H32-D128", "gdn_step", delta_rule(scalar), states=matrix_state, step=True, B=1, T=1, H=32, D=128),
    ]


def main():
    folder, wanted = sys.argv[1], sys.argv[2:]
    chosen = [c for c in cases() if not wanted or any(c.name.startswith(w) for w in wanted)]
    for c in chosen:
        with open(os.path.join(folder, c.name.replace("/", "-") + ".mlir"), "w") as f:
            f.write(c.text())
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump([c.facts() for c in chosen], f, indent=1)


if __name__ == "__main__":
    main()
