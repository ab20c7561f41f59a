#include "lib/Import/MappedFile.h"
#include "lib/Import/Diagnose.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strand {
namespace {
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

llvm::Error systemError(llvm::StringRef file, const llvm::Twine &what, std::error_code code) {
  return importError(messageAt(file, what + ": " + code.message()));
}

std::error_code lastError() { return {errno, std::generic_category()}; }

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> map(int descriptor, llvm::StringRef file) {
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return systemError(file, "cannot be examined", lastError());
  if (!S_ISREG(status.st_mode))
    return importError(messageAt(file, S_ISDIR(status.st_mode) ? "is a folder, not a file"
                                                              : "is not a regular file"));
  auto buffer = llvm::MemoryBuffer::getOpenFile(descriptor, file, status.st_size,
                                                /*RequiresNullTerminator=*/false);
  if (!buffer)
    return systemError(file, "cannot be mapped", buffer.getError());
  return std::move(*buffer);
}
} // namespace

bool isPlainFileName(llvm::StringRef name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find_first_of(llvm::StringRef("/\\\0", 3)) == llvm::StringRef::npos;
}

llvm::Expected<MappedFile> MappedFile::open(llvm::StringRef file) {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
  int descriptor = ::open(file.str().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0)
    return systemError(file, "cannot be opened", lastError());
  auto buffer = map(descriptor, file);
  ::close(descriptor);
  if (!buffer)
    return buffer.takeError();
  return MappedFile(std::move(*buffer));
}

llvm::Expected<MappedFile> MappedFile::openInside(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<256> file(folder), realFile, realFolder;
  path::append(file, name);
  if (std::error_code code = fs::real_path(folder, realFolder))
    return systemError(folder, "cannot be opened", code);
  if (std::error_code code = fs::real_path(file, realFile))
    return systemError(file, "cannot be opened", code);
  llvm::StringRef inside = realFile;
  if (!inside.consume_front(realFolder) || (realFolder != "/" && !inside.starts_with("/")))
    return importError(messageAt(file, "is a link to " + quoted(realFile) +
                                           ", outside the folder; copy the file into it"));
  return open(file);
}

} // namespace strand
