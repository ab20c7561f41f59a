#include "lib/Pipelines/Run.h"
#include "lib/Target/Errors.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
using namespace mlir;
using llvm::make_error;

llvm::Error strand::runPasses(ModuleOp module, StringRef passes, const Twine &what) {
  bool reported = false;
  ScopedDiagnosticHandler errors(module.getContext(), [&](Diagnostic &d) {
    reported |= d.getSeverity() == DiagnosticSeverity::Error;
    return failure(); // the next handler prints it
  });
  PassManager pipeline(module.getContext(), "builtin.module");
  std::string problem;
  llvm::raw_string_ostream problems(problem);
  if (failed(parsePassPipeline(passes, pipeline, problems)))
    return make_error<InternalError>((what + ": " + problem).str());
  pipeline.enableVerifier(
      false); // once, at the end: after each pass it takes a seventh of all time; strand-opt does that
  if (succeeded(pipeline.run(module)) && succeeded(verify(module)))
    return llvm::Error::success();
  if (reported)
    return make_error<AlreadyReported>();
  return make_error<InternalError>((what + " failed and said nothing").str());
}
