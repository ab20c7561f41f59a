// What a compilation did: seconds of each step, the form of each op, sizes.
#pragma once
#include "lib/Target/Object.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
namespace strand {

struct CompileReport {
  std::string input, output, linker, hash;
  CpuTarget target;
  llvm::SmallVector<StepTime> times;
  llvm::json::Array ops; // what the passes noted
  int64_t weightBytes = 0, codeBytes = 0;
};

/// The notes of all functions of `module` (lib/Lowering/Notes.h), each with its function. Strings, numbers, unit and
/// arrays stand for themselves, other attributes for their text.
llvm::json::Array reportOf(mlir::ModuleOp module);
/// Errors: one that names all ops that fell back to a slow form.
llvm::Error refuseFallbacks(const llvm::json::Array &ops);
/// Puts the report into the form that the schema holds: the text of a JSON object {"ops": [...]}.
void sealReport(mlir::ModuleOp module, const llvm::json::Array &ops);

llvm::json::Value toJson(const CompileReport &report);
void printText(const CompileReport &report, llvm::raw_ostream &out);
} // namespace strand
