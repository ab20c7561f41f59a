// A file of a checkpoint folder as bytes, without reading it.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdint>
#include <memory>

namespace strand {

/// Whether `name` can only name a file in the folder where it is looked up: 1 to 255 bytes, not `.` or
/// `..`, without `/`, `\` or NUL.
bool isPlainFileName(llvm::StringRef name);

/// A regular file mapped for reading. The bytes live as long as this object, moving it included.
/// The file must not shrink meanwhile: the kernel answers an access beyond its end with SIGBUS.
class MappedFile {
public:
  /// Maps the file at `path`. Errors: it cannot be opened; it is a directory, a pipe or a device.
  /// An empty file is no error and has no bytes.
  static llvm::Expected<MappedFile> open(llvm::StringRef path);

  /// Maps `name`, a plain file name, of `folder`. Besides, a link that leads out of the folder is an
  /// error: a checkpoint must not reach files elsewhere.
  static llvm::Expected<MappedFile> openInside(llvm::StringRef folder, llvm::StringRef name);

  llvm::StringRef text() const { return buffer->getBuffer(); }
  llvm::ArrayRef<uint8_t> bytes() const {
    return {reinterpret_cast<const uint8_t *>(buffer->getBufferStart()), buffer->getBufferSize()};
  }
  /// The mapping itself, for an owner that outlives this object. Nothing else may be called after.
  std::unique_ptr<llvm::MemoryBuffer> release() { return std::move(buffer); }

private:
  explicit MappedFile(std::unique_ptr<llvm::MemoryBuffer> buffer) : buffer(std::move(buffer)) {}
  std::unique_ptr<llvm::MemoryBuffer> buffer;
};

} // namespace strand
