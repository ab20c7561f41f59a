// One call: tensors -> pointers, offsets and slots -> code -> what the state now knows. Everything is checked before
// the code runs, since it checks little.
#include "lib/Api/State.h"
#include "lib/Api/Tensors.h"
#include "lib/Import/Diagnose.h"
#include "lib/Runtime/Runtime.h"
#include <cstddef>
#include <cstring>
#include <limits>
using namespace strand;
namespace {
constexpr int64_t mostRows = std::numeric_limits<int32_t>::max();

class Caller {
public:
  Caller(const Code &code, const strand_call &call) : code(code), call(call) {}

  strand_error *run() {
    for (auto step : {&Caller::fitInputs, &Caller::findRows, &Caller::checkOffsets, &Caller::fitOutputs,
                      &Caller::checkOverlap, &Caller::findSlots, &Caller::execute})
      if (strand_error *e = (this->*step)())
        return e;
    return nullptr;
  }

private:
  const Code &code;
  const strand_call &call;
  llvm::SmallVector<Fitted, 4> inputs, outputs;
  Leading leading; // of the rows
  int64_t rows = 0, sequences = 0;
  llvm::SmallVector<int32_t, 16> madeOffsets;
  const int32_t *offsets = nullptr;
  std::unique_ptr<strand_state> madeState;
  strand_state *state = nullptr; // null: the code runs without
  Ids slots;

  bool wantsLastRows() const { return call.flags & STRAND_LAST_ROWS; }
  int64_t length(int64_t b) const { return int64_t(offsets[b + 1]) - offsets[b]; }

  static std::string nameOf(const char *kind, size_t i, const strand_value &v) {
    return llvm::formatv("{0} {1} ('{2}')", kind, i, v.name).str();
  }

  strand_error *fitInputs() {
    if (call.input_count != int64_t(code.inputs().size()) || (call.input_count && !call.inputs))
      return wrong("the call has {0} inputs; {1} are needed", call.inputs ? call.input_count : 0, code.inputs().size());
    inputs.resize(call.input_count);
    for (auto [i, v] : llvm::enumerate(code.inputs()))
      if (strand_error *e = fit(v, call.inputs[i], nameOf("input", i, v), inputs[i]))
        return e;
    return nullptr;
  }

  strand_error *findRows() {
    const Fitted *first = nullptr;
    for (auto [i, v] : llvm::enumerate(code.inputs())) {
      if (v.kind != STRAND_VALUE_ROWS)
        continue;
      if (!first) {
        first = &inputs[i];
        leading = inputs[i].leading;
        rows = rowsOf(leading);
      } else if (rowsOf(inputs[i].leading) != rows || (!call.offsets && inputs[i].leading != leading)) {
        return wrong("{0} has rows {1}; those of the inputs before it are {2}", nameOf("input", i, v),
                     shapeText(inputs[i].leading), shapeText(leading));
      }
    }
    if (rows > mostRows)
      return wrong("the call has {0} rows; the limit is {1}", rows, mostRows);
    return nullptr;
  }

  /// Where there are none, the shape says where sequences begin.
  strand_error *checkOffsets() {
    if (!call.offsets) {
      sequences = leading.size() == 2 ? leading[0] : 1;
      if (sequences > mostRows)
        return wrong("the call has {0} sequences; the limit is {1}", sequences, mostRows);
      for (int64_t b = 0; b <= sequences; ++b)
        madeOffsets.push_back(leading.size() == 2 ? b * leading[1] : b * rows);
      offsets = madeOffsets.data();
      return nullptr;
    }
    offsets = call.offsets;
    sequences = call.sequences;
    if (sequences < 0 || sequences > mostRows)
      return wrong("the call has {0} sequences; the limit is 0 to {1}", sequences, mostRows);
    if (offsets[0])
      return wrong("offsets begin at {0}; they begin at 0", offsets[0]);
    for (int64_t b = 0; b < sequences; ++b)
      if (length(b) < 0)
        return wrong("offsets[{0}] is {1} after {2}; offsets must not decrease", b + 1, offsets[b + 1], offsets[b]);
    if (offsets[sequences] != rows)
      return wrong("offsets end at {0}; the inputs have {1} rows", offsets[sequences], rows);
    return nullptr;
  }

