// Errors that say more than their text.
#pragma once
#include "llvm/Support/Error.h"
namespace mlir {
class Diagnostic;
}
namespace strand {

/// A line `file:line:col: severity: text`; `elsewhere` stands in front where the location names no place.
void printDiagnostic(const mlir::Diagnostic &d, llvm::StringRef elsewhere, llvm::raw_ostream &out);

/// The message was given as a diagnostic at its location already; nothing is to be printed.
struct AlreadyReported : llvm::ErrorInfo<AlreadyReported> {
  static char ID;
  void log(llvm::raw_ostream &os) const override { os << "an error that was reported"; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
};

/// The fault is the compiler's, not the user's.
struct InternalError : llvm::ErrorInfo<InternalError> {
  static char ID;
  std::string text;
  explicit InternalError(std::string text) : text(std::move(text)) {}
  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
};
} // namespace strand
