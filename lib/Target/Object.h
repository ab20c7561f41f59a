// From a module in the LLVM dialect to machine code.
#pragma once
#include "lib/Target/Cpu.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"
namespace mlir {
class ModuleOp;
}
namespace strand {

enum class CodeKind { LlvmText, Assembly, Object };

struct ObjectOptions {
  CodeKind kind = CodeKind::Object;
  int level = 1;           // of LLVM's optimiser, 0 to 3
  std::string name = "m";  // of the module, in diagnostics and in the text
};

/// Seconds that a step took, under its name.
struct StepTime {
  std::string step;
  double seconds;
};

/// Writes the code of `module` to `out`. Position-independent, no frame pointers, a*b+c may become one operation.
/// Errors: the module is not wholly in a dialect that LLVM IR can express (also reported at its location); the back-end
/// refuses something.
llvm::Error emitCode(mlir::ModuleOp module, const CpuTarget &target, const ObjectOptions &options,
                     llvm::raw_pwrite_stream &out, llvm::SmallVectorImpl<StepTime> &times);
} // namespace strand
