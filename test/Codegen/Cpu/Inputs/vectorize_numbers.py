"""Runs what strand-vectorize makes of linalg functions and compares with numpy. Argument: bits of a vector."""
import sys

try:
    import numpy as np
except ImportError:
    sys.exit(print(f"{sys.argv[1]}: skipped, this Python has no numpy"))

import native

rng = np.random.default_rng(1)
failures = []
count = 0


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def memref(shape, element="f32"):
    return "memref<" + "".join(("?" if s is None else str(s)) + "x" for s in shape) + element + ">"


def generic(maps, iterators, ins, outs, body, block):
    """The text of one linalg.generic; ins and outs are (name, type) pairs."""
    names = lambda pairs: ", ".join(n for n, _ in pairs)
    types = lambda pairs: ", ".join(t for _, t in pairs)
    kinds = ", ".join(f'"{"parallel" if i == "p" else "reduction"}"' for i in iterators)
    inputs = f"ins({names(ins)} : {types(ins)})" if ins else ""
    return (f"linalg.generic {{indexing_maps = [{', '.join(f'affine_map<{m}>' for m in maps)}], "
            f"iterator_types = [{kinds}]}} {inputs} outs({names(outs)} : {types(outs)}) {{\n^bb0({block}):\n{body}\n}}\n")


def function(name, arguments, body):
    args = ", ".join(f"{n}: {t}" for n, t in arguments)
    return f"func.func @{name}({args}) attributes {{llvm.emit_c_interface}} {{\n{body}return\n}}\n"


class Suite:
    """Functions to compile together, and what to compare."""

    def __init__(self):
        self.text, self.checks = [], []

    def add(self, name, arguments, body, check):
        self.text.append(function(name, arguments, body))
        self.checks.append((name, check))

    def run(self, bits, options):
        code = native.Code("\n".join(self.text), bits, options)
        for name, check in self.checks:
            check(lambda *arrays: code(name, *arrays), name, bits, options)
        return code.remarks


def near(name, got, want, what, tolerance=2e-5):
    global count
    count += 1
    scale = max(1.0, float(np.max(np.abs(want), initial=0)))
    worst = float(np.max(np.abs(got.astype(np.float64) - want), initial=0))
    if not worst <= tolerance * scale:
        failures.append(f"{name} {what}: off by {worst} of {scale}")


SUM = "%m = arith.mulf %a, %b : f32\n%s = arith.addf %c, %m : f32\nlinalg.yield %s : f32"
ROWS = (0, 1, 2, 7, 100)


def panels(suite, k, n, half):
    """out[m, j, n] = sum_k x[m, k] P[j, k, n]: the product of rows and packed weights."""
    j, element = 5, "bf16" if half else "f32"
    args = [("%x", memref([None, k])), ("%p", memref([j, k, n], element)), ("%o", memref([None, j, n]))]
    body = "%w = arith.extf %b : bf16 to f32\n" + SUM.replace("%a, %b", "%a, %w") if half else SUM
    text = "%z = arith.constant 0.0 : f32\nlinalg.fill ins(%z : f32) outs(%o : " + args[2][1] + ")\n"
    text += generic(["(m,j,n,k)->(m,k)", "(m,j,n,k)->(j,k,n)", "(m,j,n,k)->(m,j,n)"], "pppr", args[:2], args[2:], body,
                    f"%a: f32, %b: {element}, %c: f32")

    def check(call, name, bits, options):
        for m in ROWS:
            x, p, o = normal(m, k), normal(j, k, n), normal(m, j, n)
            stored = p
            if half:
                stored, p = native.to_bf16(p)
            call(x, stored, o)
            near(name, o, np.einsum("mk,jkn->mjn", x.astype(np.float64), p), f"{bits} {options} m={m}")

    suite.add(f"panels_{k}_{n}_{element}", args, text, check)


def matmul(suite, n, k):
    """linalg.matmul, accumulating."""
    args = [("%x", memref([None, k])), ("%y", memref([k, n])), ("%o", memref([None, n]))]
    text = f"linalg.matmul ins(%x, %y : {args[0][1]}, {args[1][1]}) outs(%o : {args[2][1]})\n"

    def check(call, name, bits, options):
        for m in ROWS:
            x, y, o = normal(m, k), normal(k, n), normal(m, n)
            want = o + x.astype(np.float64) @ y
            call(x, y, o)
            near(name, o, want, f"{bits} {options} m={m}")

    suite.add(f"matmul_{n}_{k}", args, text, check)


