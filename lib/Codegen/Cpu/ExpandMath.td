def ExpandMath : Pass<"strand-expand-math", "::mlir::func::FuncOp"> {
  let summary = "functions of math on f32 to arithmetic";
  let description = [{
    Replaces exp, exp2, expm1, log, log2, log1p, tanh, erf, sin, cos and rsqrt on f32 and on rank-1 vectors of f32, and
    powf whose exponent is a constant among -2 .. 4, 1/2 and -1/2, by arithmetic that is the same for a scalar and a
    lane: a remainder gets the bits that a vector would give, at every width, on every CPU with FMA. Runs when loops and
    vectors have been formed. Other types, other powers, and operations that CPUs have instructions for are left alone.

    Rounding f32 to bf16 becomes arithmetic on bits as well, since most CPUs have no instruction for it and the C library
    may lack the function that LLVM calls then.

    With `device`, for GPUs: rounding and `math.exp2` with `afn` stay, and exp is a power of 2 that the GPU has an instruction for, `math.exp2` with
    `afn`, times what rounding its exponent took away.

    Errors in units of the last place, and where the arithmetic comes from: lib/Codegen/Cpu/MathFunctions.cpp.
  }];
  let options = [Option<"device", "device", "bool", "false", "for GPUs">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [Statistic<"numExpanded", "expanded", "operations replaced">];
}
