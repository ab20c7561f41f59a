// Modules as machine code in this process.
#pragma once
#include "lib/Target/Object.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>
namespace strand {

struct JitOptions {
  CpuTarget target;   // must be this machine, or less than it
  std::string passes;  // pipeline on builtin.module that is run first; empty: the module is in the LLVM dialect
  int level = 1;       // of LLVM's optimiser, 0 to 3
  std::vector<std::pair<std::string, void *>> symbols{}; // functions that the code may call besides
  bool inParts = true;   // several threads share a large module
  bool contracts = true, quickly = false; // as CodeOptions have them
};

/// The code of one module, for as long as the object lives. It may call the run-time library (what strand/abi.h lists
/// for compiled code) and whatever this process has loaded, the C library first of all.
class JitModule {
public:
  /// Compiles `module`, which the passes change. May run on several threads at once, for different modules. Errors: as
  /// runPasses and emitObjects have them; the CPU lacks what the code needs.
  static llvm::Expected<JitModule> compile(mlir::ModuleOp module, const JitOptions &options);
  /// One for each of `levels`, whatever `options.level` says.
  static llvm::Expected<std::vector<JitModule>> compile(mlir::ModuleOp module, const JitOptions &options,
                                                        llvm::ArrayRef<int> levels);
  JitModule(JitModule &&);
  JitModule &operator=(JitModule &&);
  ~JitModule();

  /// The address of a public function or constant. Thread-safe. Errors: there is none of that name; something that the
  /// code calls is nowhere.
  llvm::Expected<void *> lookup(llvm::StringRef symbol) const;
  template <typename Function> llvm::Expected<Function *> function(llvm::StringRef symbol) const {
    auto address = lookup(symbol);
    if (!address)
      return address.takeError();
    return reinterpret_cast<Function *>(*address);
  }

private:
  struct Session;
  explicit JitModule(std::unique_ptr<Session> session);
  static llvm::Expected<JitModule> link(std::vector<ObjectFile> objects, const JitOptions &options);
  std::unique_ptr<Session> session;
};
} // namespace strand
