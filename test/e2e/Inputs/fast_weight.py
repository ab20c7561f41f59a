"""strand.fast_weight in all forms against its equations in numpy, row by row."""
import numpy as np

from op_forms import Case, tensor

HEADS, KEYS, VALUES = 2, 6, 8


def case(block, *parts):
    """`parts`: which optional operands there are."""
    rows = {"q": (HEADS, KEYS), "k": (HEADS, KEYS), "v": (HEADS, VALUES), "rate": (HEADS,)}
    rows.update({p: (HEADS,) for p in parts if p != "init"})
    fixed = {"init": (HEADS, KEYS, VALUES)} if "init" in parts else {}
    uniform = lambda lo, hi: lambda rng, shape: rng.uniform(lo, hi, shape)
    values = {"k": uniform(-0.6, 0.6), "rate": uniform(0, 1), "gate": uniform(-2, 0), "momentum": uniform(-2, 0),
              "rescale": uniform(0.1, 1)}
    types = [tensor((None, *s)) for s in rows.values()] + [tensor(s) for s in fixed.values()]
    given = " ".join(f"{p} %{p}" for p in ("rate", *parts))
    text = (f"%y = strand.fast_weight %q, %k, %v {given} offsets %offsets {{block = {block}}} : "
            f"({', '.join(types)}, tensor<?xi32>) -> {tensor((None, HEADS, VALUES))}")

    def step(rows, fixed, state):
        first = fixed.get("init", np.zeros((HEADS, KEYS, VALUES)))
        anchor, memory, total = (state.get(n, first if n != "total" else 0 * first) for n in ("anchor", "memory", "total"))
        error = rows["v"] - np.einsum("hi,hij->hj", rows["k"], anchor)
        learnt = np.einsum("h,hi,hj->hij", rows["rate"], rows["k"], error)
        by = {n: np.exp(rows[n])[:, None, None] for n in ("gate", "momentum") if n in rows}
        if "rescale" in rows:
            total = total + learnt
            memory = anchor + rows["rescale"][:, None, None] * total
        else:
            total = by.get("momentum", 0) * total + learnt
            memory = by.get("gate", 1) * memory + total
        state["count"] = state.get("count", 0) + 1
        if state["count"] % block == 0:
            anchor = memory
            total = 0 * total if "rescale" in rows else total
        state.update(anchor=anchor, memory=memory, total=total)
        return np.einsum("hi,hij->hj", rows["q"], memory)

    Case(rows=rows, fixed=fixed, values=values, result=(HEADS, VALUES), text=text).check(step)
    print(f"block {', '.join([str(block), *parts])}: right")


case(1)
case(16)
case(5, "gate")
case(7, "momentum", "gate", "init")
case(4, "momentum")
case(16, "rescale", "init")
case(6, "rescale")
