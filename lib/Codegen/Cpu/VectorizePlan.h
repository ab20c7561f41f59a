// What strand-vectorize decides about one linalg op on memrefs, before anything is emitted.
//
// The dimensions of the op are its loops. One of them, the vector dimension, lies along lanes: either a parallel one
// along which the outputs are contiguous (lanes are independent), or a reduction along which the inputs are contiguous
// (lanes are partial sums, joined at the end). Every step of a dimension covers a tile of indices, told as pieces: a
// piece is `width` neighbouring indices, one vector for the vector dimension (width 1: a scalar) and one index for any
// other. Tiles of more than one piece are unrolled and jammed, so a value that does not depend on the dimension is
// computed once for all its pieces.
//
// `order` is the nest from the outside in: parallel dimensions, then reductions. `level` counts how many loops of the
// nest are open: a value is emitted at the lowest level at which all dimensions that it depends on are open.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <optional>
namespace strand {

/// A set of dimensions of an op, one bit each.
using DimSet = uint64_t;

/// How the address of an operand moves when the vector dimension moves by one: not, by one element, or otherwise.
enum class Access { uniform, contiguous, strided };

/// The options of the pass, and what follows from them.
struct VectorTarget {
  int64_t bits = 512, rows = 0, grain = 32768, prefetch = 1024, stream = 0;
  bool oneOrder = false; ///< sums take the same order in one row as in many
  int64_t registers() const { return bits == 512 ? 32 : 16; }
};

/// `width` neighbouring indices of a dimension, from `offset` after the base of the tile.
struct Piece {
  int64_t offset, width;
};

/// One thing to emit: the load of an input, or an operation of the body.
struct BodyItem {
  mlir::OpOperand *load = nullptr;
  mlir::Operation *op = nullptr;
  mlir::Operation *product = nullptr; ///< arith.mulf whose sum with the rest of `op`'s operands is one fma
  unsigned level = 0;
  mlir::BlockArgument folds;          ///< the argument of an output to which `op` adds all pieces of LoopPlan::held
};

/// One output. Carried: its elements stay in registers while the loops inside `level` run.
struct OutputPlan {
  mlir::OpOperand *operand;
  mlir::BlockArgument arg;
  mlir::Value yielded;
  DimSet dims = 0;
  unsigned level = 0;
  bool carried = false, partial = false;  ///< partial: lanes are partial results, joined by `combiner`
  bool once = false;                      ///< each element is computed at one point of the nest
  mlir::Operation *combiner = nullptr;
  mlir::Value start;                      ///< what the buffer holds before, if a fill said so
  mutable mlir::linalg::LinalgOp spread;  ///< or the op that wrote it: see isSpread
};

/// How many indices of each dimension one step covers.
using Tiling = mlir::SmallVector<int64_t>;

struct LoopPlan {
  mutable mlir::linalg::LinalgOp op;       ///< a handle, whose accessors are not const
  DimSet parallel = 0;
  mlir::SmallVector<int64_t> sizes;        ///< static, or ShapedType::kDynamic
  mlir::SmallVector<unsigned> order;
  std::optional<unsigned> vec;
  bool vecReduces = false;
  int64_t lanes = 1;
  mlir::SmallVector<BodyItem> items;
  mlir::SmallVector<OutputPlan> outputs;
  llvm::DenseMap<mlir::Value, DimSet> deps; ///< of values of the body; absent: none
  Tiling tiling;
  std::optional<unsigned> rows, panels;     ///< dimensions that reuse what others load; see chooseTiles
  std::optional<unsigned> held;             ///< a reduction all of whose indices are open at once; see chooseHeld
  Tiling oneRow;                            ///< tiling for a single row, where it differs; else empty
  std::optional<unsigned> transposed;       ///< the dimension along which a strided input is contiguous
  mlir::SmallVector<std::pair<unsigned, int64_t>, 2> split; ///< dimensions that tasks divide, and indices of a block
  int64_t cost = 1;                         ///< f32 operations of one point of the iteration space
  bool hasMath = false;                     ///< of what differs along the vector dimension
  const char *refusal = nullptr;            ///< why there is no vector dimension although there are loops

  bool isParallel(unsigned dim) const { return parallel >> dim & 1; }
  DimSet depsOf(mlir::Value v) const { return deps.lookup(v); }
  bool dependsOnVec(mlir::Value v) const { return vec && (depsOf(v) >> *vec & 1); }
  Access access(mlir::OpOperand *operand) const;
  unsigned levelOf(DimSet dims) const;
  /// The pieces of a tile of `size` indices of a dimension: single indices, or whole vectors and the rest. That is one
  /// piece where there is math to do, which then takes a whole register once; LLVM loads and stores it by halves, and
  /// each half alone is cheaper where there is little more than that.
  mlir::SmallVector<Piece> piecesOf(unsigned dim, int64_t size) const;
};

/// Decides everything. `op` has buffer semantics.
LoopPlan planLoops(mlir::linalg::LinalgOp op, const VectorTarget &target);

/// How what `map` reads of a value of that type moves along `dim`.
Access accessAlong(mlir::Type type, mlir::AffineMap map, unsigned dim);
/// How `operand` of `op` moves along `dim`.
Access accessAlong(mlir::linalg::LinalgOp op, mlir::OpOperand *operand, unsigned dim);

/// The dimensions that occur in a map.
DimSet dimsOf(mlir::AffineMap map);

/// The part [lo, hi) of a dimension that a nest covers; null values: all of a static dimension.
struct DimRange {
  mlir::Value lo, hi;
};

/// Emits the nest of `plan` over `ranges` at the insertion point of `b`; `stream`: output 0 goes past the caches.
void emitLoops(mlir::OpBuilder &b, const LoopPlan &plan, const Tiling &tiling, mlir::ArrayRef<DimRange> ranges,
               const VectorTarget &target, bool stream = false);

/// Whether output 0 is to go past the caches, as i1: the op is marked `strand.streams`, the buffer has more than
/// target.stream bytes, and vectors are aligned. Null if that is never so.
mlir::Value emitStreams(mlir::OpBuilder &b, const LoopPlan &plan, const VectorTarget &target);
/// Orders what a task has stored past the caches before what comes after the task.
void fenceTask(mlir::scf::ForallOp loop);

/// Rows of a square matrix, one vector each -> its columns.
mlir::SmallVector<mlir::Value> transposeVectors(mlir::OpBuilder &b, mlir::Location loc,
                                                mlir::SmallVector<mlir::Value> rows);
} // namespace strand
