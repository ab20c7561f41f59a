// A call has rows of all kinds, in an order that the seed gives: logits as models have them, equal ones, infinities,
// what is no number; and with each the settings of a draw, cuts by rank and by mass, and sequences that have stopped.
#include "lib/Check/Choice.h"
#include "lib/Check/Lanes.h"
#include "lib/Check/Program.h"
#include "lib/Lowering/Roots.h"
#include "lib/Runtime/Runtime.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <limits>
#include <random>
using namespace mlir;
using namespace strand;
using llvm::Error;
using llvm::Expected;
namespace {
constexpr float infinity = std::numeric_limits<float>::infinity(), notNumber = std::numeric_limits<float>::quiet_NaN();
constexpr int32_t untouched = -77;
constexpr size_t mostEmulated = 15; // the lane emulator is slow

/// A row of logits and how its token is chosen.
struct Row {
  std::string kind;
  std::vector<float> logits;
  strand_sampling how;
  int64_t position;
};

class Rows {
public:
  Rows(int64_t vocabulary, uint64_t seed) : vocabulary(vocabulary), random(seed) {}

  /// Rows that @`function` chooses from.
  std::vector<Row> of(llvm::StringRef function) {
    std::vector<Row> rows;
    for (auto [kind, make] : kinds)
      for (const strand_sampling &how : settings(function)) {
        rows.push_back({kind, {}, how, int64_t(random() >> 40)});
        for (int64_t i = 0; i < vocabulary; ++i)
          rows.back().logits.push_back((this->*make)());
        if (const float *last = lastOf(kind))
          rows.back().logits[random() % vocabulary] = *last;
      }
    if (function != chooseLargest)
      rows.push_back({"stopped", std::vector<float>(vocabulary, 1), {1, 0, 1, 0}, -1});
    std::shuffle(rows.begin(), rows.end(), random);
    return rows;
  }

private:
  int64_t vocabulary;
  std::mt19937_64 random;

  std::vector<strand_sampling> settings(llvm::StringRef function) const {
    if (function == chooseLargest)
      return {{0, 0, 1, 0}};
    const strand_sampling settings[] = {
        {1, 0, 1, 3},        {0.7, 0, 1, 4},    {1, 5, 1, 5},     {1.3, 0, 0.9, 6},           {0.8, 50, 0.95, 7},
        {5, 0, 0.999, 8},    {1e6, 0, 0.5, 9},  {1e-3, 40, 1, 1}, {1, 1, 1, 11},              {2, 0, 0, 12},
        {0, 7, 0.3, 13},     {1e-310, 0, 1, 2}, {1e6, 0, 1, 5},   {1, vocabulary / 2, 1, 15}, {50, 0, 1, 9},
        {3, vocabulary, 0.25, ~uint64_t(0)}};
    std::vector<strand_sampling> fit;
    bool ranks = function == chooseRank || function == chooseBoth,
         masses = function == chooseMass || function == chooseBoth;
    llvm::copy_if(settings, std::back_inserter(fit), [&](const strand_sampling &how) {
      return (ranks || (!how.topK && how.temperature > 0)) && (masses || how.topP == 1);
    });
    return fit;
  }

  float normal() { return std::normal_distribution<float>(0, 3)(random); }
  float equal() { return 1.5f; }
  float few() { return std::floor(normal()) / 2; }
  float zeros() { return random() % 2 ? 0.0f : -0.0f; }
  float small() { return normal() * 1e-39f; }
  float large() { return normal() * 1e37f; }
  float masked() { return random() % 4 ? -infinity : normal(); }
  float nothing() { return -infinity; }

  static constexpr std::pair<const char *, float (Rows::*)()> kinds[] = {
      {"normal", &Rows::normal},   {"equal", &Rows::equal},     {"few values", &Rows::few},
      {"zeros", &Rows::zeros},     {"subnormal", &Rows::small}, {"large", &Rows::large},
      {"masked", &Rows::masked},   {"peak", &Rows::normal},     {"one", &Rows::nothing},
      {"nothing", &Rows::nothing}, {"NaN", &Rows::normal},      {"-NaN", &Rows::normal},
      {"infinity", &Rows::normal}};

