// One function of a module, and what it carries from call to call.
#pragma once
#include "lib/Pipelines/Stages.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
namespace strand {
using namespace mlir;

/// A copy of `module` with @`name`, what it calls, and no mark check.*.
OwningOpRef<ModuleOp> isolate(ModuleOp module, StringRef name);

/// The same with the ops that its scans become: behind the stage "structure".
llvm::Expected<OwningOpRef<ModuleOp>> structured(ModuleOp module, StringRef name, const CpuTarget &target);

/// Renames what `module` defines.
void addSuffix(ModuleOp module, StringRef suffix);
/// Moves what `from` defines, under names of its own, behind what is in `to`, and what it declares if that is not
/// there.
void moveInto(ModuleOp to, ModuleOp from);

/// The stages of `all` from one to in front of another, or to the end.
ArrayRef<Stage> between(ArrayRef<Stage> all, StringRef from, StringRef to = "");
llvm::Error runStages(ModuleOp module, ArrayRef<Stage> stages);

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
