#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
namespace strand {
using namespace mlir;
/// The functions of `module` that have a body, each behind all that it calls. Fails with an error on recursion.
FailureOr<SmallVector<func::FuncOp>> calleesFirst(ModuleOp module);
/// Does `convert` to these functions in this order, until it fails.
LogicalResult forEachCalleesFirst(ModuleOp module, llvm::function_ref<LogicalResult(func::FuncOp)> convert);
/// The calls of `f` in `module`.
SmallVector<func::CallOp> callsOf(func::FuncOp f, ModuleOp module);
} // namespace strand