  /// What one logit of a row is instead.
  static const float *lastOf(llvm::StringRef kind) {
    static const std::pair<const char *, float> all[] = {
        {"peak", 40}, {"one", -3}, {"NaN", notNumber}, {"-NaN", -notNumber}, {"infinity", infinity}};
    for (auto &[name, value] : all)
      if (kind == name)
        return &value;
    return nullptr;
  }
};

int64_t onHost(const Row &row, int64_t vocabulary) {
  if (row.position < 0)
    return -1;
  std::vector<strand_candidate> room(vocabulary);
  return strand_rt_sample(&row.how, row.logits.data(), vocabulary, row.position, room.data());
}

/// The functions, with an entry each.
Expected<OwningOpRef<ModuleOp>> choices(MLIRContext &context, int64_t vocabulary) {
  context.loadDialect<func::FuncDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto logits = MemRefType::get({ShapedType::kDynamic, vocabulary}, b.getF32Type());
  auto model = func::FuncOp::create(b, module->getLoc(), "advance", b.getFunctionType({logits}, {}));
  model.setPrivate();
  model.setArgAttr(0, "strand.input", b.getStringAttr("logits"));
  Stage stage{"choice", "", "strand-choice{entries}"};
  if (Error e = runStages(*module, stage))
    return std::move(e);
  model.erase();
  return module;
}

/// Calls `f` on all `rows`, and says what the emulator has found. Behind the ids there is one that stays as it is.
std::string callOn(const Entry &f, bool draws, llvm::ArrayRef<Row> rows, int64_t vocabulary,
                   std::vector<int32_t> &ids) {
  int64_t n = rows.size();
  std::vector<float> logits;
  std::vector<strand_choice> how;
  ids.assign(n + 1, untouched);
  for (const Row &row : rows) {
    logits.insert(logits.end(), row.logits.begin(), row.logits.end());
    how.push_back(strand_rt_choice(row.how.temperature, row.how.topK, row.how.topP, row.how.seed, row.position,
                                   vocabulary));
  }
  std::vector<char> scratch(f.scratch(n, n) + 64, char(0xff));
  void *aligned = scratch.data() + (64 - uintptr_t(scratch.data()) % 64) % 64;
  llvm::SmallVector<void *> buffers{logits.data()};
  if (draws)
    buffers.push_back(how.data());
  buffers.push_back(ids.data());
  llvm::SmallVector<int64_t> sizes(buffers.size(), n);
  f.call(nullptr, buffers.data(), sizes.data(), aligned);
  return takeLaneProblem();
}

/// What is wrong with a call on all `rows`.
std::string problemOf(const Entry &f, bool draws, llvm::ArrayRef<Row> rows, int64_t vocabulary) {
  std::vector<int32_t> ids;
  if (std::string found = callOn(f, draws, rows, vocabulary, ids); !found.empty())
    return found;
  for (auto [i, row] : llvm::enumerate(rows))
    if (int64_t host = onHost(row, vocabulary); ids[i] != host)
      return llvm::formatv("row {0} of {1} ({2}; temperature {3}, top {4}, mass {5}): {6}, and {7} on the host", i,
                           rows.size(), row.kind, row.how.temperature, row.how.topK, row.how.topP, ids[i], host);
  return ids.back() == untouched ? "" : "wrote behind the ids";
}

/// A call of two rows, once more without each of the barriers that threads come to.
std::vector<FaultRun> withoutBarriers(const Entry &f, bool draws, llvm::ArrayRef<Row> rows, int64_t vocabulary) {
  std::vector<int32_t> ids;
  rows = rows.take_front(2);
  takeLaneFaults();
  callOn(f, draws, rows, vocabulary, ids);
  std::vector<FaultRun> runs;
  for (const LaneFault &fault : takeLaneFaults()) {
    if (fault.kind != LaneFault::barrier)
      continue;
    plantLaneFault(fault);
    runs.push_back({"", fault.text(), callOn(f, draws, rows, vocabulary, ids)});
    plantLaneFault(std::nullopt);
  }
  return runs;
}

/// In calls of 1 row, of 2, of 4 ...
ChoiceRun runAll(const Entry &f, bool draws, llvm::ArrayRef<Row> rows, const ChoiceCheck &options) {
  constexpr int64_t mostSequences = 64;
  ChoiceRun run;
  for (int64_t count = 1; !rows.empty() && run.problem.empty(); count = std::min(2 * count, mostSequences)) {
    llvm::ArrayRef<Row> some = rows.take_front(count);
    run.problem = problemOf(f, draws, some, options.vocabulary);
    run.rows += run.problem.empty() ? some.size() : 0;
    rows = rows.drop_front(some.size());
  }
  return run;
}
} // namespace

Expected<std::vector<ChoiceRun>> strand::checkChoice(MLIRContext &context, const ChoiceCheck &options) {
  auto target = cpuTarget("native");
  if (!target)
    return target.takeError();
  auto made = choices(context, options.vocabulary);
  if (!made)
    return made.takeError();
  std::vector<std::pair<Emulation, std::string>> builds{{Emulation::Forwards, "kernels"},
                                                        {Emulation::Backwards, "kernels, last thread first"}};
  if (options.lanes)
    builds = {{Emulation::Lanes, "lanes of " + options.chip}};
  std::vector<ChoiceRun> runs;
  for (auto &[emulation, name] : builds) {
    StageOptions stageOptions;
    stageOptions.emulation = emulation;
    if (options.lanes) {
      auto gpu = gpuTarget(options.chip, /*wantsPtx=*/true, /*wantsMachineCode=*/false);
      if (!gpu)
        return gpu.takeError();
      stageOptions.gpu = *gpu;
    }
    OwningOpRef<ModuleOp> module = (*made)->clone();
    std::vector<Stage> all = stages(*target, stageOptions);
    if (Error e = runStages(*module, between(all, "kernels")))
      return std::move(e);
    auto code = JitModule::compile(*module, JitOptions{*target, "", 1, laneSymbols()});
    if (!code)
      return code.takeError();
    for (llvm::StringRef function : choiceNames) {
      auto found = Entry::of(*code, function);
      if (!found)
        return found.takeError();
      bool draws = function != chooseLargest;
      std::vector<Row> rows = Rows(options.vocabulary, options.seed).of(function);
      if (options.lanes && rows.size() > mostEmulated)
        rows.erase(rows.begin() + mostEmulated, rows.end());
      runs.push_back(runAll(*found, draws, rows, options));
      runs.back().function = function.str();
      runs.back().build = name;
      if (options.withoutBarriers && runs.back().problem.empty())
        runs.back().barriers = withoutBarriers(*found, draws, rows, options.vocabulary);
    }
  }
  return runs;
}
