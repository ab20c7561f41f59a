// A file of a checkpoint folder as bytes, without reading it.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>

namespace strand {

/// A regular file mapped for reading. The bytes live as long as this object, moving it included.
/// The file must not shrink meanwhile: the kernel answers an access beyond its end with SIGBUS.
class MappedFile {
public:
  /// Maps the file at `path`. Errors: it cannot be opened; it is a directory, a pipe or a device.
  /// An empty file is no error and has no bytes.
  static llvm::Expected<MappedFile> open(llvm::StringRef path);

  /// Maps `name` of `folder`. Besides, it is an error if `name` is not a plain file name, or is a
  /// link that leads out of the folder: a checkpoint must not name files elsewhere.
  static llvm::Expected<MappedFile> openInside(llvm::StringRef folder, llvm::StringRef name);

  MappedFile(MappedFile &&other);
  MappedFile &operator=(MappedFile &&other);
  ~MappedFile();

  llvm::ArrayRef<uint8_t> bytes() const { return contents; }
  llvm::StringRef text() const {
    return {reinterpret_cast<const char *>(contents.data()), contents.size()};
  }

private:
  explicit MappedFile(llvm::ArrayRef<uint8_t> contents) : contents(contents) {}
  llvm::ArrayRef<uint8_t> contents;
};

} // namespace strand
