#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
namespace strand {
/// Runs the pipeline that is written in `passes` on `module`. `what` names it in messages. Errors: AlreadyReported
/// where a pass gave a diagnostic; InternalError where the text is no pipeline or a pass failed and said nothing.
llvm::Error runPasses(mlir::ModuleOp module, llvm::StringRef passes, const llvm::Twine &what);
} // namespace strand
