"""strand.fast_weight in all forms against its equations in numpy, row by row."""
import numpy as np

from memory import gradients, layer_norm, predict, squared, squared_behind_norm
from op_forms import Case, tensor

HEADS, KEYS, VALUES = 2, 6, 8


def memory(block, rows, state, first, activation, loss):
    """One row of all heads: what is read, before the operations behind the op. `first`: weights and biases of a head."""
    y = []
    for h in range(HEADS):
        weights, biases = first(h)
        zeros = [0 * p for p in weights + biases]
        anchor, current, total = state.get(h, (weights + biases, weights + biases, zeros))
        split = lambda parts: (parts[:len(weights)], parts[len(weights):])
        steps = sum(gradients(*split(anchor), rows["k"][h], rows["v"][h], activation, lambda z, v: loss(z, v, h)), [])
        learnt = [-rows["rate"][h] * g for g in steps]
        by = {n: np.exp(rows[n][h]) for n in ("gate", "momentum") if n in rows}
        if "rescale" in rows:
            total = [s + g for s, g in zip(total, learnt)]
            current = [a + rows["rescale"][h] * s for a, s in zip(anchor, total)]
        else:
            total = [by.get("momentum", 0) * s + g for s, g in zip(total, learnt)]
            current = [by.get("gate", 1) * m + s for m, s in zip(current, total)]
        if (state.get("count", 0) + 1) % block == 0:
            anchor = current
            total = zeros if "rescale" in rows else total
        state[h] = anchor, current, total
        y.append(predict(*split(current), rows["q"][h], activation)[0])
    state["count"] = state.get("count", 0) + 1
    return np.array(y)


def operands(parts, hidden, values=VALUES):
    """Shapes of rows and of what is fixed, and how they are drawn: steps that are short enough for a memory to learn."""
    rows = {"q": (HEADS, KEYS), "k": (HEADS, KEYS), "v": (HEADS, values), "rate": (HEADS,)}
    rows.update({p: (HEADS,) for p in parts if p in ("gate", "momentum", "rescale")})
    sizes, fixed = [KEYS, *hidden, values], {}
    for i, (n, m) in enumerate(zip(sizes, sizes[1:])):
        fixed.update({f"init{i}": (HEADS, n, m)} if "init" in parts else {})
        fixed.update({f"bias{i}": (HEADS, m)} if "bias" in parts else {})
    uniform = lambda lo, hi: lambda rng, shape: rng.uniform(lo, hi, shape)
    draw = {"k": uniform(-0.6, 0.6), "rate": uniform(0, 0.3 if hidden else 1), "gate": uniform(-2, 0),
            "momentum": uniform(-2, 0), "rescale": uniform(*((0.05, 0.2) if hidden else (0.1, 1)))}
    draw.update({n: uniform(-0.5, 0.5) for n in fixed if hidden})
    return rows, fixed, draw


def parameters(fixed, hidden):
    """Of one head: weights, 0 where none are given, and biases."""
    named = lambda word, h: [fixed[f"{word}{i}"][h] for i in range(len(hidden) + 1) if f"{word}{i}" in fixed]
    return lambda h: (named("init", h) or [np.zeros((KEYS, VALUES))], named("bias", h))


def text_of(block, rows, fixed, activation, extra="", values=VALUES):
    """The op up to its offsets and from there to its type; `extra` operands between them."""
    named = lambda prefix: [n for n in fixed if n.startswith(prefix)]
    inits, biases = named("init"), named("bias")
    given = [f"{p} %{p}" for p in rows if p not in ("q", "k", "v")]
    given += [f"{word}({', '.join('%' + n for n in names)})" for word, names in (("init", inits), ("bias", biases)) if names]
    given += [f"activation {activation}"] * bool(activation) + [f"with({extra})"] * bool(extra)
    types = [tensor((None, *s)) for s in rows.values()] + [tensor(fixed[n]) for n in inits + biases]
    types += [tensor(fixed[n.strip("% ")]) for n in extra.split(",") if n]
    return (f"strand.fast_weight %q, %k, %v {' '.join(given)} offsets %offsets {{block = {block}}} : "
            f"({', '.join(types)}, tensor<?xi32>) -> {tensor((None, HEADS, values))}")


