"""strand.attention in all forms against softmax over a list of rows in numpy.

Places of the state that no row has been written to hold NaN: they must not be read.
"""
import numpy as np

from compiled import COUNT
from op_forms import Case, converted, tensor

HEADER = 2  # numbers before the offsets of a state block


def with_unwritten_nan(model):
    fresh = model.state

    def state(*arguments):
        block = fresh(*arguments)
        entries = model.schema.state[:model.schema.states]
        offsets = [*block.view(np.int64)[HEADER:HEADER + len(entries)], len(block)]
        for entry, begin, end in zip(entries, offsets, offsets[1:]):
            if entry.growth != COUNT:
                block[begin:end] = 0xFF
        return block

    model.state = state


def check(heads, key_heads, size, value_size, window, lse=False, length=200, element="f32", options=()):
    scale, group = size ** -0.5, heads // key_heads
    shapes = {"q": (heads, size), "k": (key_heads, size), "v": (key_heads, value_size)}
    types = [tensor((None, *s), element) for s in shapes.values()]
    y, logs = tensor((None, heads, value_size), element), tensor((None, heads))
    marks = f"scale = {scale} : f64" + (f", window = {window} : i64" if window else "") + (", lse" if lse else "")
    wide, result = element != "f32", "%weighted, %lse" if lse else "%yc" if element != "f32" else "%y"
    operands = ", ".join(f"%{n}{'c' * wide}" for n in shapes)
    text = (f"{result} = strand.attention {operands} offsets %offsets {{{marks}}} : "
            f"({', '.join(types)}, tensor<?xi32>) -> ({y}{', ' + logs if lse else ''})")
    if wide:
        lines = [converted(n + "c", n, (None, *s), "f32", element) for n, s in shapes.items()]
        text = "\n".join([*lines, text, converted("y", "yc", (None, heads, value_size), element, "f32")])
    if lse:
        text += f"""
%y = linalg.generic {{indexing_maps = [affine_map<(r, h, d) -> (r, h)>, affine_map<(r, h, d) -> (r, h, d)>],
    iterator_types = ["parallel", "parallel", "parallel"]}} ins(%lse : {logs}) outs(%weighted : {y}) {{
^bb0(%log: f32, %w: f32):
  %both = arith.addf %log, %w : f32
  linalg.yield %both : f32
}} -> {y}"""

    def step(row, fixed, state):
        for name in "kv":
            seen = state.setdefault(name, [])
            seen.append(np.repeat(row[name], group, axis=0))
            del seen[:-window if window else 0]
        scores = np.einsum("hi,shi->hs", row["q"], np.array(state["k"])) * scale
        most = scores.max(axis=1, keepdims=True)
        weights = np.exp(scores - most)
        sums = weights.sum(axis=1, keepdims=True)
        y = np.einsum("hs,shd->hd", weights / sums, np.array(state["v"]))
        return y + most + np.log(sums) if lse else y

    spread = {"q": lambda rng, shape: 4 * rng.standard_normal(shape)}  # some weights are nearly 1, others nearly 0
    Case(rows=shapes, result=(heads, value_size), text=text, values=spread).check(
        step, length=length, options=options, prepare=with_unwritten_nan, tolerance=1e-5 if element == "f32" else 1e-7)
    print(f"{heads} / {key_heads} heads, sizes {size} and {value_size}, window {window}, {element}"
          f"{', lse' if lse else ''}{', ' if options else ''}{' '.join(options)}: right")


check(2, 2, 8, 8, window=1)
check(4, 2, 16, 8, window=5)
check(4, 1, 64, 64, window=64, length=600)
check(2, 2, 16, 32, window=100, length=900)
check(2, 1, 8, 8, window=1000)
check(3, 1, 12, 7, window=33, lse=True)
check(2, 2, 8, 16, window=None)
check(4, 2, 64, 64, window=None, length=600)
check(17, 1, 12, 4, window=None)
check(2, 1, 8, 8, window=None, lse=True)
check(4, 2, 16, 8, window=40, options=["--cpu=x86-64-v3"])
check(4, 2, 16, 8, window=20, element="f64")
check(2, 1, 8, 8, window=None, element="f64")
