// Sequences on their way through a form: what a call is handed, and what it must leave alone.
#pragma once
#include "lib/Check/Guarded.h"
#include "lib/Check/Inputs.h"
#include "lib/Check/Meaning.h"
#include "lib/Check/Program.h"
namespace strand {

/// Some rows of a sequence, and the slot where its state is.
struct SequencePiece {
  int64_t sequence, first, rows, slot = 0;
};

class Batch {
public:
  Batch(const Signature &signature, const Inputs &inputs, ArrayRef<CarriedValue> carried, int64_t slots,
        int64_t cacheRows, strand_rt_ctx *threads);

  /// One call over `pieces`, whose rows lie one after another. Rows of the sequences for which `isPoisoned` answers
  /// true are NaN. Returns what the call did that it must not, or nothing.
  std::string run(const Program &program, ArrayRef<SequencePiece> pieces,
                  llvm::function_ref<bool(int64_t)> isPoisoned = {});
  /// Puts a slot to its initial values.
  void reset(int64_t slot);
  /// Keeps a slot as what sequence `s` ended with.
  void keepState(int64_t s, int64_t slot);

  /// Results of all rows so far; NaN where there are none yet.
  Values values;

private:
  Guarded packed(unsigned argument, ArrayRef<SequencePiece> pieces, llvm::function_ref<bool(int64_t)> isPoisoned) const;
  void scatter(Guarded &result, unsigned i, ArrayRef<SequencePiece> pieces);
  std::string untouched(ArrayRef<std::vector<char>> before, ArrayRef<SequencePiece> pieces);

  const Signature &signature;
  const Inputs &inputs;
  ArrayRef<CarriedValue> carried;
  int64_t slots, cacheRows;
  strand_rt_ctx *threads;
  std::vector<Guarded> states;
};
} // namespace strand
