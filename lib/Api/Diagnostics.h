#pragma once
#include "lib/Target/Errors.h"
#include "mlir/IR/Diagnostics.h"
#include <string>
namespace strand {
/// Keeps the errors of an MLIR context as lines of text, each with the notes that say more than which op it was.
class Diagnostics {
public:
  explicit Diagnostics(mlir::MLIRContext &context) : handler(&context, [this](mlir::Diagnostic &d) { add(d); }) {}
  const std::string &text() const { return lines; }

private:
  std::string lines;
  mlir::ScopedDiagnosticHandler handler;

  void add(mlir::Diagnostic &d) {
    if (d.getSeverity() != mlir::DiagnosticSeverity::Error)
      return;
    llvm::raw_string_ostream out(lines);
    printDiagnostic(d, "", out);
    for (mlir::Diagnostic &note : d.getNotes())
      if (!llvm::StringRef(note.str()).starts_with("see current operation"))
        printDiagnostic(note, "", out);
  }
};
} // namespace strand
