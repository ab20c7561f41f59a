// Smaller programs that are still wrong.
#pragma once
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <string>
namespace strand {

/// A program of `text` with fewer operations, arguments and results for which `isWrong` still answers true, as it must
/// for `text`. Every candidate is valid.
std::string reduceProgram(llvm::StringRef text, llvm::function_ref<bool(llvm::StringRef)> isWrong);
} // namespace strand
