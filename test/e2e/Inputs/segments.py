"""strand.compact and strand.expand in all forms against numpy: some rows, none, all, and segments of segments."""
import numpy as np

from op_forms import Case, converted, tensor

WIDTH = 24
ROWS, MASK, INTS = tensor((None, WIDTH)), tensor((None,), "i1"), tensor((None,), "i32")


def mask(name, x, column, above):
    """Lines that make %name true where a column of x is above a number."""
    return f"""%{name}_n = tensor.dim {x}, %c0 : {ROWS}
%{name}_above = arith.constant {above:e} : f32
%{name}_column = tensor.extract_slice {x}[0, {column}] [%{name}_n, 1] [1, 1] : {ROWS} to tensor<?xf32>
%{name}_empty = tensor.empty(%{name}_n) : {MASK}
%{name} = linalg.generic {{indexing_maps = [#each, #each], iterator_types = ["parallel"]}}
    ins(%{name}_column : tensor<?xf32>) outs(%{name}_empty : {MASK}) {{
^bb0(%a: f32, %o: i1):
  %f = arith.cmpf ogt, %a, %{name}_above : f32
  linalg.yield %f : i1
}} -> {MASK}"""


def compact(kept, x, mask, offsets, rows=ROWS):
    return (f"%{kept}, %{kept}_offsets = strand.compact {x}, %{mask} offsets {offsets} : "
            f"({rows}, {MASK}, {INTS}) -> ({rows}, {INTS})")


def expand(y, kept, inner, mask, offsets, rows=ROWS):
    return (f"%{y} = strand.expand {inner}, %{mask} inner_offsets %{kept}_offsets offsets {offsets} : "
            f"({rows}, {MASK}, {INTS}, {INTS}) -> {rows}")


def run(name, text, step):
    whole = {"x": lambda r, s: r.integers(-99, 100, s)}
    one = Case(rows={"x": (WIDTH,)}, result=(WIDTH,), values=whole, text="\n".join(text))
    module = one.module
    one.module = lambda: "#each = affine_map<(r) -> (r)>\n" + module()
    one.check(step, tolerance=1e-6)
    print(f"{name}: right")


def one_level(name, above, element="f32"):
    def step(rows, fixed, state):
        if rows["x"][3] > above:
            state["last"] = rows["x"]
        return state.get("last", np.zeros(WIDTH))

    shape = (None, WIDTH)
    lines = [mask("m", "%x", 3, above)]
    if element == "f32":
        lines += [compact("k", "%x", "m", "%offsets"), expand("y", "k", "%k", "m", "%offsets")]
    else:
        rows = tensor(shape, element)
        lines += [converted("xc", "x", shape, "f32", element), compact("k", "%xc", "m", "%offsets", rows),
                  expand("yc", "k", "%k", "m", "%offsets", rows), converted("y", "yc", shape, element, "f32")]
    run(name, lines, step)


def similarity():
    """A boundary where a row does not point where the row before it did."""
    text = f"""%zero = arith.constant 0.0 : f32
%before = strand.shift %x by 1 offsets %offsets : ({ROWS}, {INTS}) -> {ROWS}
%e = tensor.empty(%rows) : tensor<?xf32>
%none = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
%cosine = linalg.generic {{indexing_maps = [#rd, #rd, #r], iterator_types = ["parallel", "reduction"]}}
    ins(%x, %before : {ROWS}, {ROWS}) outs(%none : tensor<?xf32>) {{
^bb0(%a: f32, %b: f32, %s: f32):
  %p = arith.mulf %a, %b : f32
  %q = arith.addf %s, %p : f32
  linalg.yield %q : f32
}} -> tensor<?xf32>
%least = tensor.splat %zero[%rows] : tensor<?xf32>
%m = arith.cmpf ole, %cosine, %least : tensor<?xf32>"""

    def step(rows, fixed, state):
        x, before = rows["x"], state.get("before", np.zeros(WIDTH))
        state["before"] = x
        if x @ before <= 0:
            state["last"] = x
        return state["last"]

    lines = [text, compact("k", "%x", "m", "%offsets"), expand("y", "k", "%k", "m", "%offsets")]
    run("rows unlike the one before", lines, step)


def two_levels():
    """A running sum of the rows that are kept of those that are kept, seen from all rows."""
    def step(rows, fixed, state):
        x = rows["x"]
        if x[0] > 0:
            if x[1] > 0:
                state["sum"] = state.get("sum", 0) + x
            state["middle"] = x + state.get("sum", 0)
        return x + state.get("middle", 0)

    one = tensor((WIDTH,))
    recurrence = f"""%one = arith.constant dense<1.0> : {one}
%h = strand.linear_recurrence decay(%one) input(%k2) offsets %k2_offsets
  {{indexing_maps = [affine_map<(t, d) -> (d)>, affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, d)>]}}
  : ({one}, {ROWS}, {INTS}) -> {ROWS}"""
    run("segments of segments",
        [mask("m1", "%x", 0, 0), compact("k1", "%x", "m1", "%offsets"),
         mask("m2", "%k1", 1, 0), compact("k2", "%k1", "m2", "%k1_offsets"), recurrence,
         expand("back", "k2", "%h", "m2", "%k1_offsets"), f"%middle = arith.addf %k1, %back : {ROWS}",
         expand("out", "k1", "%middle", "m1", "%offsets"), f"%y = arith.addf %x, %out : {ROWS}"], step)


one_level("some rows", 0.0)
one_level("no row", 1e9)
one_level("all rows", -1e9)
one_level("rows of f64", 0.0, "f64")
one_level("rows of i32", 0.0, "i32")
similarity()
two_levels()