def biased(suite, n, k):
    """out[m, n] = b[n] + sum_k x[m, k] y[k, n], the bias of bf16 spread by an op in front."""
    args = [("%x", memref([None, k])), ("%y", memref([k, n])), ("%b", memref([n], "bf16")), ("%o", memref([None, n]))]
    text = generic(["(m,n)->(n)", "(m,n)->(m,n)"], "pp", args[2:3], args[3:], "%e = arith.extf %a : bf16 to f32\nlinalg.yield %e : f32",
                   "%a: bf16, %c: f32")
    text += f"linalg.matmul ins(%x, %y : {args[0][1]}, {args[1][1]}) outs(%o : {args[3][1]})\n"

    def check(call, name, bits, options):
        for m in ROWS:
            x, y, o = normal(m, k), normal(k, n), normal(m, n)
            stored, b = native.to_bf16(normal(n))
            call(x, y, stored, o)
            near(name, o, b + x.astype(np.float64) @ y, f"{bits} {options} m={m}")

    suite.add(f"biased_{n}_{k}", args, text, check)


def dots(suite, d):
    """out[h, i, j] = sum_d q[i, h, d] k[j, h, d]: lanes along d; all sizes but d unknown."""
    args = [("%q", memref([None, None, d])), ("%k", memref([None, None, d])), ("%o", memref([None, None, None]))]
    text = generic(["(h,i,j,d)->(i,h,d)", "(h,i,j,d)->(j,h,d)", "(h,i,j,d)->(h,i,j)"], "pppr", args[:2], args[2:], SUM,
                   "%a: f32, %b: f32, %c: f32")

    def check(call, name, bits, options):
        for i, j in ((1, 7), (7, 1), (9, 6), (0, 3)):
            q, k, o = normal(i, 3, d or 41), normal(j, 3, d or 41), np.zeros((3, i, j), np.float32)
            call(q, k, o)
            near(name, o, np.einsum("ihd,jhd->hij", q.astype(np.float64), k), f"{bits} {options} {i}x{j}")

    suite.add(f"dots_{d if d else 'any'}", args, text, check)


def norm(suite, d):
    """Sum of squares and largest element of each row; then x * rsqrt(mean) * weight, rsqrt once a row."""
    rows = [None, d]
    args = [("%x", memref(rows)), ("%w", memref([d])), ("%s", memref([None])), ("%t", memref([None])),
            ("%o", memref(rows))]
    text = "%z = arith.constant 0.0 : f32\nlinalg.fill ins(%z : f32) outs(%s : memref<?xf32>)\n"
    text += generic(["(r,d)->(r,d)", "(r,d)->(r)", "(r,d)->(r)"], "pr", args[:1], args[2:4],
                    "%q = arith.mulf %a, %a : f32\n%n = arith.addf %b, %q : f32\n%l = arith.maximumf %c, %a : f32\n"
                    "linalg.yield %n, %l : f32, f32", "%a: f32, %b: f32, %c: f32")
    text += generic(["(r,d)->(r,d)", "(r,d)->(r)", "(r,d)->(d)", "(r,d)->(r,d)"], "pp",
                    [args[0], args[2], args[1]], args[4:],
                    f"%n = arith.constant {1 / d:e} : f32\n%e = arith.mulf %b, %n : f32\n%i = math.rsqrt %e : f32\n"
                    "%u = arith.mulf %a, %i : f32\n%v = arith.mulf %u, %c : f32\nlinalg.yield %v : f32",
                    "%a: f32, %b: f32, %c: f32, %d: f32")

    def check(call, name, bits, options):
        for r in ROWS:
            x, w, s, t = normal(r, d), normal(d), normal(r), np.full(r, -1e30, np.float32)
            o = np.empty((r, d), np.float32)
            call(x, w, s, t, o)
            y = x.astype(np.float64)
            near(name, s, (y * y).sum(1), f"sum {bits} {options} r={r}")
            near(name, t, y.max(1), f"max {bits} {options} r={r}")
            near(name, o, y / np.sqrt((y * y).mean(1, keepdims=True)) * w, f"{bits} {options} r={r}")

    suite.add(f"norm_{d}", args, text, check)


