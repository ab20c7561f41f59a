// Functions that differ in their name alone.
#pragma once
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"
namespace strand {

/// Functions as they are met, each a representative of those that are equal to it: in type, attributes and body,
/// wherever the source says that they are.
class EqualFunctions {
public:
  /// The one that `f` is equal to, met before it; `f` itself if there is none, which then is one.
  mlir::FunctionOpInterface firstLike(mlir::FunctionOpInterface f);

private:
  llvm::DenseMap<size_t, llvm::SmallVector<mlir::FunctionOpInterface, 1>> kept; // by hash
};
} // namespace strand
