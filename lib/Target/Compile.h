// The whole way from a checkpoint folder or a module to a file that runs.
#pragma once
#include "lib/Target/Input.h"
#include "lib/Target/Report.h"
namespace mlir {
class MLIRContext;
}
namespace strand {

enum class Emit { Mlir, Llvm, Asm, Obj, Shared, Static, Header, Exe, Weights, Ptx, Cubin };

struct CompileOptions {
  std::string input;                   // checkpoint folder, or module
  std::string weights;                 // safetensors file of a module; empty: none
  std::string output;                  // "-": standard output, for kinds that are text
  Emit emit = Emit::Exe;
  std::string stopAfter;               // name of the last stage; empty: all
  std::string saveStages;              // folder for NN-stage.mlir; empty: none
  std::string cpu = "native", triple;  // as cpuTarget takes them
  std::string chips;                   // of GPUs, as gpuTarget takes them; empty: the model runs on the CPU
  std::string prefix = "m";            // of C symbols
  std::string form = "auto";           // of ops that have several, as strand-expand-chunks takes it
  std::string linker, runtime;         // C compiler; folder of the run-time libraries; empty: found
  int level = 1;                       // of LLVM's optimiser
  bool externalWeights = false;        // in the side file <output>.weights
  bool reproducible = false;           // the same bits for any batch, cut and number of threads
  bool narrowRows = false;             // rows in bf16 where they are multiplied; on a GPU
  bool strict = false;                 // an op that fell back to a slow form is an error
};

/// Compiles. Either the output is written whole, or nothing is. `program` is the running tool, beside which the
/// run-time libraries are. `report` holds what was done, also after an error.
/// Errors: text for the user; `AlreadyReported` where diagnostics of the context said it; `InternalError` where the
/// compiler is at fault.
llvm::Error compile(mlir::MLIRContext &context, const CompileOptions &options, llvm::StringRef program,
                    CompileReport &report);

/// The first half of `compile`: reads options.input unless `input` has a module already, and runs all stages, which
/// leaves the module in the LLVM dialect and the weights at their places. Of `options`, what has to do with the output
/// is not looked at. Errors: as `compile` has them; the module is no model.
llvm::Error lowerModel(mlir::MLIRContext &context, const CompileOptions &options, Input &input, PlacedWeights &weights,
                       CompileReport &report);
} // namespace strand
