// Forms of a function as machine code, made by the stages that make programs.
#pragma once
#include "lib/Check/Function.h"
#include "lib/Check/Signature.h"
#include "lib/Jit/Jit.h"
#include "lib/Pipelines/Stages.h"
#include "lib/Target/Report.h"
#include "strand/abi.h"
namespace strand {

enum class Form {
  Whole, // without state: a call holds whole sequences
  State, // state in, state out
  Step,  // the same for calls in which each sequence has one row or none
};

/// How a program is made.
struct ProgramForm {
  Form form;
  std::string chunkForm = "auto"; // of strand-expand-chunks
};

/// What is the same for all forms.
struct ProgramOptions {
  CpuTarget target;
  StageOptions stages; // but for the form
  std::vector<int> levels{1}; // of LLVM's optimiser
  bool inParts = true, quickly = false; // as JitOptions have them
};

/// A function's entry, as strand-function-interface makes it.
struct Entry {
  void (*call)(strand_rt_ctx *, void *const *buffers, const int64_t *sizes, void *scratch);
  int64_t (*scratch)(int64_t rows, int64_t sequences); // bytes
  static llvm::Expected<Entry> of(const JitModule &code, llvm::StringRef name);
};

class Program {
public:
  /// For each of `forms` one for each level; those of a level lie in one piece of code, in which what is the same in
  /// several forms stands once. Errors: as the passes have them, for all forms together.
  static llvm::Expected<std::vector<std::vector<Program>>> compile(ModuleOp module, const Signature &signature,
                                                                   ArrayRef<ProgramForm> forms,
                                                                   const ProgramOptions &options);

  /// What the forms with state carry, without making code. Errors: something in the function cannot carry state.
  static llvm::Expected<SmallVector<CarriedValue>> carriedBy(ModuleOp module, const Signature &signature,
                                                             const CpuTarget &target);

  ArrayRef<CarriedValue> states() const { return carried; }
  /// What the passes noted of each op of all that was compiled together.
  const llvm::json::Array &report() const { return *ops; }
  int64_t scratchBytes(int64_t rows, int64_t sequences) const { return entry.scratch(rows, sequences); }

  struct Call {
    strand_rt_ctx *threads;
    int64_t rows, sequences, slots, cacheRows;
    ArrayRef<void *> arguments, results, states; // offsets among the arguments: sequences + 1 entries
    void *slotOf, *scratch;                      // of each sequence
  };
  void run(const Call &call) const;

private:
  Program(const Signature &signature) : signature(&signature) {}

  const Signature *signature;
  SmallVector<CarriedValue> carried;
  std::shared_ptr<JitModule> code;
  std::shared_ptr<llvm::json::Array> ops;
  Entry entry{};
};
} // namespace strand