def gate(suite, d):
    """a * sigmoid(a) * b in place, and a copy of the result, all of it elementwise."""
    args = [("%x", memref([None, d])), ("%y", memref([None, d])), ("%o", memref([None, d]))]
    text = generic(["(r,d)->(r,d)"] * 2, "pp", args[:1], args[1:2],
                   "%one = arith.constant 1.0 : f32\n%n = arith.negf %a : f32\n%e = math.exp %n : f32\n"
                   "%p = arith.addf %e, %one : f32\n%q = arith.divf %a, %p : f32\n%r = arith.mulf %q, %b : f32\n"
                   "linalg.yield %r : f32", "%a: f32, %b: f32")
    text += f"memref.copy %y, %o : {args[1][1]} to {args[2][1]}\n"

    def check(call, name, bits, options):
        for r in ROWS:
            a, b, o = normal(r, d), normal(r, d), np.empty((r, d), np.float32)
            want = a / (1 + np.exp(-a.astype(np.float64))) * b
            call(a, b, o)
            near(name, o, want, f"{bits} {options} r={r}")

    suite.add(f"gate_{d}", args, text, check)


def causal(suite, d):
    """select with linalg.index of the vector dimension and of another."""
    args = [("%x", memref([None, d])), ("%o", memref([None, d]))]
    text = generic(["(r,d)->(r,d)"] * 2, "pp", args[:1], args[1:],
                   "%z = arith.constant -1.0e30 : f32\n%i = linalg.index 0 : index\n%j = linalg.index 1 : index\n"
                   "%k = arith.cmpi ule, %j, %i : index\n%r = arith.select %k, %a, %z : f32\nlinalg.yield %r : f32",
                   "%a: f32, %b: f32")

    def check(call, name, bits, options):
        for r in ROWS:
            x, o = normal(r, d), np.empty((r, d), np.float32)
            call(x, o)
            near(name, o, np.where(np.arange(d) <= np.arange(r)[:, None], x, np.float32(-1e30)), f"{bits} {options} r={r}")

    suite.add(f"causal_{d}", args, text, check)


def scan_step(suite, n, d):
    """h[n, d] = decay * h + u B; y[d] = sum_n h C: an output of the reduction beside one that it moves over."""
    vector = memref([d])
    args = [("%delta", vector), ("%u", vector), ("%A", memref([n, d])), ("%B", memref([n])), ("%C", memref([n])),
            ("%h", memref([n, d])), ("%y", vector)]
    text = generic(["(n,d)->(d)", "(n,d)->(d)", "(n,d)->(n,d)", "(n,d)->(n)", "(n,d)->(n)", "(n,d)->(n,d)", "(n,d)->(d)"],
                   "rp", args[:5], args[5:],
                   "%0 = arith.mulf %t, %a : f32\n%1 = math.exp %0 : f32\n%2 = arith.mulf %1, %h0 : f32\n"
                   "%3 = arith.mulf %t, %x : f32\n%4 = arith.mulf %3, %b : f32\n%5 = arith.addf %2, %4 : f32\n"
                   "%6 = arith.mulf %5, %c : f32\n%7 = arith.addf %y0, %6 : f32\nlinalg.yield %5, %7 : f32, f32",
                   "%t: f32, %x: f32, %a: f32, %b: f32, %c: f32, %h0: f32, %y0: f32")

    def check(call, name, bits, options):
        t, u, a, b, c = normal(d), normal(d), normal(n, d), normal(n), normal(n)
        h, y = normal(n, d), np.zeros(d, np.float32)
        want = np.exp(t.astype(np.float64) * a) * h + (t * u)[None].astype(np.float64) * b[:, None]
        call(t, u, a, b, c, h, y)
        near(name, h, want, f"h {bits} {options}")
        near(name, y, (want * c[:, None]).sum(0), f"y {bits} {options}")

    suite.add(f"scan_step_{n}_{d}", args, text, check)


