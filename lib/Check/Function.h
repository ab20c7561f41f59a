// One function of a module, and what it carries from call to call.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
namespace strand {
using namespace mlir;

/// A copy of `module` with @`name`, what it calls, and no mark check.*.
OwningOpRef<ModuleOp> isolate(ModuleOp module, StringRef name);

struct CarriedValue {
  std::string name;      // its path
  RankedTensorType type; // slots x (cache rows x) item
  double initial;
  bool cache, count; // grows with its rows; is how many there were

  /// Elements of one slot.
  int64_t slotSize(int64_t cacheRows) const;
};

/// The state arguments of `f`, as strand-derive-advance marks them.
SmallVector<CarriedValue> carriedValues(func::FuncOp f);
} // namespace strand