  strand_error *fitOutputs() {
    if (call.output_count != int64_t(code.outputs().size()) || !call.outputs)
      return wrong("the call has {0} outputs; {1} are needed", call.outputs ? call.output_count : 0,
                   code.outputs().size());
    int64_t needed = wantsLastRows() ? sequences : rows;
    outputs.resize(call.output_count);
    for (auto [i, v] : llvm::enumerate(code.outputs())) {
      if (strand_error *e = fit(v, call.outputs[i], nameOf("output", i, v), outputs[i]))
        return e;
      if (rowsOf(outputs[i].leading) != needed)
        return wrong("{0} has {1} rows; {2} are needed{3}", nameOf("output", i, v), rowsOf(outputs[i].leading), needed,
                     wantsLastRows() ? ", one a sequence" : "");
    }
    return nullptr;
  }

  strand_error *checkOverlap() {
    auto overlap = [](const Fitted &a, const Fitted &b) {
      return a.bytes && b.bytes && a.data < b.data + b.bytes && b.data < a.data + a.bytes;
    };
    for (size_t o = 0; o < outputs.size(); ++o) {
      for (size_t i = 0; i < inputs.size(); ++i)
        if (overlap(outputs[o], inputs[i]))
          return wrong("{0} and {1} share memory", nameOf("output", o, code.outputs()[o]),
                       nameOf("input", i, code.inputs()[i]));
      for (size_t other = 0; other < o; ++other)
        if (overlap(outputs[o], outputs[other]))
          return wrong("{0} and {1} share memory", nameOf("output", o, code.outputs()[o]),
                       nameOf("output", other, code.outputs()[other]));
    }
    return nullptr;
  }

  /// Slots of the caller's state, or of one that lasts as long as the call; caches are made long enough.
  strand_error *findSlots() {
    state = call.state;
    if (state) {
      if (state->code.get() != &code)
        return wrong("the state belongs to another model");
      if (strand_error *e = state->resolve(call.ids, sequences, slots))
        return e;
      if (int64_t(slots.size()) != sequences)
        return wrong("the call has {0} sequences and the state {1}; name those that are meant by their ids", sequences,
                     slots.size());
    } else if (call.ids) {
      return wrong("the call has ids and no state");
    }
    return nullptr;
  }

  strand_error *reserveCaches() {
    int64_t longest = 0;
    for (int64_t b = 0; b < sequences; ++b)
      longest = std::max(longest, (state == call.state ? state->sequences()[slots[b]].rows : 0) + length(b));
    return state->reserve(0, longest);
  }

