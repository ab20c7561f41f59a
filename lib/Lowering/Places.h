// Places: tensors without contents of their own, that only say where a result goes. A place is a tensor.empty, a fill
// of one, or a view of one.
#pragma once
#include "mlir/Dialect/Tensor/IR/Tensor.h"
namespace strand {
using namespace mlir;

bool isPlace(Value v);
/// What a place is a fill or a view of; null for a tensor.empty.
Value under(Value place);
/// The tensor.empty at the bottom.
Value baseOf(Value place);
/// Whether `place` can be built on a tensor of that type instead of its own.
bool canStandOn(Value place, Type type);
/// `place` again at the insertion point. `base` stands in for the tensor of its type on the way down, if it is not
/// null; `adapt` may change each copied op.
Value placeAgain(OpBuilder &b, Value place, Value base, llvm::function_ref<void(Operation *)> adapt = {});

/// %part = ... init(extract_slice %place) ...; insert_slice %part into %place at the same offsets and sizes: the
/// operand that begins the part. Both must stand on one base. Null if `insert` is not of that kind.
OpOperand *beginOfPart(tensor::InsertSliceOp insert);
} // namespace strand
