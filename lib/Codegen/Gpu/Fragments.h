// Operands of mma.sync m16n8k16 (bf16, sums in f32) as the threads of a warp hold them.
//
// A line is what is multiplied along the depth: a column of the result takes a line of the matrix, a row one of the
// rows. Thread `lane` holds lines lane / 4 (and + 8, of the matrix) and of each a run of neighbouring values: the sum
// over the depth may take values in any order, so a run is what one load brings, and not what the instruction calls
// neighbours.
//
// The instruction multiplies bf16. A wider value is a sum of parts in bf16, cut off and not rounded, so that they add
// up to it exactly: 3 of f32, 2 of f16. Products of parts are exact in f32; those below 2^-24 of the whole are left
// out.
#pragma once
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
namespace strand {
using namespace mlir;

/// The lanes of a warp, as a fragment deals with them.
constexpr int64_t lanesAlongDepth = 4, linesOfFragment = 8;

class FragmentOperand {
public:
  /// `depthFirst`: buffer is [depth, lines], else [lines, depth]. A thread holds runs of `run` values, 4 or 8.
  FragmentOperand(Value buffer, bool depthFirst, int64_t run);

  int64_t depth() const;
  Value lines(ImplicitLocOpBuilder &b) const;
  /// A run of line `line` from `k` on, a multiple of its length, as words: pairs of bf16 (i32), or values (f32).
  SmallVector<Value> load(ImplicitLocOpBuilder &b, Value line, Value k) const;
  /// The same at the end of the depth: what lies beyond is zero, and is not read.
  SmallVector<Value> loadLast(ImplicitLocOpBuilder &b, Value line, Value k) const;
  /// Of some words, the parts, largest first: of each the pairs (i32).
  SmallVector<SmallVector<Value>> parts(ImplicitLocOpBuilder &b, ArrayRef<Value> words) const;

private:
  Value buffer;
  Type type;
  bool depthFirst, wide; // wide: loads of whole runs
  int64_t run;

  SmallVector<Value> loadRun(ImplicitLocOpBuilder &b, Value line, Value k) const;
  Value loadValue(ImplicitLocOpBuilder &b, Value line, Value k) const;
};

/// Values (f32) as sums of `count` parts, largest first: of each the pairs of bf16 (i32).
SmallVector<SmallVector<Value>> inParts(ImplicitLocOpBuilder &b, ArrayRef<Value> values, int64_t count);

/// A buffer in shared memory as a pointer there.
Value sharedPointer(ImplicitLocOpBuilder &b, Value buffer);
/// ldmatrix of four matrices of 8 x 8 values in 2 bytes: thread l names with `address` row l % 8 of matrix l / 8, and
/// gets a word of each; of those `turned` by columns.
SmallVector<Value> loadMatrices(ImplicitLocOpBuilder &b, Value address, bool turned);

/// sums + a * b over a depth of 16: a has 4 words, b 2, sums 4 values: columns lane / 4, then that + 8, each at rows
/// 2 (lane % 4) and the one behind it.
SmallVector<Value> multiplyFragments(ImplicitLocOpBuilder &b, ArrayRef<Value> columns, ArrayRef<Value> rows,
                                     ArrayRef<Value> sums);

/// The same with values in parts, largest first: small products first.
SmallVector<Value> multiplyParts(ImplicitLocOpBuilder &b, ArrayRef<SmallVector<Value>> columns,
                                 ArrayRef<SmallVector<Value>> rows, SmallVector<Value> sums);

/// Whether all lines of a buffer begin at a multiple of `elements`; buffers from outside of the kernel do.
bool hasAlignedLines(Value buffer, int64_t elements);
} // namespace strand
