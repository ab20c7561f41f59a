#include "lib/Api/State.h"
#include "lib/Runtime/Runtime.h"
#include <cstring>
#include <limits>
using namespace strand;
namespace {
constexpr int64_t mostSlots = std::numeric_limits<int32_t>::max();

strand_error *tooMany(int64_t count) {
  return wrong("a state of {0} sequences; the limit is 0 to {1}", count, mostSlots);
}

/// Runs `body` on states that nobody else uses meanwhile.
strand_error *exclusively(const strand_state *a, const strand_state *b, llvm::function_ref<strand_error *()> body) {
  return guarded([&]() -> strand_error * {
    if (!a)
      return wrong("the state is missing");
    InUse first(a), second(b == a ? nullptr : b);
    if (first.error || second.error) {
      if (first.error && second.error)
        strand_error_free(second.error);
      return first.error ? first.error : second.error;
    }
    return body();
  });
}

strand_error *append(strand_state &to, const strand_state &from, const Ids &ids, int32_t *newIds) {
  if (strcmp(to.code->schema().hash, from.code->schema().hash))
    return failure(STRAND_FAILED_STATE, llvm::Twine("the sequences are of the model ") + from.code->schema().hash +
                                            ", the state is of " + to.code->schema().hash);
  int64_t longest = 0;
  for (int32_t id : ids)
    longest = std::max(longest, from.sequences()[id].rows);
  if (strand_error *e = to.reserve(0, longest))
    return e;
  Ids made;
  if (strand_error *e = to.add(ids.size(), made))
    return e;
  for (auto [target, id] : llvm::zip_equal(made, ids)) {
    strand_rt_state_copy(&to.code->schema(), to.block.as<>(), target, from.block.as<>(), id);
    to.sequences()[target] = from.sequences()[id];
  }
  if (newIds)
    llvm::copy(made, newIds);
  return nullptr;
}
} // namespace

strand_error *strand_state::reserve(int64_t moreSlots, int64_t moreRows) {
  const strand_schema &schema = code->schema();
  int64_t wantedSlots = moreSlots <= slots ? slots : std::min(std::max(moreSlots, 2 * slots), mostSlots);
  int64_t wantedRows = cacheRows;
  if (strand_rt_has_caches(&schema) && (moreRows > cacheRows || !block.size()))
    wantedRows = strand_rt_grown_cache_rows(cacheRows, moreRows);
  if (block.size() && wantedSlots == slots && wantedRows == cacheRows)
    return nullptr;
  int64_t bytes = strand_rt_state_bytes(&schema, wantedSlots, wantedRows);
  Memory larger, more;
  if (bytes < 0 || !larger.allocate(bytes))
    return noMemory("the state of " + llvm::Twine(wantedSlots) + " sequences", bytes);
  if (!more.allocate(wantedSlots * sizeof(Sequence)))
    return noMemory("the ids of sequences", wantedSlots * sizeof(Sequence));
  strand_rt_state_init(&schema, larger.as<>(), wantedSlots, wantedRows);
  for (int64_t i = 0; i < wantedSlots; ++i) {
    more.as<Sequence>()[i] = i < slots ? sequences()[i] : Sequence{0, -1, false};
    if (has(i))
      strand_rt_state_copy(&schema, larger.as<>(), i, block.as<>(), i);
  }
  block = std::move(larger);
  records = std::move(more);
  slots = wantedSlots;
  cacheRows = wantedRows;
  return nullptr;
}

strand_error *strand_state::add(int64_t count, Ids &ids) {
  if (count < 0 || count > mostSlots - used)
    return tooMany(used + count);
  if (strand_error *e = reserve(used + count, 0))
    return e;
  for (int64_t i = 0; int64_t(ids.size()) < count; ++i)
    if (!sequences()[i].used) {
      strand_rt_state_reset(&code->schema(), block.as<>(), i);
      sequences()[i] = {0, -1, true};
      ids.push_back(i);
    }
  used += count;
  return nullptr;
}

strand_error *strand_state::resolve(const int32_t *ids, int64_t count, Ids &all) const {
  if (!ids) {
    for (int64_t i = 0; i < slots; ++i)
      if (has(i))
        all.push_back(i);
    return nullptr;
  }
  if (count < 0)
    return wrong("the number of ids is {0}", count);
  llvm::SmallVector<bool, 0> seen(slots);
  for (int64_t i = 0; i < count; ++i) {
    if (!has(ids[i]))
      return wrong("there is no sequence {0} in the state", ids[i]);
    if (seen[ids[i]])
      return wrong("sequence {0} is named twice", ids[i]);
    seen[ids[i]] = true;
    all.push_back(ids[i]);
  }
  return nullptr;
}

strand_error *strand::makeState(std::shared_ptr<Code> code, int64_t count, int64_t cacheRows,
                                std::unique_ptr<strand_state> &made) {
  if (count < 0 || count > mostSlots)
    return tooMany(count);
  auto state = std::make_unique<strand_state>();
  state->code = std::move(code);
  if (strand_error *e = state->reserve(count, cacheRows))
    return e;
  for (int64_t i = 0; i < count; ++i)
    state->sequences()[i].used = true;
  state->used = count;
  made = std::move(state);
  return nullptr;
}