def scan_step_lanes(suite, n, d):
    """The same with the state as [d, n]: lanes along the reduction, h stored, y joined."""
    vector = memref([d])
    args = [("%u", vector), ("%A", memref([d, n])), ("%B", memref([n])), ("%h", memref([d, n])), ("%y", vector)]
    text = generic(["(d,n)->(d)", "(d,n)->(d,n)", "(d,n)->(n)", "(d,n)->(d,n)", "(d,n)->(d)"], "pr", args[:3], args[3:],
                   "%0 = arith.mulf %h0, %a : f32\n%1 = arith.mulf %x, %b : f32\n%2 = arith.addf %0, %1 : f32\n"
                   "%3 = arith.addf %y0, %2 : f32\nlinalg.yield %2, %3 : f32, f32",
                   "%x: f32, %a: f32, %b: f32, %h0: f32, %y0: f32")

    def check(call, name, bits, options):
        u, a, b, h, y = normal(d), normal(d, n), normal(n), normal(d, n), normal(d)
        want = h.astype(np.float64) * a + u[:, None].astype(np.float64) * b
        wanted = y + want.sum(1)
        call(u, a, b, h, y)
        near(name, h, want, f"h {bits} {options}")
        near(name, y, wanted, f"y {bits} {options}")

    suite.add(f"scan_step_lanes_{n}_{d}", args, text, check)


def embedding(suite, d):
    """out[r, d] = table[ids[r], d], the table a bf16 one."""
    args = [("%ids", "memref<?xi32>"), ("%table", memref([50, d], "bf16")), ("%o", memref([None, d]))]
    text = generic(["(r,d)->(r)", "(r,d)->(r,d)"], "pp", args[:1], args[2:],
                   "%i = arith.index_cast %id : i32 to index\n%j = linalg.index 1 : index\n"
                   f"%v = memref.load %table[%i, %j] : {args[1][1]}\n%w = arith.extf %v : bf16 to f32\n"
                   "linalg.yield %w : f32", "%id: i32, %b: f32")

    def check(call, name, bits, options):
        for r in ROWS:
            ids, o = rng.integers(0, 50, r).astype(np.int32), np.empty((r, d), np.float32)
            stored, table = native.to_bf16(normal(50, d))
            call(ids, stored, o)
            near(name, o, table[ids], f"{bits} {options} r={r}", 0)

    suite.add(f"embedding_{d}", args, text, check)


def transpose(suite, d):
    """linalg.transpose of rows of unknown number."""
    args = [("%x", memref([None, d])), ("%o", memref([d, None]))]
    text = f"linalg.transpose ins(%x : {args[0][1]}) outs(%o : {args[1][1]}) permutation = [1, 0]\n"

    def check(call, name, bits, options):
        for r in ROWS + (16, 37):
            x, o = normal(r, d), np.empty((d, r), np.float32)
            call(x, o)
            near(name, o, x.T, f"{bits} {options} r={r}", 0)

    suite.add(f"transpose_{d}", args, text, check)


def convolution(suite, d):
    """out[t, d] += x[t + w, d] k[w, d]: sums of two dimensions as an index."""
    args = [("%x", memref([None, d])), ("%k", memref([4, d])), ("%o", memref([None, d]))]
    text = generic(["(t,d,w)->(t+w,d)", "(t,d,w)->(w,d)", "(t,d,w)->(t,d)"], "ppr", args[:2], args[2:], SUM,
                   "%a: f32, %b: f32, %c: f32")

    def check(call, name, bits, options):
        for r in ROWS:
            x, k, o = normal(r + 3, d), normal(4, d), normal(r, d)
            want = o + sum(x[w:w + r].astype(np.float64) * k[w] for w in range(4))
            call(x, k, o)
            near(name, o, want, f"{bits} {options} r={r}")

    suite.add(f"convolution_{d}", args, text, check)


