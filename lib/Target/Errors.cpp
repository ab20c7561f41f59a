#include "lib/Target/Errors.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
using namespace mlir;
char strand::AlreadyReported::ID;
char strand::InternalError::ID;
namespace {

StringRef severityName(DiagnosticSeverity s) {
  switch (s) {
  case DiagnosticSeverity::Error: return "error";
  case DiagnosticSeverity::Warning: return "warning";
  case DiagnosticSeverity::Remark: return "remark";
  case DiagnosticSeverity::Note: return "note";
  }
  llvm_unreachable("not a severity");
}
} // namespace

void strand::printDiagnostic(const Diagnostic &d, StringRef elsewhere, llvm::raw_ostream &out) {
  if (auto at = d.getLocation()->findInstanceOf<FileLineColLoc>())
    out << at.getFilename().getValue() << ":" << at.getLine() << ":" << at.getColumn() << ": ";
  else if (auto name = d.getLocation()->findInstanceOf<NameLoc>())
    out << name.getName().getValue() << ": ";
  else if (!elsewhere.empty())
    out << elsewhere << ": ";
  out << severityName(d.getSeverity()) << ": " << d.str() << "\n";
}
