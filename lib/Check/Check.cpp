// For each function: signature -> inputs -> meaning; for each vector width: programs; for each form and number of
// threads: a run, compared with the meaning and, where bits are to be the same, with the first run of all.
#include "lib/Check/Check.h"
#include "lib/Check/Forms.h"
#include "lib/Check/Lanes.h"
#include "lib/Target/Errors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
using namespace mlir;
using namespace strand;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
namespace {

/// What programs are made for.
struct Build {
  CpuTarget target;
  Emulation emulation = Emulation::None;
  std::string chip = {}; // of Emulation::Lanes
  int level = 1;

  std::string text() const {
    return code() + ", level " + std::to_string(level);
  }

  std::string code() const {
    switch (emulation) {
    case Emulation::None: return std::to_string(target.vectorBits) + " bits";
    case Emulation::Forwards: return "kernels";
    case Emulation::Backwards: return "kernels, last thread first";
    case Emulation::Lanes: return "lanes of " + chip;
    }
    llvm_unreachable("all kinds are listed");
  }
};

/// For the host, and with half as wide vectors if it has wide ones, or if `bits` is one of their widths, for that
/// alone; or kernels, with their threads in both orders; or the code of a GPU by the lane emulator.
Expected<std::vector<Build>> buildsOf(const CheckOptions &options) {
  auto host = cpuTarget("native");
  if (!host)
    return host.takeError();
  if (options.lanes)
    return std::vector<Build>{{*host, Emulation::Lanes, options.chip}};
  if (options.kernels)
    return std::vector<Build>{{*host, Emulation::Forwards}, {*host, Emulation::Backwards}};
  std::vector<Build> all{{*host}};
  if (host->vectorBits == 512) {
    auto narrow = cpuTarget("x86-64-v3");
    if (!narrow)
      return narrow.takeError();
    all.push_back({*narrow});
  }
  for (const Build &build : all)
    if (build.target.vectorBits == options.bits)
      return std::vector<Build>{build};
  return all;
}

/// Threads of the run-time library; one is the calling thread alone.
struct Threads {
  strand_rt_ctx *ctx;
  explicit Threads(int count) : ctx(count > 1 ? strand_rt_create(count) : nullptr) {}
  ~Threads() {
    if (ctx)
      strand_rt_destroy(ctx);
  }
};

/// Says in `currentRun` what runs, while it lives.
struct Running {
  explicit Running(const std::string &what) { snprintf(currentRun, sizeof currentRun, "%s", what.c_str()); }
  ~Running() { currentRun[0] = 0; }
};

std::string settings(const Build &build, int threads) {
  return llvm::formatv("{0}, {1} thread{2}", build.text(), threads, threads > 1 ? "s" : "");
}

class FunctionCheck {
public:
  FunctionCheck(ModuleOp module, const Signature &signature, const CheckOptions &options, CheckReport &report)
      : module(module), signature(signature), options(options), report(report) {
    report.functions.push_back({signature.name, {}, {}, {}, {}, {}});
  }
  Error run();

private:
  void draw(uint64_t seedOfTrial);
  bool mayGoOn() const;
  Error findMeaning();
  std::string difference(const Trial &trial, Distance &distance) const;
  void widenBounds();
  /// Forms that are asked for by name are the same loops for all vectors: the widest say enough.
  bool isAsked(const FormDefinition &form, const CpuTarget &target) const {
    bool is[] = {true, signature.hasState && signature.isResumable, signature.splits && signature.isResumable};
    bool split = form.where == FormDefinition::WithSplit, named = llvm::is_contained(options.forms, form.name);
    // one form is pinned if bits are to be the same; of kernels there are two builds, so that each form costs twice
    bool isPinned = options.reproducible || (options.kernels && !named);
    return is[form.where] && (!split || (target.vectorBits == widest && !isPinned)) && (options.forms.empty() || named);
  }
  void run(const Programs &programs, const Build &build);
  Expected<std::vector<std::vector<Program>>> made(ArrayRef<const ProgramDefinition *> of, const Build &build);
  Error makeAlone(ArrayRef<const ProgramDefinition *> of, const Build &build,
                  std::vector<std::vector<Program>> &programs, bool &isWrong);
  Expected<bool> compile(std::vector<Programs> &programs, const Build &build);
  std::string runForm(const FormDefinition &form, const Programs &programs, const Build &build, int threads);
  void runWithFaults(const FormDefinition &form, const Programs &programs);
  void find(StringRef form, const Twine &text) { report.findings.push_back({signature.name, form.str(), text.str()}); }
  std::string again() const;

  ModuleOp module;
  const Signature &signature;
  const CheckOptions &options;
  CheckReport &report;
  int widest = 0; // bits of a vector

