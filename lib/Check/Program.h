// A form of a function as machine code, made by the stages that make programs.
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

class Program {
public:
  /// One for each of `levels` of LLVM's optimiser. Errors: as the passes have them.
  static llvm::Expected<std::vector<Program>> compile(ModuleOp module, const Signature &signature, Form form,
                                                      const CpuTarget &target, const StageOptions &options,
                                                      ArrayRef<int> levels);

  /// What the forms with state carry, without making code. Errors: something in the function cannot carry state.
  static llvm::Expected<SmallVector<CarriedValue>> carriedBy(ModuleOp module, const Signature &signature,
                                                             const CpuTarget &target);

  ArrayRef<CarriedValue> states() const { return carried; }
  /// What the passes noted of each op.
  const llvm::json::Array &report() const { return ops; }
  int64_t scratchBytes(int64_t rows, int64_t sequences) const { return scratch(rows, sequences); }

  struct Call {
    strand_rt_ctx *threads;
    int64_t rows, sequences, slots, cacheRows;
    ArrayRef<void *> arguments, results, states; // offsets among the arguments: sequences + 1 entries
    void *slotOf, *scratch;                      // of each sequence
  };
  void run(const Call &call) const;

private:
  using CallFn = void(strand_rt_ctx *, void *const *, const int64_t *, void *);
  using ScratchFn = int64_t(int64_t, int64_t);
  Program(const Signature &signature, SmallVector<CarriedValue> carried, JitModule code, CallFn *call,
          ScratchFn *scratch)
      : signature(&signature), carried(std::move(carried)), code(std::move(code)), call(call), scratch(scratch) {}

  const Signature *signature;
  SmallVector<CarriedValue> carried;
  JitModule code;
  CallFn *call;
  ScratchFn *scratch;
  llvm::json::Array ops;
};
} // namespace strand
