#include "lib/Import/Diagnose.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/InterleavedRange.h"
#include "llvm/Support/raw_ostream.h"

namespace strand {

std::string quoted(llvm::StringRef text) {
  constexpr size_t limit = 120;
  std::string result = "'";
  llvm::raw_string_ostream out(result);
  for (char c : text.take_front(limit)) {
    if (c == '\'' || c == '\\')
      out << '\\' << c;
    else if (!llvm::isPrint(c))
      out << "\\x" << llvm::toHex(llvm::StringRef(&c, 1));
    else
      out << c;
  }
  out << '\'';
  if (text.size() > limit)
    out << "... (" << text.size() << " bytes)";
  return result;
}

std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string result;
  llvm::raw_string_ostream out(result);
  out << '[' << llvm::interleaved(shape) << ']';
  return result;
}

std::string messageAt(llvm::StringRef file, const llvm::Twine &what) {
  return (file + ": error: " + what).str();
}

std::string messageAt(llvm::StringRef file, llvm::StringRef text, size_t offset,
                      const llvm::Twine &what) {
  llvm::StringRef before = text.take_front(offset);
  size_t line = before.count('\n') + 1;
  size_t lineStart = before.rfind('\n');
  size_t column = lineStart == llvm::StringRef::npos ? offset + 1 : offset - lineStart;
  return (file + ":" + llvm::Twine(line) + ":" + llvm::Twine(column) + ": error: " + what).str();
}

llvm::Error importError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

llvm::Error importErrors(llvm::ArrayRef<std::string> messages) {
  constexpr size_t limit = 20;
  if (messages.empty())
    return llvm::Error::success();
  std::string all = llvm::join(messages.take_front(limit), "\n");
  if (messages.size() > limit)
    all += "\nand " + std::to_string(messages.size() - limit) + " more errors";
  return importError(all);
}

} // namespace strand
