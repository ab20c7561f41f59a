// How the functions of strand/strand.h fail.
#pragma once
#include "strand/strand.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FormatVariadic.h"
#include <string>

struct strand_error {
  int32_t code;
  std::string message;
};

namespace strand {

strand_error *failure(strand_failure code, const llvm::Twine &message);
/// A wrong argument: `format` as llvm::formatv takes it.
template <typename... Ts> strand_error *wrong(const char *format, Ts &&...values) {
  return failure(STRAND_FAILED_ARGUMENT, llvm::formatv(format, std::forward<Ts>(values)...).str());
}
strand_error *noMemory(const llvm::Twine &what, int64_t bytes);
/// What a compilation said: `diagnostics` were reported before, lines of text.
strand_error *compileFailure(llvm::Error error, const std::string &diagnostics);

/// Runs `body` so that what would end the process (a fatal error of LLVM, memory that is short) ends `body` instead and
/// becomes an error; what it held is then lost.
strand_error *guarded(llvm::function_ref<strand_error *()> body);
/// The same for the compiler at work, whose crashes become errors as well.
strand_error *survived(llvm::function_ref<strand_error *()> body);
} // namespace strand
