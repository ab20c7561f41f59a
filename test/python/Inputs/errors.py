"""What is refused, and with which words. The process goes on after each.

    errors.py FOLDER FOLDER_FOR_FILES
"""
import os
import sys

import numpy as np
import strand
from strand import carry, row, weight

folder, files = sys.argv[1:]
model = strand.load(folder)
tokens = np.arange(5, dtype=np.int32)


def refused(what):
    try:
        what()
    except strand.Error as e:
        kinds = [k.__name__ for k in type(e).__mro__ if k.__module__ in ("builtins", "strand._library")]
        print(f"{kinds[0]}({'+'.join(k for k in kinds[1:] if k in ('ValueError', 'MemoryError'))}): {e}")
    else:
        print("NOT REFUSED", what)


# ---- compiling ----
refused(lambda: strand.load(os.path.join(files, "nowhere")))
refused(lambda: strand.load("func.func @f(\n"))
refused(lambda: strand.load("func.func private @f()\n"))
TWO = "func.func @a(%x: tensor<?xf32>) -> tensor<?xf32> {\n return %x : tensor<?xf32> }\n"
refused(lambda: strand.load(TWO + TWO.replace("@a", "@b")))
refused(lambda: strand.load(TWO, function="c"))
refused(lambda: strand.load(TWO, weights=os.path.join(files, "w.safetensors")))
refused(lambda: strand.load(TWO.replace("?x", "?x?x")))
# the rows of a product mix
refused(lambda: strand.load("""
func.func @mix(%x: tensor<?x4xf32>, %y: tensor<4x?xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}"""))
# a parser of upstream crashes on this
refused(lambda: strand.load("""
func.func @f(%b: tensor<6xf32>, %o: tensor<6x6xf32>) -> tensor<6x6xf32> {
  %2 = linalg.broadcast ins(%b : tensor<6xf32>) outs(%o : tensor<6x6xf32>) dimensions = [0)
  return %2 : tensor<6x6xf32>
}"""))
refused(lambda: strand.Context(cpu="abacus"))
refused(lambda: strand.Context(threads="many"))
refused(lambda: strand.Context(opt_level=7))

# ---- calls ----
refused(lambda: model())
refused(lambda: model(np.array([3, 256], np.int32)))
refused(lambda: model(np.array([2**40])))
refused(lambda: model(np.zeros(3, np.float32)))
refused(lambda: model(tokens[::2]))
refused(lambda: model(np.zeros((2, 2, 2), np.int32)))
refused(lambda: model(tokens, offsets=[0, 4]))
refused(lambda: model(tokens, offsets=[1, 5]))
refused(lambda: model(tokens, offsets=[0, 4, 3, 5]))
refused(lambda: model(tokens, offsets=[]))
refused(lambda: model(tokens, offsets=[0.5, 5]))
refused(lambda: model(tokens, out=np.zeros((5, 255), np.float32)))
refused(lambda: model(tokens, out=np.zeros((4, 256), np.float32)))
refused(lambda: model(tokens, out=np.zeros((5, 256))))
refused(lambda: model(tokens, ids=[0]))
refused(lambda: model(tokens, out=[[0.0]]))

# ---- states ----
state = model.state(2)
refused(lambda: model(tokens, state=state))
refused(lambda: model(tokens, state=state, ids=[7]))
refused(lambda: model(tokens, state=state, ids=[0, 1]))
refused(lambda: model(tokens, state="here"))
refused(lambda: state.rows(5))
refused(lambda: state.rows())
refused(lambda: state.remove([0, 0]))
refused(lambda: state.set_pending(300, 0))
refused(lambda: model.state(-1))
refused(lambda: model.state(2**31 - 1))
saved = model.state().save()
refused(lambda: model.load_state(saved[:-1]))
refused(lambda: model.load_state(b""))
refused(lambda: model.load_state(saved[:100] + b"?" + saved[101:]))
refused(lambda: model.generate())
refused(lambda: list(model.stream(b"x", temperature=-1.0)))


# ---- recurrences ----
@strand.recurrence
def keep(h: carry("d"), x: row("d"), w: weight("d")):
    return h, w * x


@strand.recurrence
def backwards(h: carry(4), x: row(4)):
    return h @ x, strand.outer(h, x)


@strand.recurrence
def decides(h: carry(4), x: row(4)):
    if h[0] > 0:
        h = h + x
    return h, h


@strand.recurrence
def forgets(h: carry(4), x: row(4)):
    return h + x


@strand.recurrence
def numbers(h: carry("n"), x: row(4)):
    return h, x


x, w = np.zeros((3, 4), np.float32), np.zeros(4, np.float32)
refused(lambda: keep(x))
refused(lambda: keep(x, w=np.zeros(5, np.float32)))
refused(lambda: keep(x, w.astype(np.float64)))
refused(lambda: keep(x[0], w))
refused(lambda: backwards(x))
refused(lambda: backwards(np.zeros((3, 5), np.float32)))
refused(lambda: decides(x))
refused(lambda: forgets(x))
refused(lambda: numbers(x))
refused(lambda: strand.recurrence(lambda h, x: (h, h)))
other = keep.state(x, w)
refused(lambda: model(tokens, state=other))
refused(lambda: model.load_state(other.save()))
refused(lambda: keep.model(x, w).generate(b"x"))
keep(x, w, state=other)
print("still here", other.rows())
