"""strand.position and strand.rotary in all forms against numpy."""
import numpy as np

from op_forms import Case, converted, tensor


def turned(x, position, base, dims, interleaved):
    """x [heads, size]: angles in f32, as libraries have them, the rest in f64."""
    pairs = np.arange(dims // 2)
    exponent = np.float32(2 * pairs) / np.float32(dims)
    frequency = np.float32(1) / np.float32(float(np.float32(base)) ** np.float64(exponent))
    angle = np.float64(np.float32(position) * frequency)
    a, b = (2 * pairs, 2 * pairs + 1) if interleaved else (pairs, pairs + dims // 2)
    y = x.copy()
    y[:, a] = x[:, a] * np.cos(angle) - x[:, b] * np.sin(angle)
    y[:, b] = x[:, b] * np.cos(angle) + x[:, a] * np.sin(angle)
    return y


def check(heads, size, base, dims=None, interleaved=False, element="f32"):
    shape, wide = (None, heads, size), element != "f32"
    marks = f"base = {base} : f64" + (f", dims = {dims}" if dims else "") + (", interleaved" if interleaved else "")
    lines = ["%p = strand.position %tokens offsets %offsets : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>",
             f"%y{'c' * wide} = strand.rotary %x{'c' * wide}, %p {{{marks}}} : {tensor(shape, element)}, tensor<?xi32>"]
    if wide:
        lines = [converted("xc", "x", shape, "f32", element), *lines, converted("y", "yc", shape, element, "f32")]

    def step(row, fixed, state):
        position = state.get("position", 0)
        state["position"] = position + 1
        return turned(row["x"], position, base, dims or size, interleaved)

    Case(rows={"x": (heads, size)}, result=(heads, size), text="\n".join(lines)).check(
        step, tolerance=1e-7 if wide else 1e-6, length=400)
    print(f"{heads} heads, size {size}, base {base}, dims {dims}, interleaved {interleaved}, {element}: right")


check(4, 32, 10000.0)
check(3, 12, 500.0, dims=6)
check(1, 2, 1e6)
check(2, 16, 10000.0, interleaved=True)
check(2, 14, 10000.0, dims=8, interleaved=True)
check(2, 8, 10000.0, element="f64")
