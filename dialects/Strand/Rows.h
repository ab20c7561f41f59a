// What every family's meaning and tiles use: slices of rows, a walk over the rows of each sequence, small linalg.
#pragma once
#include "dialects/Strand/Strand.h"

namespace strand {
/// Sizes, element type and the static shape behind dimension 0.
RankedTensorType rowsType(Value rows);
SmallVector<int64_t> itemShape(Value rows);

/// C: states, slots and results of an op that carries `specs` go together: all or none, and each of shape
/// slots x spec. `outputs` is the number of results before the next states.
LogicalResult verifyStates(StreamOpInterface op, unsigned outputs);

/// All tensors of floats that `op` takes and returns have one element type. `constraint` is cited in the error.
LogicalResult verifyOneFloatType(Operation *op, StringRef constraint);

Value indexConstant(OpBuilder &b, Location loc, int64_t value);
Value floatConstant(OpBuilder &b, Location loc, Type type, double value);
Value numRows(OpBuilder &b, Location loc, Value rows);
/// tensor[at] of integers as an index.
Value indexAt(OpBuilder &b, Location loc, Value tensor, Value at);

/// The last of `count` ascending numbers begin(0), begin(1), ... that is not above `at`; the first is not.
Value lastNotAbove(OpBuilder &b, Location loc, Value count, Value at,
                   llvm::function_ref<Value(OpBuilder &, Value i)> begin);
/// The sequence that a row is of: the last that begins at it or before.
Value sequenceOf(OpBuilder &b, Location loc, Value offsets, Value row);

/// Whether every element of a tensor of floats is known to be `number`; a null one has none.
bool isAll(Value tensor, double number);

/// x[offsets][sizes], with the dimensions in `dropped` (size 1) removed.
Value slice(OpBuilder &b, Location loc, Value x, ArrayRef<OpFoldResult> offsets, ArrayRef<int64_t> sizes,
            ArrayRef<unsigned> dropped = {});
/// The inverse: `part` put back into x.
Value unslice(OpBuilder &b, Location loc, Value part, Value x, ArrayRef<OpFoldResult> offsets, ArrayRef<int64_t> sizes);
/// One row, of rank one less; and its way back.
Value takeRow(OpBuilder &b, Location loc, Value rows, Value t);
Value putRow(OpBuilder &b, Location loc, Value row, Value rows, Value t);
/// `values`, or what `change` makes of them if `condition` holds: by a loop of one round or none, since what a loop
/// carries is written in place.
SmallVector<Value> changedIf(OpBuilder &b, Location loc, Value condition, ValueRange values,
                             llvm::function_ref<SmallVector<Value>(ValueRange)> change);

using LoopBody = llvm::function_ref<SmallVector<Value>(Value i, ValueRange carried)>;
/// scf.for with its body emitted through `b` itself.
SmallVector<Value> emitLoop(OpBuilder &b, Location loc, Value from, Value to, int64_t step, ValueRange init,
                            LoopBody body);

Value emptyTensor(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, Type element);
/// tensor.empty with as many rows as `like`.
Value emptyRows(OpBuilder &b, Location loc, Value like, ArrayRef<int64_t> item, Type element);
Value filled(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, Value scalar);
Value filledInto(OpBuilder &b, Location loc, Value scalar, Value out);

using Body = llvm::function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange)>;
/// linalg.generic; `maps` for inputs then outputs, a letter of `iterators` a loop: 'p'arallel or 'r'eduction.
SmallVector<Value> generic(OpBuilder &b, Location loc, ValueRange ins, ValueRange outs, ArrayRef<AffineMap> maps,
                           StringRef iterators, Body body);
/// out[m, n] += sum_k lhs * rhs, with operands read through maps over (m, n, k) given as text of dimension letters;
/// factors of a narrower type are widened.
Value contract(OpBuilder &b, Location loc, Value lhs, StringRef lhsDims, Value rhs, StringRef rhsDims, Value out,
               StringRef outDims);
/// The map from the loops `loops` (a letter each) to the dimensions named in `dims`.
AffineMap dimsMap(MLIRContext *context, StringRef loops, StringRef dims);
/// y = x^T of a static matrix.
Value transposed(OpBuilder &b, Location loc, Value x);

/// Whether `rows` are known to be as coarse as bf16: they are bf16, widened, or computed from such rows element by
/// element.
bool comesFromBf16(Value rows);
/// Why tiles that multiply these rows, of heads with so many keys and values, cannot do so on tensor cores: rows are no
/// copies of bf16, nor f32 that the op multiplies `inParts`, or sizes do not fit. Empty if they can.
std::string obstacleToTensorCores(ValueRange multiplied, int64_t keys, int64_t values, bool inParts = false);
/// x rounded to bf16.
Value inBf16(OpBuilder &b, Location loc, Value x);