def strided(suite):
    """A copy between views whose rows are not contiguous, and one whose elements are not."""
    args = [("%x", memref([None, 48])), ("%o", memref([None, 44])), ("%p", memref([None, 22]))]
    text = ("%c0 = arith.constant 0 : index\n%r = memref.dim %x, %c0 : memref<?x48xf32>\n"
            "%v = memref.subview %x[0, 2][%r, 22][1, 1] : memref<?x48xf32> to memref<?x22xf32, strided<[48, 1], offset: 2>>\n"
            "%w = memref.subview %o[0, 5][%r, 22][1, 1] : memref<?x44xf32> to memref<?x22xf32, strided<[44, 1], offset: 5>>\n"
            "memref.copy %v, %w : memref<?x22xf32, strided<[48, 1], offset: 2>> to memref<?x22xf32, strided<[44, 1], offset: 5>>\n"
            "%s = memref.subview %x[0, 1][%r, 22][1, 2] : memref<?x48xf32> to memref<?x22xf32, strided<[48, 2], offset: 1>>\n"
            "memref.copy %s, %p : memref<?x22xf32, strided<[48, 2], offset: 1>> to memref<?x22xf32>\n")

    def check(call, name, bits, options):
        for r in ROWS:
            x, o, p = normal(r, 48), np.zeros((r, 44), np.float32), np.zeros((r, 22), np.float32)
            call(x, o, p)
            near(name, o[:, 5:27], x[:, 2:24], f"{bits} {options} r={r}", 0)
            near(name, p, x[:, 1:45:2], f"elements {bits} {options} r={r}", 0)

    suite.add("strided", args, text, check)


def whole(suite):
    """All sizes unknown; a sum over everything; a branch in the body, which takes scalar loops."""
    any2, any1 = memref([None, None]), "memref<?xf32>"
    args = [("%x", any2), ("%y", any2), ("%o", any2), ("%t", "memref<f32>"), ("%z", any2)]
    text = generic(["(i,j)->(i,j)", "(i,j)->(i,j)", "(i,j)->(i,j)"], "pp", args[:2], args[2:3],
                   "%s = arith.subf %a, %b : f32\nlinalg.yield %s : f32", "%a: f32, %b: f32, %c: f32")
    text += generic(["(i,j)->(i,j)", "(i,j)->()"], "rr", args[:1], args[3:4],
                    "%s = arith.addf %a, %b : f32\nlinalg.yield %s : f32", "%a: f32, %b: f32")
    text += generic(["(i,j)->(i,j)", "(i,j)->(i,j)"], "pp", args[:1], args[4:],
                    "%z0 = arith.constant 0.0 : f32\n%p = arith.cmpf ogt, %a, %z0 : f32\n"
                    "%s = scf.if %p -> f32 {\nscf.yield %a : f32\n} else {\n%n = arith.negf %a : f32\nscf.yield %n : f32\n}\n"
                    "linalg.yield %s : f32", "%a: f32, %b: f32")

    def check(call, name, bits, options):
        for r, d in ((0, 5), (1, 1), (3, 6), (7, 44), (5, 902)):
            x, y, o, t, z = normal(r, d), normal(r, d), normal(r, d), np.zeros((), np.float32), normal(r, d)
            call(x, y, o, t, z)
            near(name, o, x - y, f"{bits} {options} {r}x{d}")
            near(name, t, x.astype(np.float64).sum(), f"sum {bits} {options} {r}x{d}")
            near(name, z, np.abs(x), f"branch {bits} {options} {r}x{d}", 0)

    suite.add("whole", args, text, check)


def suite():
    s = Suite()
    for n, half in ((32, False), (32, True), (16, False), (44, False), (6, False), (1, False)):
        panels(s, 37, n, half)
    for n, k in ((1, 5), (5, 1), (6, 44), (48, 48), (902, 6)):
        matmul(s, n, k)
    biased(s, 44, 6)
    for d in (1, 5, 6, 44, 64, None):
        dots(s, d)
    for d in (1, 5, 6, 44, 48, 902):
        norm(s, d)
        gate(s, d)
        causal(s, d)
        embedding(s, d)
        transpose(s, d)
        convolution(s, d)
    for n, d in ((16, 48), (4, 6), (1, 902)):
        scan_step(s, n, d)
        scan_step_lanes(s, n, d)
    strided(s)
    whole(s)
    return s


def main():
    bits = int(sys.argv[1])
    if bits == 512 and not native.runs_512():
        print("512: skipped, this processor has no AVX-512")
        return
    remarks = ""
    for options in ("", "grain=64", "mr=3 prefetch=0"):
        remarks += suite().run(bits, options)
    for line in failures[:20]:
        print("FAILED", line)
    print(f"{bits}: {count - len(failures)} of {count} right, {remarks.count('remark:')} remarks")


if __name__ == "__main__":
    main()
