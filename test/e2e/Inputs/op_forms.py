"""Builds a model around one op and checks all its forms against a step function in numpy.

    case = Case(rows={"x": (64,)}, fixed={"w": (64, 4)}, result=(64,),
                text='%y = strand.some_op %x, %w offsets %offsets : ... -> tensor<?x64xf32>')
    case.check(lambda row, fixed, state: ...)      # f64 arrays of one row -> the row of %y

Each operand in `rows` is a table of random rows, read by the token; there are as many tokens as the result has elements in a row; `%offsets` and `%tokens` are there as well.
"""
import os
import subprocess
import tempfile

import numpy as np

from compiled import I32, Model, check


def tensor(shape, element="f32"):
    return "tensor<" + "".join(f"{'?' if s is None else s}x" for s in shape) + element + ">"


def converted(new, old, shape, source, target):
    """The line that makes %new of %old, which is of another element type."""
    widths = {"f16": 16, "bf16": 16, "f32": 32, "f64": 64}
    if target == "i32" or source == "i32":
        op = "fptosi" if target == "i32" else "sitofp"
    else:
        op = "extf" if widths[target] > widths[source] else "truncf"
    return f"%{new} = arith.{op} %{old} : {tensor(shape, source)} to {tensor(shape, target)}"


class Case:
    def __init__(self, rows, result, text, fixed=None, values=None, seed=1):
        """`values`: name -> function of (rng, shape) that draws a table or a fixed operand; normal otherwise."""
        self.rows, self.fixed, self.result, self.text = rows, fixed or {}, result, text
        self.rng, values = np.random.default_rng(seed), values or {}
        draw = lambda name, shape: np.float32(values.get(name, lambda r, s: r.standard_normal(s))(self.rng, shape))
        self.weights = {n: draw(n, (self.width(), int(np.prod(s, dtype=int)))) for n, s in rows.items()}
        self.weights.update({n: draw(n, s) for n, s in self.fixed.items()})

    def module(self):
        lines = ["#r = affine_map<(r, d) -> (r)>", "#rd = affine_map<(r, d) -> (r, d)>",
                 f"func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> {tensor((None, self.width()))} {{",
                 "%c0 = arith.constant 0 : index", "%rows = tensor.dim %tokens, %c0 : tensor<?xi32>"]
        for name, shape in self.rows.items():
            lines.append(self.gather(name, shape))
        for name, shape in self.fixed.items():
            lines.append(f'%{name} = strand.weight "{name}" : {tensor(shape)}')
        lines.append(self.text)
        y = "%y"
        if len(self.result) != 1:
            groups = "[[0], [" + ", ".join(str(i + 1) for i in range(len(self.result))) + "]]"
            y = "%flat"
            lines.append(f"%flat = tensor.collapse_shape %y {groups} : {tensor((None, *self.result))} into "
                         f"{tensor((None, self.width()))}" if self.result else
                         f"%flat = tensor.expand_shape %y [[0, 1]] output_shape [%rows, 1] : tensor<?xf32> into tensor<?x1xf32>")
        lines += [f"return {y} : {tensor((None, self.width()))}", "}"]
        return "\n".join(lines) + "\n"

    def width(self):
        return int(np.prod(self.result, dtype=int))

    def gather(self, name, shape):
        n = int(np.prod(shape, dtype=int))
        text = f"""%{name}_table = strand.weight "{name}" : tensor<{self.width()}x{n}xf32>
%{name}_empty = tensor.empty(%rows) : tensor<?x{n}xf32>
%{name}_flat = linalg.generic {{indexing_maps = [#r, #rd], iterator_types = ["parallel", "parallel"]}}
    ins(%tokens : tensor<?xi32>) outs(%{name}_empty : tensor<?x{n}xf32>) {{
^bb0(%in: i32, %out: f32):
  %at_row = arith.index_cast %in : i32 to index
  %at_column = linalg.index 1 : index
  %element = tensor.extract %{name}_table[%at_row, %at_column] : tensor<{self.width()}x{n}xf32>
  linalg.yield %element : f32
}} -> tensor<?x{n}xf32>
"""
        if len(shape) == 1:
            return text.replace(f"%{name}_flat", f"%{name}")
        if not shape:
            return text + f"%{name} = tensor.collapse_shape %{name}_flat [[0, 1]] : tensor<?x1xf32> into tensor<?xf32>"
        groups = "[[0], [" + ", ".join(str(i + 1) for i in range(len(shape))) + "]]"
        sizes = ", ".join(["%rows", *map(str, shape)])
        return text + (f"%{name} = tensor.expand_shape %{name}_flat {groups} output_shape [{sizes}] : "
                       f"tensor<?x{n}xf32> into {tensor((None, *shape))}")

    def check(self, step, tolerance=1e-5, threads=(0, 3), options=(), length=200, prepare=lambda model: None):
        """`prepare` may change the model, before anything runs."""
        with tempfile.TemporaryDirectory() as folder:
            source, library, weights = (os.path.join(folder, n) for n in ("op.mlir", "op.so", "w.safetensors"))
            from strand_oracle.safetensors_io import write_file
            write_file(weights, self.weights)
            with open(source, "w") as f:
                f.write(self.module())
            made = subprocess.run(["strandc", source, f"--weights={weights}", "--emit=shared", "-o", library, *options],
                                  stderr=subprocess.PIPE, text=True)
            if made.returncode:
                raise RuntimeError(f"{made.stderr}\n{self.module()}")
            model = Model(library, self.rng, self.weights)
            prepare(model)

        def row(weights, token, state):
            rows = {n: weights[n][token].reshape(s) for n, s in self.rows.items()}
            return step(rows, {n: weights[n] for n in self.fixed}, state).reshape(-1)

        for count in threads:
            model.threads = model.lib.strand_rt_create(I32(count)) if count else None
            check(model, row, self.rng, tolerance, length)
