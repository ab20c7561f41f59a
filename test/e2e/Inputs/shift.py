"""strand.shift in all forms against a queue in numpy."""
import numpy as np

from op_forms import Case, converted, tensor


def case(n, item, fill, element="f32"):
    shape, x, y = (None, *item), "x", "y"
    lines = []
    if element != "f32":
        x, y = "xc", "yc"
        lines.append(converted(x, "x", shape, "f32", element))
    rows = tensor(shape, element)
    lines.append(f"%{y} = strand.shift %{x} by {n} offsets %offsets {{fill = {fill:e} : f32}} : "
                 f"({rows}, tensor<?xi32>) -> {rows}")
    if element != "f32":
        lines.append(converted("y", y, shape, element, "f32"))

    def step(rows, fixed, state):
        queue = state.setdefault("queue", [np.full(item, fill)] * n) + [rows["x"]]
        state["queue"] = queue[1:]
        return queue[0]

    whole = {"x": lambda r, s: r.integers(-99, 100, s)}
    Case(rows={"x": item}, result=item, values=whole, text="\n".join(lines)).check(step, tolerance=1e-12)
    print(f"by {n}, item {item} of {element}, fill {fill}: right")


def ids(n, width, fill):
    """Ids are shifted, and the table is read with what comes; the id itself is added."""
    text = f"""%before = strand.shift %tokens by {n} offsets %offsets {{fill = {fill:e} : f32}}
  : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
%empty = tensor.empty(%rows) : tensor<?x{width}xf32>
%read = linalg.generic {{indexing_maps = [#r, #rd], iterator_types = ["parallel", "parallel"]}}
    ins(%before : tensor<?xi32>) outs(%empty : tensor<?x{width}xf32>) {{
^bb0(%in: i32, %out: f32):
  %row = arith.index_cast %in : i32 to index
  %column = linalg.index 1 : index
  %element = tensor.extract %table[%row, %column] : tensor<{width}x{width}xf32>
  linalg.yield %element : f32
}} -> tensor<?x{width}xf32>
%y = arith.addf %read, %id : tensor<?x{width}xf32>"""

    def step(rows, fixed, state):
        queue = state.setdefault("queue", [fill] * n) + [int(rows["id"][0])]
        state["queue"] = queue[1:]
        return fixed["table"][queue[0]] + rows["id"]

    numbers = {"id": lambda r, s: np.arange(width)[:, None] + np.zeros(s)}
    one = Case(rows={"id": (width,)}, fixed={"table": (width, width)}, values=numbers, result=(width,), text=text)
    one.check(step, tolerance=1e-6)
    print(f"ids by {n}: right")


case(1, (64,), 0.0)
case(3, (40,), -2.5)
case(20, (33,), 1.0)
case(2, (2, 3, 5), 0.0)
case(2, (24,), 0.5, "f64")
case(5, (24,), -3.0, "i32")
ids(1, 32, 7)
ids(17, 32, 7)
