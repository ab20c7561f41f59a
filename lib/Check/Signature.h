// What a function over rows says of itself.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>
namespace strand {
using namespace mlir;

enum class ArgumentKind { Rows, Parameter, Offsets };
enum class Draw { Normal, Uniform, Gates, Integers, Bits };

struct Argument {
  ArgumentKind kind;
  RankedTensorType type;
  Draw draw = Draw::Normal;
  double lo = 0, hi = 0; // of Uniform and Integers, both included
};

struct Signature {
  std::string name;
  SmallVector<Argument> arguments;
  SmallVector<RankedTensorType> results; // all of rows
  double tolerance = 1e-6;
  std::optional<unsigned> offsets; // the argument; none where no op carries state
  bool hasState = false;
  bool isResumable = true; // whether the forms with state are legal: a reverse scan has none
  SmallVector<int64_t> tiles; // lengths of the tiles of all ops, ascending
};

/// Errors, at the function: no kind fits an argument or result; attributes check.* that are unknown or misplaced; not
/// exactly one argument of offsets where there is state.
FailureOr<Signature> readSignature(func::FuncOp f);

/// One item: the type behind dimension 0.
inline SmallVector<int64_t> itemShape(RankedTensorType rows) { return to_vector(rows.getShape().drop_front()); }
inline int64_t itemSize(RankedTensorType rows) { return ShapedType::getNumElements(rows.getShape().drop_front()); }
inline bool isRows(RankedTensorType t) { return t.getRank() && t.isDynamicDim(0) && t.getNumDynamicDims() == 1; }
} // namespace strand
