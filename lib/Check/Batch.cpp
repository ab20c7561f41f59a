#include "lib/Check/Batch.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <limits>
using namespace mlir;
using namespace strand;
using llvm::formatv;
namespace {
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

int64_t rowBytes(RankedTensorType t) { return itemSize(t) * bytesOfElement(t.getElementType()); }
int64_t slotBytes(const CarriedValue &v, int64_t cacheRows) {
  return v.slotSize(cacheRows) * bytesOfElement(v.type.getElementType());
}
int64_t rowsOf(ArrayRef<SequencePiece> pieces) {
  int64_t rows = 0;
  for (const SequencePiece &p : pieces)
    rows += p.rows;
  return rows;
}

Guarded integers(ArrayRef<int64_t> values) {
  Guarded g(4 * values.size());
  for (auto [i, v] : llvm::enumerate(values))
    memcpy(g.data() + 4 * i, &v, 4);
  return g;
}
} // namespace

Batch::Batch(const Signature &signature, const Inputs &inputs, ArrayRef<CarriedValue> carried, int64_t slots,
             int64_t cacheRows, strand_rt_ctx *threads)
    : signature(signature), inputs(inputs), carried(carried), slots(slots), cacheRows(cacheRows), threads(threads) {
  for (RankedTensorType t : signature.results)
    values.results.emplace_back(inputs.rows() * itemSize(t), missing);
  for (const CarriedValue &v : carried) {
    values.states.emplace_back(inputs.sequences() * v.slotSize(cacheRows), missing);
    states.emplace_back(slots * slotBytes(v, cacheRows)); // NaN until a slot is taken
  }
}

void Batch::reset(int64_t slot) {
  for (auto [v, state] : llvm::zip_equal(carried, states)) {
    std::vector<double> initial(v.slotSize(cacheRows), v.initial);
    writeElements(v.type.getElementType(), initial, state.data() + slot * slotBytes(v, cacheRows));
  }
}

void Batch::keepState(int64_t s, int64_t slot) {
  for (auto [i, v] : llvm::enumerate(carried)) {
    int64_t size = v.slotSize(cacheRows);
    readElements(v.type.getElementType(), states[i].data() + slot * slotBytes(v, cacheRows), size,
                 values.states[i].data() + s * size);
  }
}

/// The rows of the pieces, or the parameter.
Guarded Batch::packed(unsigned argument, ArrayRef<SequencePiece> pieces,
                      llvm::function_ref<bool(int64_t)> isPoisoned) const {
  const Argument &a = signature.arguments[argument];
  const std::vector<char> &from = inputs.values[argument];
  if (a.kind == ArgumentKind::Offsets) {
    SmallVector<int64_t> offsets{0};
    for (const SequencePiece &p : pieces)
      offsets.push_back(offsets.back() + p.rows);
    return integers(offsets);
  }
  if (a.kind == ArgumentKind::Parameter) {
    Guarded g(from.size());
    llvm::copy(from, g.data());
    return g;
  }
  int64_t row = rowBytes(a.type), at = 0;
  Guarded g(rowsOf(pieces) * row); // NaN
  bool isFloat = isa<FloatType>(a.type.getElementType());
  for (const SequencePiece &p : pieces) {
    if (!(isFloat && isPoisoned && isPoisoned(p.sequence)))
      std::copy_n(from.data() + (inputs.starts[p.sequence] + p.first) * row, p.rows * row, g.data() + at);
    at += p.rows * row;
  }
  return g;
}

void Batch::scatter(Guarded &result, unsigned i, ArrayRef<SequencePiece> pieces) {
  RankedTensorType type = signature.results[i];
  int64_t item = itemSize(type), row = rowBytes(type), at = 0;
  for (const SequencePiece &p : pieces) {
    readElements(type.getElementType(), result.data() + at * row, p.rows * item,
                 values.results[i].data() + (inputs.starts[p.sequence] + p.first) * item);
    at += p.rows;
  }
}

/// Slots that no row of the call belongs to.
std::string Batch::untouched(ArrayRef<std::vector<char>> before, ArrayRef<SequencePiece> pieces) {
  for (int64_t slot = 0; slot < slots; ++slot) {
    if (llvm::any_of(pieces, [&](const SequencePiece &p) { return p.slot == slot && p.rows; }))
      continue;
    for (auto [i, v] : llvm::enumerate(carried))
      if (int64_t n = slotBytes(v, cacheRows), at = slot * n;
          !std::equal(before[i].data() + at, before[i].data() + at + n, states[i].data() + at))
        return formatv("slot {0} of state '{1}' was changed, but no row of the call belongs to it", slot, v.name);
  }
  return "";
}

std::string Batch::run(const Program &program, ArrayRef<SequencePiece> pieces,
                       llvm::function_ref<bool(int64_t)> isPoisoned) {
  Program::Call call{threads, rowsOf(pieces), int64_t(pieces.size()), slots, cacheRows, {}, {}, {}, nullptr, nullptr};
  std::vector<Guarded> arguments, results;
  for (unsigned i = 0; i < signature.arguments.size(); ++i)
    arguments.push_back(packed(i, pieces, isPoisoned));
  for (RankedTensorType t : signature.results)
    results.emplace_back(call.rows * rowBytes(t));
  SmallVector<int64_t> slotOf;
  for (const SequencePiece &p : pieces)
    slotOf.push_back(p.slot);
  Guarded slotList = integers(slotOf), scratch(program.scratchBytes(call.rows, call.sequences));

  auto copies = [](ArrayRef<Guarded> of) {
    std::vector<std::vector<char>> bytes;
    for (const Guarded &g : of)
      bytes.emplace_back(const_cast<Guarded &>(g).data(), const_cast<Guarded &>(g).data() + g.size());
    return bytes;
  };
  std::vector<std::vector<char>> inputsBefore = copies(arguments), statesBefore = copies(states);
  auto pointers = [](std::vector<Guarded> &of) {
    SmallVector<void *> p;
    for (Guarded &g : of)
      p.push_back(g.data());
    return p;
  };
  SmallVector<void *> argumentPointers = pointers(arguments), resultPointers = pointers(results),
                      statePointers = pointers(states);
  call.arguments = argumentPointers;
  call.results = resultPointers;
  call.states = statePointers;
  call.slotOf = slotList.data();
  call.scratch = scratch.data();
  program.run(call);

  for (auto [i, g] : llvm::enumerate(arguments)) {
    if (!g.isIntact())
      return formatv("argument {0} was written outside its ends", i);
    if (!std::equal(inputsBefore[i].begin(), inputsBefore[i].end(), g.data()))
      return formatv("argument {0} was written to", i);
  }
  for (auto [i, g] : llvm::enumerate(results)) {
    if (!g.isIntact())
      return formatv("result {0} was written outside its ends, in a call of {1} rows", i, call.rows);
    scatter(g, i, pieces);
  }
  for (auto [g, v] : llvm::zip_equal(states, carried))
    if (!g.isIntact())
      return formatv("state '{0}' was written outside its ends", v.name);
  if (!scratch.isIntact())
    return formatv("scratch was written outside its {0} bytes, in a call of {1} rows and {2} sequences", scratch.size(),
                   call.rows, call.sequences);
  if (!slotList.isIntact())
    return "the list of slots was written outside its ends";
  return untouched(statesBefore, pieces);
}
