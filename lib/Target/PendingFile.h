// A file that appears under its name only when it is complete.
#pragma once
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <string>
namespace strand {

/// Written beside its final place under a name of its own; `commit` gives it its name, and otherwise nothing is left,
/// also after a signal. A device or pipe is written directly.
class PendingFile {
public:
  /// Errors: the folder of `final` is missing or not writable; `final` is a folder.
  static llvm::Expected<PendingFile> create(llvm::StringRef final);
  PendingFile(PendingFile &&) = default;
  PendingFile &operator=(PendingFile &&) = delete;
  ~PendingFile();

  const std::string &path() const { return temporary.empty() ? final : temporary; }
  /// Open until `close`.
  llvm::raw_fd_ostream &stream() { return *out; }
  /// Ends writing through `stream`, so that another program may write to `path`. Errors: what the disk answered.
  llvm::Error close();
  /// Closes, and gives the file its final name in place of what had it before.
  llvm::Error commit();

private:
  PendingFile() = default;
  std::string final, temporary; // temporary: empty where there is nothing to remove
  std::unique_ptr<llvm::raw_fd_ostream> out;
};
} // namespace strand
