#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "strand/abi.h"
#include <optional>
namespace strand {
using namespace mlir;
/// One weight of a compiled model and its place in the weights file.
struct WeightLayout {
  std::string name;
  int64_t panel; // columns of a panel; 0: row-major
  Type type;     // of an element
  SmallVector<int64_t> shape;
  int64_t offset; // in bytes, 64-byte aligned

  int64_t bytes() const;
};

/// How the schema calls an element type; nothing where it cannot say it.
std::optional<strand_type> abiTypeOf(Type type);

/// The weights of `module`, in the order of the arguments of @advance that carry `strand.weight`; before or after
/// bufferisation. Whoever writes the weights file and the code that reads it both ask here.
SmallVector<WeightLayout> weightLayout(ModuleOp module);
/// What the whole file takes.
int64_t weightBytes(ArrayRef<WeightLayout> weights);
} // namespace strand