def case(block, *parts, hidden=(), activation=None):
    """`parts`: which optional operands there are; `hidden`: sizes between layers."""
    rows, fixed, draw = operands(parts, hidden)
    text = "%y = " + text_of(block, rows, fixed, activation)

    def step(rows, fixed, state):
        loss = lambda z, v, h: squared(z, v)
        return memory(block, rows, state, parameters(fixed, hidden), activation, loss)

    Case(rows=rows, fixed=fixed, values=draw, result=(HEADS, VALUES), text=text).check(step)
    layers = [f"{len(hidden) + 1} layers with {activation}"] if hidden else []
    print(f"block {', '.join([str(block), *parts, *layers])}: right")


NORM = """
^bb0(%z: tensor<6xf32>, %t: tensor<6xf32>, %w: tensor<6xf32>, %c: tensor<6xf32>):
  %one = arith.constant dense<1.0> : tensor<6xf32>
  %part = arith.constant dense<0.16666667> : tensor<6xf32>
  %eps = arith.constant 1.0e-2 : f32
  %none = arith.constant dense<0.0> : tensor<f32>
  %m0 = linalg.dot ins(%z, %part : tensor<6xf32>, tensor<6xf32>) outs(%none : tensor<f32>) -> tensor<f32>
  %m1 = tensor.extract %m0[] : tensor<f32>
  %m = tensor.splat %m1 : tensor<6xf32>
  %d = arith.subf %z, %m : tensor<6xf32>
  %dp = arith.mulf %d, %part : tensor<6xf32>
  %v0 = linalg.dot ins(%d, %dp : tensor<6xf32>, tensor<6xf32>) outs(%none : tensor<f32>) -> tensor<f32>
  %v1 = tensor.extract %v0[] : tensor<f32>
  %v2 = arith.addf %v1, %eps : f32
  %i0 = math.rsqrt %v2 : f32
  %i = tensor.splat %i0 : tensor<6xf32>
  %n = arith.mulf %d, %i : tensor<6xf32>
  %p0 = arith.mulf %w, %n : tensor<6xf32>
  %p = arith.addf %p0, %c : tensor<6xf32>
  %e = arith.subf %p, %t : tensor<6xf32>
  %g = arith.mulf %w, %e : tensor<6xf32>
  %a0 = linalg.dot ins(%g, %part : tensor<6xf32>, tensor<6xf32>) outs(%none : tensor<f32>) -> tensor<f32>
  %a1 = tensor.extract %a0[] : tensor<f32>
  %a = tensor.splat %a1 : tensor<6xf32>
  %np = arith.mulf %n, %part : tensor<6xf32>
  %b0 = linalg.dot ins(%g, %np : tensor<6xf32>, tensor<6xf32>) outs(%none : tensor<f32>) -> tensor<f32>
  %b1 = tensor.extract %b0[] : tensor<f32>
  %b = tensor.splat %b1 : tensor<6xf32>
  %s0 = arith.subf %g, %a : tensor<6xf32>
  %s1 = arith.mulf %n, %b : tensor<6xf32>
  %s2 = arith.subf %s0, %s1 : tensor<6xf32>
  %s = arith.mulf %s2, %i : tensor<6xf32>
  strand.yield %s : tensor<6xf32>
"""

