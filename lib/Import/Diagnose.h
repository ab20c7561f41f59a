// How the readers of checkpoint folders say what is wrong.
//
// Every message is whole: `file: error: ...` or `file:line:column: error: ...`, so that a tool
// prints it as it is. Names and values that come from a file are quoted and bounded in length:
// a hostile name cannot send control characters to a terminal or fill a log.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <string>

namespace strand {

/// `'name'` with quotes, backslashes and all but printable ASCII escaped, cut after 120 bytes.
std::string quoted(llvm::StringRef text);

/// `[256, 192]`; `[]` for a scalar.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// `file: error: what`.
std::string messageAt(llvm::StringRef file, const llvm::Twine &what);

/// `file:line:column: error: what` for the byte at `offset` of `text`, both counted from 1.
std::string messageAt(llvm::StringRef file, llvm::StringRef text, size_t offset,
                      const llvm::Twine &what);

/// An error that says `message` and nothing else.
llvm::Error importError(const llvm::Twine &message);

/// One error of all `messages`, a line each; the lines after the twentieth are only counted.
/// Success if there are none.
llvm::Error importErrors(llvm::ArrayRef<std::string> messages);

} // namespace strand
