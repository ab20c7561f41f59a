"""Whether a recurrence written as its step is as fast as the op that it is recognised as.

    python test/bench/inferred.py [--rows 2048] [--rounds 5] [--workers 2]

Times both in turns, prints the ratio of the best times, and exits 1 if one is above 1.1. Needs strand-bench on the PATH.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from cases import OPS, Function, linalg_generic, tensor  # noqa: E402

BOUND = 1.1


def contraction(name, maps, loops, operands, result):
    zero = f"    %{name}_z = arith.constant dense<0.0> : {result}\n"
    return zero + linalg_generic(name, maps, loops, operands, (name + "_z", result), """      %m = arith.mulf %a0, %a1 : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32""")


def elementwise(name, maps, loops, operands, result, body):
    return f"    %{name}_e = tensor.empty() : {result}\n" + linalg_generic(name, maps, loops, operands, (name + "_e", result), body)


def scan(rows, result, carry, steps, output, following):
    read = ", ".join(f"%_{n} = %{n} : {tensor(None, *shape)}" for n, shape in rows.items())
    out = tensor(None, *result)
    return Function(rows, {}, result, f"""  %y = strand.scan rows({read}) carry(%S : {carry}) offsets %offsets : tensor<?xi32> -> {out} {{
{steps}
    strand.yield %{output} : {tensor(*result)} next %{following} : {carry}
  }}""")


def diagonal(B, T, D):
    v = tensor(D)
    return scan({"a": (D,), "b": (D,)}, (D,), v, f"    %0 = arith.mulf %_a, %S : {v}\n    %h = arith.addf %0, %_b : {v}", "h", "h")


def decayed(gate, maps, state):
    return elementwise("D", maps, "hij", [("_g", gate), ("S", state)], state, """      %e = math.exp %a0 : f32
      %m = arith.mulf %e, %a1 : f32
      linalg.yield %m : f32""")


def written(name, value, matrix, state):
    return elementwise(name, "hi,hj,hij->hij", "hij", [("_k", matrix), (value, matrix), ("D", state)], state, """      %m = arith.mulf %a0, %a1 : f32
      %s = arith.addf %a2, %m : f32
      linalg.yield %s : f32""")


def attention(gate_maps, gate_shape):
    def make(B, T, H, D):
        m, s, shape = tensor(H, D), tensor(H, D, D), gate_shape(H, D)
        steps = [decayed(tensor(*shape), gate_maps, s), written("N", "_v", m, s),
                 contraction("y1", "hi,hij->hj", "hji", [("_q", m), ("N", s)], m)]
        return scan({"q": (H, D), "k": (H, D), "v": (H, D), "g": shape}, (H, D), s, "\n".join(steps), "y1", "N")
    return make


def gdn(B, T, H, D):
    m, s = tensor(H, D), tensor(H, D, D)
    steps = [decayed(tensor(H), "h,hij->hij", s), contraction("p", "hi,hij->hj", "hji", [("_k", m), ("D", s)], m),
             elementwise("u", "h,hj,hj->hj", "hj", [("_beta", tensor(H)), ("_v", m), ("p", m)], m, """      %d = arith.subf %a1, %a2 : f32
      %m = arith.mulf %a0, %d : f32
      linalg.yield %m : f32"""),
             written("N", "u", m, s), contraction("y0", "hi,hij->hj", "hji", [("_q", m), ("N", s)], m),
             f"    %scale = arith.constant dense<{D ** -0.5}> : {m}\n    %y1 = arith.mulf %y0, %scale : {m}"]
    rows = {"q": (H, D), "k": (H, D), "v": (H, D), "beta": (H,), "g": (H,)}
    return scan(rows, (H, D), s, "\n".join(steps), "y1", "N")


STEPS = {("scan", (512,)): diagonal, ("sgla", (8, 64)): attention("h,hij->hij", lambda H, D: (H,)),
         ("gla", (8, 64)): attention("hi,hij->hij", lambda H, D: (H, D)), ("gdn", (4, 64)): gdn}


def milliseconds(path, options):
    done = subprocess.run(["strand-bench", path, "--function=f", f"--rows={options.rows}", "--sequences=1", "--seconds=0.5",
                           f"--workers={options.workers}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])["ms_min"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    slow = 0
    with tempfile.TemporaryDirectory() as folder:
        for (op, sizes), step in STEPS.items():
            best = {}
            for kind, make in (("op", OPS[op]), ("step", step)):
                path = os.path.join(folder, f"{op}-{kind}.mlir")
                with open(path, "w") as f:
                    f.write(make(1, options.rows, *sizes).text())
                best[kind] = path, float("inf")
            for _ in range(options.rounds):
                for kind, (path, ms) in best.items():
                    best[kind] = path, min(ms, milliseconds(path, options))
            ratio = best["step"][1] / best["op"][1]
            slow += ratio > BOUND
            print(f"{op} {sizes}: op {best['op'][1]:.3f} ms, step {best['step'][1]:.3f} ms, ratio {ratio:.2f}", flush=True)
    sys.exit(slow > 0)


main()
