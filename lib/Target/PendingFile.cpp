#include "lib/Target/PendingFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"
using namespace llvm;
using namespace strand;

static Error cannotWrite(StringRef path, std::error_code code) {
  return createStringError("cannot write '" + path + "': " + code.message());
}

Expected<PendingFile> PendingFile::create(StringRef final) {
  if (sys::fs::is_directory(final))
    return cannotWrite(final, std::make_error_code(std::errc::is_a_directory));
  PendingFile file;
  file.final = final;
  sys::fs::file_status status;
  if (!sys::fs::status(final, status) && !sys::fs::is_regular_file(status)) { // a device or pipe keeps its name
    std::error_code code;
    file.out = std::make_unique<raw_fd_ostream>(final, code);
    return code ? Expected<PendingFile>(cannotWrite(final, code)) : std::move(file);
  }
  int descriptor;
  SmallString<128> path;
  if (auto code = sys::fs::createUniqueFile(final + ".tmp-%%%%%%%%", descriptor, path, sys::fs::OF_None, 0666))
    return cannotWrite(final, code);
  file.temporary = path.str();
  file.out = std::make_unique<raw_fd_ostream>(descriptor, /*shouldClose=*/true);
  sys::RemoveFileOnSignal(path);
  return std::move(file);
}

PendingFile::~PendingFile() {
  if (out) {
    out->close();
    out->clear_error(); // an unfinished file need not be right
  }
  if (temporary.empty())
    return;
  sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
}

Error PendingFile::close() {
  if (!out)
    return Error::success();
  out->close();
  std::error_code code = out->error();
  out->clear_error();
  out.reset();
  return code ? cannotWrite(final, code) : Error::success();
}

Error PendingFile::commit() {
  if (Error e = close())
    return e;
  if (temporary.empty())
    return Error::success();
  if (auto code = sys::fs::rename(temporary, final))
    return cannotWrite(final, code);
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}
