// The safetensors format: 8 bytes of header length (little endian), a JSON header, the bytes of
// all tensors end to end.
//
// The reader believes nothing: whatever `open` returns lies inside the file, has the size that its
// shape and type say, overlaps nothing, and leaves no byte of the file unexplained.
#pragma once
#include "lib/Import/MappedFile.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <optional>
#include <string>

namespace strand {

/// Element types under the names of the format. Types of less than a byte are not read.
enum class DType : uint8_t {
  Bool, U8, I8, F8E4M3, F8E5M2, F8E8M0, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64
};

/// The name in the format: "BF16".
llvm::StringRef dtypeName(DType dtype);
/// Bytes of one element: 1, 2, 4 or 8.
int64_t dtypeBytes(DType dtype);
/// The type of that name, if it is one that is read.
std::optional<DType> dtypeNamed(llvm::StringRef name);

/// Bytes of a tensor, or nothing where an entry is negative or the product, zeros counted as ones,
/// exceeds 2^63 - 1. So a size that is zero hides no overflow.
std::optional<int64_t> tensorBytes(llvm::ArrayRef<int64_t> shape, DType dtype);

/// Row-major, little-endian elements. `bytes` points into the file that owns it and need not be
/// aligned for its type: the format does not promise it.
struct Tensor {
  DType dtype = DType::U8;
  llvm::SmallVector<int64_t, 4> shape;
  llvm::ArrayRef<uint8_t> bytes;
};

/// Tensors by name, in the order of their names.
using TensorMap = std::map<std::string, Tensor, std::less<>>;

/// A safetensors file, mapped. Tensors point into it: keep it while they are in use.
class SafeTensorsFile {
public:
  static constexpr uint64_t maxHeaderBytes = 100'000'000;
  static constexpr size_t maxRank = 16;
  static constexpr size_t maxNameBytes = 1024;

  /// Maps and checks the file at `path`. Errors name the file, the tensor, the key and the value.
  static llvm::Expected<SafeTensorsFile> open(llvm::StringRef path);
  /// The same for a file that is mapped already; `path` is for messages.
  static llvm::Expected<SafeTensorsFile> open(MappedFile file, llvm::StringRef path);

  const TensorMap &tensors() const { return byName; }
  /// The mapping that the tensors point into, for an owner that outlives this object.
  std::unique_ptr<llvm::MemoryBuffer> releaseFile() { return file.release(); }

private:
  explicit SafeTensorsFile(MappedFile file) : file(std::move(file)) {}
  MappedFile file;
  TensorMap byName;
};

/// Writes `tensors` to `path`: beside it first, then renamed, so that a reader sees the old file,
/// none, or all of the new one. Wider types come first, each group by name, and the bytes begin at
/// a multiple of 64, so that every tensor is aligned for its type. Errors: a size that is not that
/// of the shape; a name that is not UTF-8; the disk.
llvm::Error writeSafeTensors(llvm::StringRef path, const TensorMap &tensors);

} // namespace strand
