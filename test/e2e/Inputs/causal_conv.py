"""strand.causal_conv in all forms against a window in numpy."""
import numpy as np

from op_forms import Case, converted, tensor


def case(taps, channels, element="f32", bias=None, rows="f32"):
    """`element`, `bias`, `rows`: types of the weight, the bias and x; others than f32 are converted in the model."""
    shapes = {"x": (None, channels), "w": (taps, channels), "b": (channels,)}
    elements = {"x": rows, "w": element, "b": bias}
    names = [n for n in shapes if elements[n]]
    lines = [converted(n + "c", n, shapes[n], "f32", elements[n]) for n in names if elements[n] != "f32"]
    used = {n: f"%{n}c" if elements[n] != "f32" else f"%{n}" for n in names}
    types = [tensor(shapes[n], elements[n]) for n in names]
    y = "yc" if rows != "f32" else "y"
    added = f"bias {used['b']}" if bias else ""
    lines.append(f"%{y} = strand.causal_conv {used['x']}, {used['w']} {added} offsets %offsets : "
                 f"({', '.join(types)}, tensor<?xi32>) -> {types[0]}")
    if rows != "f32":
        lines.append(converted("y", y, shapes["x"], rows, "f32"))
    eighths = {n: lambda r, s: r.integers(-8, 9, s) / 8 for n in "wb"}  # of which all types hold all bits
    fixed = {n: shapes[n] for n in names if n != "x"}
    one = Case(rows={"x": (channels,)}, fixed=fixed, values=eighths, result=(channels,), text="\n".join(lines))

    def step(rows, fixed, state):
        window = np.concatenate([state.get("tail", np.zeros((taps - 1, channels))), rows["x"][None]])
        state["tail"] = window[1:]
        return (window * fixed["w"]).sum(0) + fixed.get("b", 0)

    one.check(step, tolerance=1e-6)
    print(f"{taps} taps, {channels} channels, {element}, bias {bias}, rows {rows}: right")


case(4, 64, bias="f32")
case(4, 1536, "bf16", bias="bf16")
case(1, 48)
case(2, 33, "f16", bias="f32")
case(20, 40)
case(3, 40, bias="bf16", rows="f64")
