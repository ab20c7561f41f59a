"""strand.causal_conv in all forms against a window in numpy."""
import numpy as np

from op_forms import Case, tensor


def case(taps, channels, element="f32", bias=None):
    """`element`, `bias`: types of the weight and of the bias; narrower ones are rounded from f32 in the model."""
    rounded, texts, types = {}, [], [tensor((None, channels))]
    operands = [("w", (taps, channels), element)] + ([("b", (channels,), bias)] if bias else [])
    for name, shape, to in operands:
        rounded[name] = shape
        if to != "f32":
            texts.append(f"%{name}n = arith.truncf %{name} : {tensor(shape)} to {tensor(shape, to)}")
        types.append(tensor(shape, to))
    used = {name: f"%{name}" + ("n" if to != "f32" else "") for name, _, to in operands}
    texts.append(f"%y = strand.causal_conv %x, {used['w']} {'bias ' + used['b'] if bias else ''} offsets %offsets : "
                 f"({', '.join(types)}, tensor<?xi32>) -> {tensor((None, channels))}")
    narrow = {name for name, _, to in operands if to != "f32"}
    halves = {n: lambda r, s: r.integers(-8, 9, s) / 8 for n in narrow}  # of which both narrow types hold all bits
    one = Case(rows={"x": (channels,)}, fixed=rounded, values=halves, result=(channels,), text="\n".join(texts))

    def step(rows, fixed, state):
        window = np.concatenate([state.get("tail", np.zeros((taps - 1, channels))), rows["x"][None]])
        state["tail"] = window[1:]
        return (window * fixed["w"]).sum(0) + fixed.get("b", 0)

    one.check(step, tolerance=1e-6)
    print(f"{taps} taps, {channels} channels, {element}, bias {bias}: right")


case(4, 64, bias="f32")
case(4, 1536, "bf16", bias="bf16")
case(1, 48)
case(2, 33, "f16", bias="f32")
case(20, 40)
