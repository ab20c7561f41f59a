#pragma once
#include "llvm/Support/Error.h"
#include <string>
#include <vector>
namespace strand {
/// An array of numpy's format .npy, version 1 or 2: little-endian, rows first.
struct NpyArray {
  std::string element; // "f4", "i4", ...
  std::vector<int64_t> shape;
  std::vector<char> bytes;
};
/// Errors name the file and what in it is not read.
llvm::Expected<NpyArray> readNpy(llvm::StringRef path);
} // namespace strand
