// From objects to programs and libraries.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>
namespace strand {

/// What links: a C compiler's driver, since it knows where the C library of this system is.
struct Linker {
  std::string compiler;           // path
  std::vector<std::string> flags; // that choose the linker behind it
  std::string lld;                // path; empty: the compiler's own linker is used

  /// For people: "/usr/bin/cc with /usr/lib/llvm-22/bin/ld.lld".
  std::string describe() const;
};

/// `compiler`: a path or a name; empty: cc, clang or gcc, whichever is found first. Prefers the lld of the LLVM that
/// this compiler is built with. Errors: there is no C compiler.
llvm::Expected<Linker> findLinker(llvm::StringRef compiler = "");

enum class LinkKind { Executable, Shared, Object };

struct LinkJob {
  LinkKind kind;
  std::vector<std::string> objects;
  std::string runtime;      // folder of libstrand_{main,rt,external,gpu}.a; Object needs none
  std::string prefix = "m"; // of the C symbols in `objects`
  std::string soname;       // Shared: its name for the loader; empty: none
  bool external = false;    // Executable: weights are in a file beside it
  bool gpu = false;         // Executable: the model runs on a GPU
};

/// Writes `out`. Errors: what the linker said.
llvm::Error link(const Linker &linker, const LinkJob &job, llvm::StringRef out);
/// The command that `link` runs. Objects are joined by lld without the compiler, for any target.
std::vector<std::string> linkCommand(const Linker &linker, const LinkJob &job, llvm::StringRef out);

/// A static library of `objects`, whose members are called `names`.
llvm::Error writeStaticLibrary(llvm::ArrayRef<std::string> objects, llvm::ArrayRef<std::string> names,
                               llvm::StringRef out);

/// The folder of the run-time libraries for a tool at `program`: beside it in ../lib, built or installed. Errors: none
/// of the folders holds them; all are named.
llvm::Expected<std::string> findRuntime(llvm::StringRef program);
} // namespace strand