BEHIND = """
%sizes = tensor.empty(%rows) : tensor<?x2xf32>
%zero = arith.constant 0.0 : f32
%zeros = linalg.fill ins(%zero : f32) outs(%sizes : tensor<?x2xf32>) -> tensor<?x2xf32>
%means = linalg.generic {indexing_maps = [#rhd, #rh], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%z : tensor<?x2x6xf32>) outs(%zeros : tensor<?x2xf32>) {
^bb0(%x: f32, %sum: f32):
  %sixth = arith.constant 0.16666667 : f32
  %x0 = arith.mulf %x, %sixth : f32
  %x1 = arith.addf %sum, %x0 : f32
  linalg.yield %x1 : f32
} -> tensor<?x2xf32>
%variances = linalg.generic {indexing_maps = [#rhd, #rh, #rh], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%z, %means : tensor<?x2x6xf32>, tensor<?x2xf32>) outs(%zeros : tensor<?x2xf32>) {
^bb0(%x: f32, %mean: f32, %sum: f32):
  %sixth = arith.constant 0.16666667 : f32
  %x0 = arith.subf %x, %mean : f32
  %x1 = arith.mulf %x0, %x0 : f32
  %x2 = arith.mulf %x1, %sixth : f32
  %x3 = arith.addf %sum, %x2 : f32
  linalg.yield %x3 : f32
} -> tensor<?x2xf32>
%like = tensor.empty(%rows) : tensor<?x2x6xf32>
%y = linalg.generic {indexing_maps = [#rhd, #rhd, #rh, #rh, #hd, #hd, #rhd], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%q, %z, %means, %variances, %scale, %shift : tensor<?x2x6xf32>, tensor<?x2x6xf32>, tensor<?x2xf32>, tensor<?x2xf32>,
        tensor<2x6xf32>, tensor<2x6xf32>) outs(%like : tensor<?x2x6xf32>) {
^bb0(%query: f32, %x: f32, %mean: f32, %variance: f32, %w: f32, %c: f32, %o: f32):
  %eps = arith.constant 1.0e-2 : f32
  %x0 = arith.subf %x, %mean : f32
  %x1 = arith.addf %variance, %eps : f32
  %x2 = math.rsqrt %x1 : f32
  %x3 = arith.mulf %x0, %x2 : f32
  %x4 = arith.mulf %x3, %w : f32
  %x5 = arith.addf %x4, %c : f32
  %x6 = arith.addf %query, %x5 : f32
  linalg.yield %x6 : f32
} -> tensor<?x2x6xf32>
"""
MAPS = {"#rhd": "(r, h, d) -> (r, h, d)", "#rh": "(r, h, d) -> (r, h)", "#hd": "(r, h, d) -> (h, d)"}


def ttt_mlp(block):
    """x + norm(gelu(x W1 + b1) W2 + b2) as it was published: the target is v - k, and a row's tau weighs all its block."""
    hidden = (12,)
    rows, fixed, draw = operands(("rescale", "init", "bias"), hidden, values=KEYS)
    fixed.update(scale=(HEADS, KEYS), shift=(HEADS, KEYS))
    op = text_of(block, rows, fixed, "gelu_tanh", extra="%scale, %shift", values=KEYS).replace("%q, %k, %v", "%q, %k, %target")
    behind = BEHIND
    for name, dims in MAPS.items():
        behind = behind.replace(name + ",", f"affine_map<{dims}>,").replace(name + "]", f"affine_map<{dims}>]")
    text = f"%target = arith.subf %v, %k : {tensor((None, HEADS, KEYS))}\n%z = {op} slope {{{NORM}}}\n{behind}"

    def step(rows, fixed, state):
        scale, shift = fixed["scale"], fixed["shift"]
        loss = lambda z, v, h: squared_behind_norm(z, v, scale[h], shift[h])
        z = memory(block, {**rows, "v": rows["v"] - rows["k"]}, state, parameters(fixed, hidden), "gelu_tanh", loss)
        return rows["q"] + np.array([layer_norm(z[h], scale[h], shift[h]) for h in range(HEADS)])

    Case(rows=rows, fixed=fixed, values=draw, result=(HEADS, KEYS), text=text).check(step)
    print(f"TTT-MLP, block {block}: right")


case(1)
case(16)
case(5, "gate")
case(7, "momentum", "gate", "init")
case(4, "momentum")
case(16, "rescale", "init")
case(6, "rescale")
case(16, "init", "bias")
case(3, "rescale", "bias")
case(8, "momentum", "gate", "init", hidden=(10,), activation="silu")
case(5, "momentum", "gate", "init", "bias", hidden=(10,), activation="tanh")
case(1, "gate", "init", "bias", hidden=(10,), activation="gelu")
case(16, "rescale", "init", "bias", hidden=(10, 7), activation="gelu_tanh")
ttt_mlp(16)
ttt_mlp(7)