  // of a trial
  uint64_t seed = 0;
  Inputs inputs;
  int64_t cacheRows = 0;
  Values meaning;
  Bounds bounds;
  bool isWidened = false;
  std::optional<std::pair<std::string, Values>> first; // with `reproducible`: the run whose bits others must have
};

/// What it takes to see it again.
std::string FunctionCheck::again() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "seed " << seed << ", lengths ";
  llvm::interleave(inputs.lengths, out, " ");
  return text;
}

/// What is wrong with the function becomes a finding; what is wrong with us stays an error.
Error asFinding(Error e, llvm::function_ref<void(const Twine &)> find) {
  return llvm::handleErrors(
      std::move(e), [&](const AlreadyReported &) { find("cannot be compiled; the error was reported"); },
      [&](std::unique_ptr<InternalError> e) -> Error { return Error(std::move(e)); },
      [&](const llvm::ErrorInfoBase &e) { find(e.message()); });
}

Error FunctionCheck::run() {
  auto builds = buildsOf(options);
  if (!builds)
    return builds.takeError();
  widest = builds->front().target.vectorBits;
  std::vector<std::vector<Programs>> programs(builds->size());
  for (int64_t i = 0; i < options.trials && mayGoOn(); ++i) {
    draw(options.seed + i);
    if (Error e = findMeaning())
      return e;
    for (auto [build, of] : llvm::zip_equal(*builds, programs)) {
      if (meaning.results.empty())
        break;
      if (i == 0) {
        auto compiled = compile(of, build);
        if (!compiled || !*compiled) // the next one would not do either
          return compiled.takeError();
      }
      for (auto [level, ofLevel] : llvm::zip_equal(options.levels, of)) {
        first.reset(); // other vectors, other bits
        run(ofLevel, {build.target, build.emulation, build.chip, level});
      }
    }
  }
  return Error::success();
}

/// Begins a trial.
void FunctionCheck::draw(uint64_t seedOfTrial) {
  seed = seedOfTrial;
  inputs = drawInputs(signature, seed, options.rows);
  cacheRows = inputs.longest() + 3;
  isWidened = false;
  first.reset();
}

/// Whether nothing was found so far: what is wrong once need not be seen in further trials.
bool FunctionCheck::mayGoOn() const {
  return llvm::none_of(report.findings, [&](const Finding &f) { return f.function == signature.name; });
}

/// Leaves `meaning` without results where there is none.
Error FunctionCheck::findMeaning() {
  Running running(signature.name + ", meaning, seed " + std::to_string(seed));
  auto values = meaningOf(module, signature, inputs, cacheRows);
  meaning = {};
  if (!values)
    return asFinding(values.takeError(), [&](const Twine &text) { find("meaning", text); });
  if (std::string text = Comparison(signature, inputs, {}, cacheRows, bounds).infinite(*values); !text.empty())
    find("meaning", text + "\n" + again());
  else
    meaning = std::move(*values);
  Distance each = boundOf(signature.tolerance);
  bounds.results.assign(meaning.results.size(), each);
  bounds.states.assign(meaning.states.size(), each);
  return Error::success();
}

/// Each to `plainFactor` times what plain loops in f32 lose of the same value. A tolerance for all would not do: n
/// terms summed one after another lose up to n/2 roundings, 9e-6 of the sum of 300 rows, and nearly that where the
/// terms are alike, so that all sums between two powers of two are rounded the same way (the long sum in a min-plus
/// state). How much it is depends on the numbers, and plain loops show it. A form has as many roundings or fewer, but
/// of other sums; of a value that is made of few numbers one order may happen to lose less than another, which the
/// factor is for. And where a number comes in again in every row, as the angle of a turn, what rounds it or its cosine
/// adds up: plain loops may happen to round it well, so they are also run with arguments off by their last places.
void FunctionCheck::widenBounds() {
  isWidened = true;
  Inputs near = offByLastPlaces(signature, inputs, seed);
  auto plain = plainLoops(module, signature, {&inputs, &near}, cacheRows);
  if (!plain) {
    llvm::consumeError(plain.takeError()); // the bounds stay
    return;
  }
  auto widen = [&](MutableArrayRef<Distance> bounds, ArrayRef<std::vector<double>> got,
                   ArrayRef<std::vector<double>> want) {
    for (auto [bound, g, w] : llvm::zip_equal(bounds, got, want)) {
      Distance d = distance(g, w);
      bound.rms = std::max(bound.rms, options.plainFactor * d.rms);
      bound.largest = std::max(bound.largest, options.plainFactor * d.largest);
    }
  };
  for (const Values &values : *plain) {
    widen(bounds.results, values.results, meaning.results); // integers have no bound
    widen(bounds.states, values.states, meaning.states);
  }
}