  strand_error *execute();
  strand_error *runCode(llvm::ArrayRef<void *> to);
  strand_error *refusal(int32_t status) const;
};

/// All rows are computed elsewhere where the code cannot give the last ones alone.
strand_error *Caller::execute() {
  if (!state && code.alwaysHasState()) {
    if (strand_error *e = makeState(std::const_pointer_cast<Code>(code.shared_from_this()), sequences, 0, madeState))
      return e;
    state = madeState.get();
    for (int64_t b = 0; b < sequences; ++b)
      slots.push_back(b);
  }
  if (state)
    if (strand_error *e = reserveCaches())
      return e;
  bool gather = wantsLastRows() && !code.givesLastRows();
  llvm::SmallVector<Memory, 2> all(gather ? outputs.size() : 0);
  llvm::SmallVector<void *, 4> to;
  for (auto [i, o] : llvm::enumerate(outputs)) {
    int64_t bytes = rows * itemBytes(code.outputs()[i]);
    if (gather && !all[i].allocate(bytes))
      return noMemory("the rows of output " + llvm::Twine(i), bytes);
    to.push_back(gather ? all[i].as<>() : o.data);
  }
  if (strand_error *e = runCode(to))
    return e;
  for (auto [i, m] : llvm::enumerate(all)) {
    int64_t row = itemBytes(code.outputs()[i]);
    for (int64_t b = 0; b < sequences; ++b)
      if (length(b))
        memcpy(outputs[i].data + b * row, m.as<>() + (offsets[b + 1] - 1) * row, row);
  }
  for (int64_t b = 0; call.state && b < sequences; ++b)
    if (length(b)) {
      Sequence &s = state->sequences()[slots[b]];
      s.rows += length(b);
      s.pending = -1;
    }
  return nullptr;
}

strand_error *Caller::runCode(llvm::ArrayRef<void *> to) {
  const void *block = state ? state->block.as<>() : nullptr;
  int64_t bytes = code.scratchBytes(sequences, rows, block);
  Memory scratch = code.scratch.take(bytes);
  if (bytes < 0 || !scratch.as<>())
    return noMemory("temporary values of " + llvm::Twine(rows) + " rows", bytes);
  llvm::SmallVector<void *, 4> from;
  for (const Fitted &f : inputs)
    from.push_back(f.data);
  int32_t status = code.run({state ? state->block.as<>() : nullptr, state ? slots.data() : nullptr, offsets, sequences,
                             rows, code.givesLastRows() ? call.flags : 0, from, to, scratch.as<>()});
  code.scratch.giveBack(std::move(scratch));
  return status == STRAND_OK ? nullptr : refusal(status);
}

strand_error *Caller::refusal(int32_t status) const {
  int64_t vocabulary = code.schema().vocabulary;
  const int32_t *tokens = reinterpret_cast<const int32_t *>(inputs[0].data);
  for (int64_t i = 0; status == STRAND_ERROR_TOKEN && i < rows; ++i)
    if (int32_t token; memcpy(&token, tokens + i, sizeof token), token < 0 || token >= vocabulary)
      return wrong("token {0} in row {1} is not in 0 to {2}", token, i, vocabulary - 1);
  return wrong("the call was refused: {0}", strand_rt_status_text(status));
}
} // namespace

extern "C" {

strand_error *strand_model_call(const strand_model *model, const strand_call *call) {
  return guarded([&]() -> strand_error * {
    if (!model || !call)
      return wrong("strand_model_call: {0} is missing", model ? "call" : "model");
    constexpr int64_t first = offsetof(strand_call, flags) + sizeof(uint32_t); // as version 0.1 has it
    if (call->size < first)
      return wrong("strand_call.size is {0}; sizeof(strand_call) is {1}", call->size, sizeof(strand_call));
    if (call->flags & ~uint32_t(STRAND_LAST_ROWS))
      return wrong("flags are {0}; {1} is the only one", call->flags, int(STRAND_LAST_ROWS));
    InUse use(call->state);
    return use.error ? use.error : Caller(*model->code, *call).run();
  });
}

strand_error *strand_sample(const float *logits, int64_t vocabulary, int64_t position, double temperature,
                            int64_t top_k, double top_p, uint64_t seed, int32_t *token) {
  return guarded([&]() -> strand_error * {
    if (!logits || !token || vocabulary < 1 || vocabulary > mostRows)
      return wrong("strand_sample: {0}", !logits ? "logits is missing"
                                         : token ? "vocabulary is " + std::to_string(vocabulary)
                                                 : std::string("token is missing"));
    if (!(temperature >= 0) || top_k < 0 || !(top_p >= 0 && top_p <= 1))
      return wrong("temperature {0:e3}, top_k {1}, top_p {2:e3}: at least 0, at least 0, 0 to 1 are needed",
                   temperature, top_k, top_p);
    Memory room;
    if (!room.allocate(vocabulary * sizeof(strand_candidate)))
      return noMemory("sampling", vocabulary * sizeof(strand_candidate));
    strand_sampling how = {temperature, top_k, top_p, seed};
    int64_t id = strand_rt_sample(&how, logits, vocabulary, position, room.as<strand_candidate>());
    if (id < 0)
      return wrong("the logits after {0} rows hold a NaN or +inf, or all are -inf", position);
    *token = id;
    return nullptr;
  });
}
}