/// A factor of products on tensor cores: values in bf16, largest first, that add up to it.
using Parts = SmallVector<Value, 3>;
/// Of how many parts a factor in f32 is; one that comes from bf16, or may be rounded, is one.
constexpr int64_t partsOfF32 = 3;
/// Whether an op's products may round their factors to bf16, as all rows are that it multiplies.
bool isRounded(ChunkOpInterface op);
/// Of how many parts a factor of them is.
inline int64_t numParts(ChunkOpInterface op) { return isRounded(op) ? 1 : partsOfF32; }
/// A number (f32) as `count` parts: rounded, then what that leaves, rounded.
SmallVector<Value> roundedParts(OpBuilder &b, Location loc, Value x, int64_t count);
/// x (f32) in so many parts, or x itself if it is bf16. Three parts are all of a finite x below 2^127.
Parts inBf16Parts(OpBuilder &b, Location loc, Value x, int64_t count);
/// `contract` of factors in parts: small products first, without those below 2^-24 of the largest. Tensor cores cut sums
/// off, which would add up over tiles: the product begins at zero and is added to `out`, rounded.
Value contractParts(OpBuilder &b, Location loc, const Parts &lhs, StringRef lhsDims, const Parts &rhs, StringRef rhsDims,
                    Value out, StringRef outDims);

/// A value of an element type as another float type.
Value castFloat(OpBuilder &b, Location loc, Value x, Type to);

/// For each sequence s: carried = open(s, outer); for each of its rows t, carried = row(t, carried); then
/// outer = close(s, outer, carried). Returns outer.
using OpenSequence = llvm::function_ref<SmallVector<Value>(OpBuilder &, Value s, ValueRange outer)>;
using NextRow = llvm::function_ref<SmallVector<Value>(OpBuilder &, Value t, ValueRange carried)>;
using CloseSequence =
    llvm::function_ref<SmallVector<Value>(OpBuilder &, Value s, ValueRange outer, ValueRange carried)>;
SmallVector<Value> walkSequences(OpBuilder &b, Location loc, Value offsets, ValueRange outer, OpenSequence open,
                                 NextRow row, CloseSequence close);
/// What each carried value of `op` holds before the first row of sequence s, and its way back into the op's `states`.
SmallVector<Value> openStates(OpBuilder &b, StreamOpInterface op, Value s, ValueRange states);
SmallVector<Value> closeStates(OpBuilder &b, StreamOpInterface op, Value s, ValueRange states, ValueRange carries);

/// The meaning of an op that carries state: for each sequence, for each of its rows t,
/// (outs, carries) = step(t, outs, carries). The carries begin at the initial values or at the sequence's slot of the
/// op's states and go back there. Returns outs, then the next states if the op has states.
using Step = llvm::function_ref<std::pair<SmallVector<Value>, SmallVector<Value>>(OpBuilder &, Value t, ValueRange outs,
                                                                                  ValueRange carries)>;
SmallVector<Value> walkRows(OpBuilder &b, StreamOpInterface op, ValueRange outs, Step step);
/// The same from the last row of each sequence to the first; the op has no states.
SmallVector<Value> walkRowsBack(OpBuilder &b, StreamOpInterface op, ValueRange outs, Step step);
/// What one row takes: its destinations [1 x item], and what is carried. Returns the row's results, then the carries.
using SingleRowStep = llvm::function_ref<SmallVector<Value>(OpBuilder &, Value t, ValueRange rows, ValueRange carries)>;
/// walkRows, or with `back` walkRowsBack, by steps that see the places of their row alone.
SmallVector<Value> walkSingleRows(OpBuilder &b, StreamOpInterface op, ValueRange outs, SingleRowStep step,
                                  bool back = false);
/// Why an op that goes that way cannot go on from where an earlier call left a sequence.
inline constexpr llvm::StringLiteral reasonAgainstReverse =
    "is reverse: a row depends on all rows behind it, so its sequence has to come in one piece";
/// The initial value of a carried value as a tensor of its shape.
Value initialState(OpBuilder &b, Location loc, const StateSpec &spec);

/// Where block number `block` of `size` begins.
Value startOf(OpBuilder &b, Location loc, Value block, int64_t size);
/// All of `shape`, but of its last dimension the block number `block` of `size`; a shape of rank 0 is one block.
Slice innerBlock(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, Value block, int64_t size);
/// All of `shape`, but of its first dimension, the heads, the one that is `head`.
Slice headOf(OpBuilder &b, ArrayRef<int64_t> shape, Value head);
/// The largest divisor of `n` that is at most `limit`, a multiple of `unit` if there is one.
int64_t blockOf(int64_t n, int64_t limit, int64_t unit);
} // namespace strand
