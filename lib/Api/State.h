// States: a block of slots as strand/abi.h has it, and which sequence is in which slot. The id of a sequence is its
// slot.
#pragma once
#include "lib/Api/Code.h"
#include "llvm/ADT/SmallVector.h"
#include <atomic>
namespace strand {

/// Of one slot.
struct Sequence {
  int64_t rows;
  int32_t pending; // as strand_state_pending
  bool used;
};

using Ids = llvm::SmallVector<int32_t, 16>;
} // namespace strand

struct strand_state {
  std::shared_ptr<strand::Code> code;
  strand::Memory block, records; // records: a Sequence a slot
  int64_t slots = 0, cacheRows = 0, used = 0;
  mutable std::atomic<bool> busy = false;

  strand::Sequence *sequences() const { return records.as<strand::Sequence>(); }
  bool has(int64_t id) const { return id >= 0 && id < slots && sequences()[id].used; }

  /// Room for so many slots and cache rows at least; what is there stays. Error: memory, and all is as it was.
  strand_error *reserve(int64_t moreSlots, int64_t moreRows);
  /// Takes `count` slots, at their beginning.
  strand_error *add(int64_t count, strand::Ids &ids);
  /// `count` ids, or all. Error: one that is not there, or twice.
  strand_error *resolve(const int32_t *ids, int64_t count, strand::Ids &all) const;
};

namespace strand {

/// While it lives, the state is one thread's. `error`: it is another's already.
class InUse {
public:
  explicit InUse(const strand_state *state)
      : state(state), error(state && state->busy.exchange(true)
                                ? failure(STRAND_FAILED_ARGUMENT, "the state is in use by another thread; fork it")
                                : nullptr) {}
  ~InUse() {
    if (state && !error)
      state->busy = false;
  }
  InUse(const InUse &) = delete;

private:
  const strand_state *state;

public:
  strand_error *const error;
};

/// A state of `count` sequences at their beginning, of code that is ready for states.
strand_error *makeState(std::shared_ptr<Code> code, int64_t count, int64_t cacheRows,
                        std::unique_ptr<strand_state> &made);
} // namespace strand
