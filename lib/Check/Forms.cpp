#include "lib/Check/Forms.h"
#include "lib/Check/Batch.h"
using namespace mlir;
using namespace strand;
namespace {
using Pieces = SmallVector<SequencePiece>;

SequencePiece wholeOf(const Inputs &in, int64_t s, int64_t slot = 0) { return {s, 0, in.lengths[s], slot}; }

Batch begin(Trial &t, int64_t slots) {
  ArrayRef<CarriedValue> carried = slots ? t.programs.carried() : ArrayRef<CarriedValue>();
  return Batch(t.signature, t.inputs, carried, slots, t.cacheRows, t.threads);
}

/// Runs `lead` three times: as it is, with every other sequence NaN, and with the others NaN. What is not NaN must have
/// the same bits in all.
std::string
withPoisonedNeighbours(Trial &t,
                       llvm::function_ref<std::string(Random, llvm::function_ref<bool(int64_t)>, Values &)> lead) {
  std::string problem = lead(t.random, {}, t.values);
  for (int64_t odd : {0, 1}) {
    if (!problem.empty())
      return problem;
    Values values;
    auto isPoisoned = [&](int64_t s) { return s % 2 == odd; };
    problem = lead(t.random, isPoisoned, values);
    if (problem.empty())
      problem = t.comparison.otherBits(t.values, values, "when other sequences are NaN",
                                       [&](int64_t s) { return !isPoisoned(s); });
  }
  return problem;
}

std::string whole(Trial &t) {
  Batch batch = begin(t, 0);
  std::string problem;
  for (int64_t s = 0; s < t.inputs.sequences() && problem.empty(); ++s)
    problem = batch.run(*t.programs.whole, wholeOf(t.inputs, s));
  t.values = std::move(batch.values);
  return problem;
}

std::string packed(Trial &t) {
  return withPoisonedNeighbours(t, [&](Random random, llvm::function_ref<bool(int64_t)> isPoisoned, Values &values) {
    Batch batch = begin(t, 0);
    Pieces all;
    for (int64_t s : random.permutation(t.inputs.sequences()))
      all.push_back(wholeOf(t.inputs, s));
    std::string problem = batch.run(*t.programs.whole, all, isPoisoned);
    values = std::move(batch.values);
    return problem;
  });
}

/// Each sequence alone, in the pieces that `next` cuts from the rows that are left.
std::string alone(Trial &t, llvm::function_ref<int64_t(int64_t left)> next) {
  constexpr int64_t slots = 3, slot = 1;
  Batch batch = begin(t, slots);
  std::string problem;
  for (int64_t s = 0; s < t.inputs.sequences() && problem.empty(); ++s) {
    batch.reset(slot);
    for (int64_t at = 0, left = t.inputs.lengths[s]; left && problem.empty();) {
      int64_t rows = next(left);
      problem = batch.run(*t.programs.state, SequencePiece{s, at, rows, slot});
      at += rows;
      left -= rows;
    }
    batch.keepState(s, slot);
  }
  t.values = std::move(batch.values);
  return problem;
}

std::string state(Trial &t) {
  return alone(t, [](int64_t left) { return left; });
}

/// Pieces of a few rows, of some tiles, and of none.
std::string cut(Trial &t) {
  return alone(t, [&](int64_t left) {
    int64_t most = t.random.below(2) ? 4 : 80;
    return std::min(left, t.random.below(most));
  });
}

/// All sequences row by row; some of those that have ended stay in the call with no row.
std::string rows(Trial &t) {
  int64_t n = t.inputs.sequences(), slots = n + 2;
  Batch batch = begin(t, slots);
  SmallVector<int64_t> slotOf = t.random.permutation(slots);
  for (int64_t s = 0; s < n; ++s)
    batch.reset(slotOf[s]);
  std::string problem;
  for (int64_t at = 0; at < t.inputs.longest() && problem.empty(); ++at) {
    Pieces pieces;
    for (int64_t s : t.random.permutation(n))
      if (at < t.inputs.lengths[s])
        pieces.push_back({s, at, 1, slotOf[s]});
      else if (t.random.below(4) == 0)
        pieces.push_back({s, t.inputs.lengths[s], 0, slotOf[s]});
    problem = batch.run(*t.programs.step, pieces);
  }
  for (int64_t s = 0; s < n; ++s)
    batch.keepState(s, slotOf[s]);
  t.values = std::move(batch.values);
  return problem;
}

/// All sequences in three calls, in slots of any order among more; slots that nobody has hold NaN.
std::string batch(Trial &t, const Program &program) {
  return withPoisonedNeighbours(t, [&](Random random, llvm::function_ref<bool(int64_t)> isPoisoned, Values &values) {
    constexpr int64_t calls = 3;
    int64_t n = t.inputs.sequences(), slots = n + 3;
    Batch batch = begin(t, slots);
    SmallVector<int64_t> slotOf = random.permutation(slots);
    SmallVector<SmallVector<int64_t>> cuts; // of each sequence, where calls begin and end
    for (int64_t s = 0; s < n; ++s) {
      batch.reset(slotOf[s]);
      int64_t length = t.inputs.lengths[s];
      SmallVector<int64_t> at{0, random.below(length + 1), random.below(length + 1), length};
      llvm::sort(at);
      cuts.push_back(at);
    }
    std::string problem;
    for (int64_t c = 0; c < calls && problem.empty(); ++c) {
      Pieces pieces;
      for (int64_t s : random.permutation(n))
        pieces.push_back({s, cuts[s][c], cuts[s][c + 1] - cuts[s][c], slotOf[s]});
      problem = batch.run(program, pieces, isPoisoned);
    }
    for (int64_t s = 0; s < n; ++s)
      batch.keepState(s, slotOf[s]);
    values = std::move(batch.values);
    return problem;
  });
}

/// A server at work: sequences wait for a slot, advance by a prompt's rows or by one, and leave their slot to the next.
std::string churn(Trial &t) {
  struct Active {
    int64_t sequence, at, slot;
  };
  int64_t n = t.inputs.sequences(), slots = std::max<int64_t>(2, n / 2);
  Batch batch = begin(t, slots);
  SmallVector<int64_t> waiting = t.random.permutation(n), unused = t.random.permutation(slots);
  SmallVector<Active> active;
  std::string problem = batch.run(*t.programs.state, {}); // a call for nobody is legal
  while (problem.empty() && !(waiting.empty() && active.empty())) {
    while (!waiting.empty() && !unused.empty() && t.random.below(3)) {
      active.push_back({waiting.pop_back_val(), 0, unused.pop_back_val()});
      batch.reset(active.back().slot);
    }
    bool decode = t.random.below(2);
    Pieces pieces;
    for (Active &a : active) {
      int64_t rows = std::min(t.inputs.lengths[a.sequence] - a.at, decode ? t.random.below(4) > 0 : t.random.below(50));
      pieces.push_back({a.sequence, a.at, rows, a.slot});
      a.at += rows;
    }
    bool single = llvm::all_of(pieces, [](const SequencePiece &p) { return p.rows <= 1; });
    problem = batch.run(single ? *t.programs.step : *t.programs.state, pieces);
    llvm::erase_if(active, [&](const Active &a) {
      bool ended = a.at == t.inputs.lengths[a.sequence];
      if (ended) {
        batch.keepState(a.sequence, a.slot);
        unused.push_back(a.slot);
      }
      return ended;
    });
  }
  t.values = std::move(batch.values);
  return problem;
}

constexpr ProgramDefinition made[] = {
    {&Programs::whole, Form::Whole, "auto", "whole"},        {&Programs::state, Form::State, "auto", "state"},
    {&Programs::step, Form::Step, "auto", "rows"},           {&Programs::loop, Form::State, "step", "loop"},
    {&Programs::spans, Form::State, "three-phase", "spans"}, {&Programs::tree, Form::State, "associative", "tree"},
};

using Definition = FormDefinition;
constexpr FormDefinition all[] = {
    {"whole", Definition::Always, {&Programs::whole}, whole},
    {"packed", Definition::Always, {&Programs::whole}, packed},
    {"state", Definition::WithState, {&Programs::state}, state},
    {"cut", Definition::WithState, {&Programs::state}, cut},
    {"rows", Definition::WithState, {&Programs::step}, rows},
    {"batch", Definition::WithState, {&Programs::state}, [](Trial &t) { return batch(t, *t.programs.state); }},
    {"churn", Definition::WithState, {&Programs::state, &Programs::step}, churn},
    {"loop", Definition::WithSplit, {&Programs::loop}, [](Trial &t) { return batch(t, *t.programs.loop); }},
    {"spans", Definition::WithSplit, {&Programs::spans}, [](Trial &t) { return batch(t, *t.programs.spans); }},
    {"tree", Definition::WithSplit, {&Programs::tree}, [](Trial &t) { return batch(t, *t.programs.tree); }},
};
} // namespace

ArrayRef<CarriedValue> Programs::carried() const {
  for (const ProgramDefinition &d : made)
    if (const std::optional<Program> &program = this->*d.program; program && d.form != Form::Whole)
      return program->states();
  return {};
}

ArrayRef<ProgramDefinition> strand::programs() { return made; }
ArrayRef<FormDefinition> strand::forms() { return all; }
