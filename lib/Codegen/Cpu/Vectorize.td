def Vectorize : Pass<"strand-vectorize", "::mlir::func::FuncOp"> {
  let summary = "linalg on buffers to loops and rank-1 vectors";
  let description = [{
    Writes every linalg op on memrefs, and every memref.copy, as scf loops over vector loads, arithmetic and stores.
    One planner serves all ops (VectorizePlan.h): it picks the dimension that lies along the lanes of a vector, the
    dimensions of which several indices are taken at once so that loaded values are used again, and the order of the
    loops; each load and body operation is then emitted at the outermost loop that fixes its operands.

    An op outside any scf.forall that may be worth more than `grain` is wrapped in one whose number of tasks is found
    at run time. Result 0 of an op that is marked `strand.streams`, which nobody reads before the task is done, is stored
    non-temporally where its buffer is large and aligned. An op whose body cannot be written on vectors becomes scalar loops, with a remark.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512", "bits of a vector register: 256 or 512">,
    Option<"mr", "mr", "int64_t", "0", "rows of a register tile; 0: as many as the registers hold well">,
    Option<"grain", "grain", "int64_t", "32768", "f32 operations that make a task worth its cost">,
    Option<"stream", "stream", "int64_t", "8 << 20",
           "bytes from which on results marked `strand.streams` go past the caches: some times a core's own; 0: never">,
    Option<"oneOrder", "one-order", "bool", "false", "sums take the same order, and give the same bits, in one row as in many">,
    Option<"prefetch", "prefetch", "int64_t", "1024", "bytes ahead at which large weights are prefetched; 0: never">,
  ];
  let statistics = [Statistic<"numVector", "vectorised", "ops written on vectors">,
                    Statistic<"numScalar", "scalar", "ops written as scalar loops">];
}