Expected<std::vector<std::vector<Program>>> FunctionCheck::made(ArrayRef<const ProgramDefinition *> of,
                                                                const Build &build) {
  ProgramOptions o{build.target, {}, options.levels, options.inParts, options.quickly};
  o.stages.reproducible = options.reproducible;
  o.stages.narrowRows = options.narrowRows;
  o.stages.emulation = build.emulation;
  if (!build.chip.empty())
    o.stages.gpu = GpuTarget{{build.chip}, ""};
  SmallVector<ProgramForm> forms;
  for (const ProgramDefinition *d : of)
    forms.push_back({d->form, d->chunkForm});
  return Program::compile(module, signature, forms, o);
}

/// The same one after another, if they cannot be made together: that tells which of them is wrong.
Error FunctionCheck::makeAlone(ArrayRef<const ProgramDefinition *> of, const Build &build,
                               std::vector<std::vector<Program>> &programs, bool &isWrong) {
  programs.clear();
  for (const ProgramDefinition *d : of) {
    auto alone = made(d, build);
    if (!alone) {
      isWrong = true;
      return asFinding(alone.takeError(), [&](const Twine &text) { find(d->name, text); });
    }
    programs.push_back(std::move(alone->front()));
  }
  return Error::success();
}

/// Fills in the programs of each level. False: one could not be made, and a finding says so.
Expected<bool> FunctionCheck::compile(std::vector<Programs> &programs, const Build &build) {
  SmallVector<const ProgramDefinition *> needed;
  for (const ProgramDefinition &d : strand::programs())
    if (llvm::any_of(forms(), [&](const FormDefinition &f) {
          return isAsked(f, build.target) && llvm::is_contained(f.needs, d.program);
        }))
      needed.push_back(&d);
  programs.resize(options.levels.size());
  if (needed.empty()) // forms that are asked for by name are those of the widest vectors
    return true;
  std::vector<std::vector<Program>> byForm;
  std::string problem;
  if (build.emulation == Emulation::None) {
    auto isError = [](Diagnostic &d) { return success(d.getSeverity() == DiagnosticSeverity::Error); };
    ScopedDiagnosticHandler quiet(module.getContext(), isError); // it will be told when forms are made alone
    auto together = made(needed, build);
    if (together)
      byForm = std::move(*together);
    else
      problem = llvm::toString(together.takeError());
  }
  if (byForm.empty()) {
    bool isWrong = false;
    if (Error e = makeAlone(needed, build, byForm, isWrong))
      return std::move(e);
    if (!isWrong && !problem.empty()) {
      find(needed.front()->name, "can be compiled alone, but not together with other forms: " + problem);
      isWrong = true;
    }
    if (isWrong)
      return false;
  }
  for (auto [d, ofForm] : llvm::zip_equal(needed, byForm))
    for (auto [ofLevel, program] : llvm::zip_equal(programs, ofForm))
      (ofLevel.*d->program).emplace(std::move(program));
  return true;
}

void FunctionCheck::run(const Programs &programs, const Build &build) {
  for (const FormDefinition &form : forms())
    for (int threads : {1, 3}) {
      auto isKnown = [&](const Finding &f) { return f.function == signature.name && f.form == form.name; };
      if (!isAsked(form, build.target) || llvm::any_of(report.findings, isKnown))
        continue;
      takeLaneFaults();
      std::string problem = runForm(form, programs, build, threads);
      if (problem.empty() && threads == 1 &&
          (options.withoutBarriers || options.withoutFences || options.wrongDescriptors || options.wrongCopies))
        runWithFaults(form, programs);
      if (!problem.empty())
        find(form.name, settings(build, threads) + "\n" + problem + "\n" + again());
    }
}

/// Whether faults of a kind are asked for, whether numbers may show them, and where it is told what came of them.
struct FaultKind {
  bool isAsked, showsInNumbers;
  std::vector<FaultRun> FunctionRuns::*runs;
};
FaultKind kindOf(const LaneFault &fault, const CheckOptions &options) {
  if (fault.kind == LaneFault::barrier)
    return {options.withoutBarriers, false, &FunctionRuns::barriers};
  if (fault.kind <= LaneFault::wait)
    return {options.withoutFences, false, &FunctionRuns::fences};
  if (fault.kind < LaneFault::arrivalWait)
    return {options.wrongDescriptors, true, &FunctionRuns::descriptors};
  return {options.wrongCopies, true, &FunctionRuns::copies};
}

