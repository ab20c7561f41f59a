// From a module in the LLVM dialect to machine code.
#pragma once
#include "lib/Target/Cpu.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"
#include <vector>
namespace mlir {
class ModuleOp;
}
namespace strand {

enum class CodeText { Llvm, Assembly };

struct CodeOptions {
  int level = 1;           // of LLVM's optimiser, 0 to 3
  std::string name = "m";  // of the module, in diagnostics, the text and hidden symbols
  bool inParts = true;     // several threads share a large module
  bool contracts = true;   // a*b+c may become one operation; which of them do goes by the code around
  bool quickly = false;    // machine code is made as for level 0, in half the time, whatever the level of the optimiser
};

using ObjectFile = llvm::SmallVector<char, 0>;

/// Seconds that a step took, under its name.
struct StepTime {
  std::string step;
  double seconds;
};

/// The code of `module` as object files to be linked together, made by as many threads as there are processors.
/// Position-independent, no frame pointers. Errors: the module is not wholly in a
/// dialect that LLVM IR can express (also reported at its location); the back-end refuses something.
llvm::Expected<std::vector<ObjectFile>> emitObjects(mlir::ModuleOp module, const CpuTarget &target,
                                                    const CodeOptions &options, llvm::SmallVectorImpl<StepTime> &times);
/// The same for each of `levels`, whatever `options.level` says; the module is translated once.
llvm::Expected<std::vector<std::vector<ObjectFile>>> emitObjects(mlir::ModuleOp module, const CpuTarget &target,
                                                                 CodeOptions options, llvm::ArrayRef<int> levels,
                                                                 llvm::SmallVectorImpl<StepTime> &times);
/// The same as one text, written to `out`.
llvm::Error emitText(mlir::ModuleOp module, const CpuTarget &target, const CodeOptions &options, CodeText kind,
                     llvm::raw_pwrite_stream &out, llvm::SmallVectorImpl<StepTime> &times);
} // namespace strand