extern "C" {

strand_error *strand_state_create(const strand_model *model, int64_t sequences, strand_state **state) {
  return guarded([&]() -> strand_error * {
    if (!model || !state)
      return wrong("strand_state_create: {0} is missing", model ? "state" : "model");
    if (strand_error *e = model->code->prepareState())
      return e;
    std::unique_ptr<strand_state> made;
    if (strand_error *e = makeState(model->code, sequences, 0, made))
      return e;
    *state = made.release();
    return nullptr;
  });
}

void strand_state_free(strand_state *state) { delete state; }

int64_t strand_state_count(const strand_state *state) { return state->used; }

void strand_state_ids(const strand_state *state, int32_t *ids) {
  for (int64_t i = 0; i < state->slots; ++i)
    if (state->has(i))
      *ids++ = i;
}

int64_t strand_state_rows(const strand_state *state, int32_t id) {
  return state->has(id) ? state->sequences()[id].rows : -1;
}

int32_t strand_state_pending(const strand_state *state, int32_t id) {
  return state->has(id) ? state->sequences()[id].pending : -1;
}

strand_error *strand_state_set_pending(strand_state *state, int32_t id, int32_t token) {
  return exclusively(state, nullptr, [&]() -> strand_error * {
    if (!state->has(id))
      return wrong("there is no sequence {0} in the state", id);
    int64_t vocabulary = state->code->schema().vocabulary;
    if (token < -1 || token >= vocabulary)
      return wrong("token {0} is not in -1 to {1}", token, vocabulary - 1);
    state->sequences()[id].pending = token;
    return nullptr;
  });
}

strand_error *strand_state_add(strand_state *state, int64_t count, int32_t *ids) {
  return exclusively(state, nullptr, [&]() -> strand_error * {
    if (!ids && count)
      return wrong("strand_state_add: ids is missing");
    Ids made;
    if (strand_error *e = state->add(count, made))
      return e;
    llvm::copy(made, ids);
    return nullptr;
  });
}

strand_error *strand_state_remove(strand_state *state, const int32_t *ids, int64_t count) {
  return exclusively(state, nullptr, [&]() -> strand_error * {
    Ids gone;
    if (strand_error *e = state->resolve(ids, count, gone))
      return e;
    for (int32_t id : gone)
      state->sequences()[id] = {0, -1, false};
    state->used -= gone.size();
    return nullptr;
  });
}

strand_error *strand_state_reset(strand_state *state, const int32_t *ids, int64_t count) {
  return exclusively(state, nullptr, [&]() -> strand_error * {
    Ids all;
    if (strand_error *e = state->resolve(ids, count, all))
      return e;
    for (int32_t id : all) {
      strand_rt_state_reset(&state->code->schema(), state->block.as<>(), id);
      state->sequences()[id] = {0, -1, true};
    }
    return nullptr;
  });
}

strand_error *strand_state_append(strand_state *state, const strand_state *from, const int32_t *ids, int64_t count,
                                  int32_t *newIds) {
  return exclusively(state, from, [&]() -> strand_error * {
    if (!from)
      return wrong("strand_state_append: from is missing");
    Ids all;
    if (strand_error *e = from->resolve(ids, count, all))
      return e;
    return append(*state, *from, all, newIds);
  });
}

strand_error *strand_state_fork(const strand_state *state, const int32_t *ids, int64_t count, strand_state **copy) {
  return exclusively(state, nullptr, [&]() -> strand_error * {
    if (!copy)
      return wrong("strand_state_fork: copy is missing");
    Ids all;
    if (strand_error *e = state->resolve(ids, count, all))
      return e;
    std::unique_ptr<strand_state> made;
    if (strand_error *e = makeState(state->code, 0, 0, made))
      return e;
    if (strand_error *e = append(*made, *state, all, nullptr))
      return e;
    *copy = made.release();
    return nullptr;
  });
}

strand_error *strand_state_save(const strand_state *state, const int32_t *ids, int64_t count, void *bytes, int64_t size,
                                int64_t *needed) {
  return exclusively(state, nullptr, [&]() -> strand_error * {
    if (!needed || (!bytes && size > 0))
      return wrong("strand_state_save: {0} is missing", needed ? "bytes" : "needed");
    Ids all;
    if (strand_error *e = state->resolve(ids, count, all))
      return e;
    llvm::SmallVector<int64_t, 0> rows, pending;
    for (int32_t id : all) {
      rows.push_back(state->sequences()[id].rows);
      pending.push_back(state->sequences()[id].pending);
    }
    *needed = strand_rt_state_save(&state->code->schema(), state->block.as<>(), all.data(), rows.data(), pending.data(),
                                   all.size(), bytes, size);
    return *needed < 0 ? noMemory("the saved state", -1) : nullptr;
  });
}

strand_error *strand_state_load(const strand_model *model, const void *bytes, int64_t size, strand_state **state) {
  return guarded([&]() -> strand_error * {
    if (!model || !state || (!bytes && size))
      return wrong("strand_state_load: {0} is missing", !model ? "model" : state ? "bytes" : "state");
    if (strand_error *e = model->code->prepareState())
      return e;
    const strand_schema &schema = model->code->schema();
    char why[256] = "";
    int64_t sequences, longest;
    if (strand_rt_state_inspect(&schema, bytes, size, &sequences, &longest, why, sizeof why))
      return failure(STRAND_FAILED_STATE, llvm::Twine("the saved state: ") + why);
    std::unique_ptr<strand_state> made;
    if (strand_error *e = makeState(model->code, sequences, longest, made))
      return e;
    llvm::SmallVector<int32_t, 0> slots(sequences);
    llvm::SmallVector<int64_t, 0> rows(sequences), pending(sequences);
    for (int64_t i = 0; i < sequences; ++i)
      slots[i] = i;
    if (strand_rt_state_load(&schema, bytes, size, made->block.as<>(), slots.data(), rows.data(), pending.data(), why,
                             sizeof why))
      return failure(STRAND_FAILED_STATE, llvm::Twine("the saved state: ") + why);
    for (int64_t i = 0; i < sequences; ++i)
      made->sequences()[i] = {rows[i], int32_t(pending[i]), true};
    *state = made.release();
    return nullptr;
  });
}
}