/// With each of the faults that are asked for, at the places that threads came to in the run before.
void FunctionCheck::runWithFaults(const FormDefinition &form, const Programs &programs) {
  Comparison comparison(signature, inputs, programs.carried(), cacheRows, bounds);
  for (const LaneFault &fault : takeLaneFaults()) {
    FaultKind kind = kindOf(fault, options);
    if (!kind.isAsked)
      continue;
    plantLaneFault(fault);
    Trial trial{signature, inputs, programs, comparison, cacheRows, nullptr, Random(seed, form.name), {}};
    std::string problem = form.run(trial), found = takeLaneProblem();
    plantLaneFault(std::nullopt);
    if (Distance distance; kind.showsInNumbers && found.empty())
      found = problem.empty() ? difference(trial, distance) : problem;
    (report.functions.back().*kind.runs).push_back({form.name, fault.text(), found});
  }
}

/// From the meaning; where bits are to be the same, also from the first run. Without, two runs may be as far from each
/// other as both together are from the meaning, so to compare them would say nothing more.
std::string FunctionCheck::difference(const Trial &trial, Distance &distance) const {
  std::string problem = trial.comparison.difference(trial.values, meaning, "the meaning", distance);
  if (problem.empty() && first)
    problem =
        trial.comparison.otherBits(trial.values, first->second, "in " + first->first, [](int64_t) { return true; });
  return problem;
}

/// What is wrong, or nothing.
std::string FunctionCheck::runForm(const FormDefinition &form, const Programs &programs, const Build &build,
                                  int threads) {
  Threads pool(threads);
  Comparison comparison(signature, inputs, programs.carried(), cacheRows, bounds);
  Trial trial{signature, inputs, programs, comparison, cacheRows, pool.ctx, Random(seed, form.name), {}};
  std::string name = std::string(form.name) + " (" + settings(build, threads) + ")", problem;
  {
    Running running(signature.name + ", " + name + ", seed " + std::to_string(seed));
    problem = form.run(trial);
  }
  if (std::string found = takeLaneProblem(); !found.empty())
    return found;
  Distance distance;
  if (problem.empty())
    problem = difference(trial, distance);
  if (!problem.empty() && options.plainFactor != 0 && !isWidened) { // is it more than such a function has to lose?
    widenBounds();
    return runForm(form, programs, build, threads);
  }
  if (!problem.empty())
    return problem;
  if (options.reproducible && !first)
    first.emplace(name, std::move(trial.values));
  else if (first && first->second.states.empty()) // it was one without state
    first->second.states = std::move(trial.values.states);
  report.functions.back().runs.push_back({form.name, build.text(), threads, distance.rms, distance.largest});
  return "";
}

/// Tiles and forms over spans are those of the ops that scans become.
Error readInferred(ModuleOp module, Signature &s) {
  auto alone = structured(module, s.name, CpuTarget());
  if (!alone)
    return alone.takeError();
  FailureOr<Signature> inferred = readSignature((*alone)->lookupSymbol<func::FuncOp>(s.name), /*drawn=*/false);
  if (failed(inferred))
    return llvm::make_error<AlreadyReported>();
  s.tiles = inferred->tiles;
  s.splits = inferred->splits;
  return Error::success();
}

template <typename Names> Error unknown(StringRef what, StringRef name, const Names &names) {
  return createStringError(what + " '" + name + "' is none of " + llvm::join(names, ", "));
}
} // namespace

char strand::currentRun[256];

std::vector<std::string> strand::formNames() {
  std::vector<std::string> names;
  for (const FormDefinition &form : forms())
    names.push_back(form.name);
  return names;
}

Expected<CheckReport> strand::checkModule(ModuleOp module, const CheckOptions &options) {
  std::vector<std::string> names = formNames(), functions;
  for (const std::string &form : options.forms)
    if (!llvm::is_contained(names, form))
      return unknown("form", form, names);
  SmallVector<Signature> signatures;
  for (auto f : module.getOps<func::FuncOp>()) {
    if (!f.isPublic())
      continue;
    functions.push_back(f.getName().str());
    if (!options.function.empty() && options.function != f.getName())
      continue;
    FailureOr<Signature> signature = readSignature(f);
    if (failed(signature))
      return llvm::make_error<AlreadyReported>();
    signatures.push_back(std::move(*signature));
  }
  if (functions.empty())
    return createStringError("there is no public function to check");
  if (signatures.empty())
    return unknown("function", options.function, functions);
  auto isRemark = [](Diagnostic &d) { return success(d.getSeverity() == DiagnosticSeverity::Remark); };
  ScopedDiagnosticHandler noRemarks(module.getContext(), isRemark);
  CheckReport report;
  for (Signature &s : signatures)
    if (Error e = readInferred(module, s))
      return std::move(e);
  for (const Signature &s : signatures)
    if (Error e = FunctionCheck(module, s, options, report).run())
      return std::move(e);
  return report;
}
