// For each function: signature -> inputs -> meaning; for each vector width: programs; for each form and number of
// threads: a run, compared with the meaning and with the first run of all.
#include "lib/Check/Check.h"
#include "lib/Check/Forms.h"
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

/// One way of making code.
struct Way {
  CpuTarget target;
  Emulation emulation;
  std::string code; // what it makes: "512 bits"
};

/// For the host, and with half as wide vectors if it has wide ones; or kernels, with their threads in both orders.
Expected<std::vector<Way>> waysOf(bool kernels) {
  auto host = cpuTarget("native");
  if (!host)
    return host.takeError();
  if (kernels)
    return std::vector<Way>{{*host, Emulation::Forwards, "kernels"}, {*host, Emulation::Backwards, "kernels, last thread first"}};
  auto vectors = [](const CpuTarget &t) { return Way{t, Emulation::None, std::to_string(t.vectorBits) + " bits"}; };
  std::vector<Way> all{vectors(*host)};
  if (host->vectorBits == 512) {
    auto narrow = cpuTarget("x86-64-v3");
    if (!narrow)
      return narrow.takeError();
    all.push_back(vectors(*narrow));
  }
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

std::string settings(const std::string &code, int threads) {
  return llvm::formatv("{0}, {1} thread{2}", code, threads, threads > 1 ? "s" : "");
}

class FunctionCheck {
public:
  FunctionCheck(ModuleOp module, const Signature &signature, const CheckOptions &options, CheckReport &report)
      : module(module), signature(signature), options(options), report(report),
        inputs(drawInputs(signature, options.seed, options.rows)), cacheRows(inputs.longest() + 3) {
    report.functions.push_back({signature.name, {}});
  }
  Error run();

private:
  /// Forms that are asked for by name are the same loops for all vectors: the widest say enough.
  bool isAsked(const FormDefinition &form, const CpuTarget &target) const {
    bool is[] = {true, signature.hasState, signature.splits};
    return is[form.where] && (form.where != FormDefinition::WithSplit || target.vectorBits == widest) &&
           (options.forms.empty() || llvm::is_contained(options.forms, form.name));
  }
  void run(const Programs &programs, const Way &way);
  Expected<bool> compile(Programs &programs, const Way &way);
  std::string runForm(const FormDefinition &form, const Programs &programs, const std::string &code, int threads);
  void find(StringRef form, const Twine &text) { report.findings.push_back({signature.name, form.str(), text.str()}); }
  std::string again() const;

  ModuleOp module;
  const Signature &signature;
  const CheckOptions &options;
  CheckReport &report;
  Inputs inputs;
  int64_t cacheRows;
  int widest = 0; // bits of a vector
  Values meaning;
  std::optional<std::pair<std::string, Values>> first; // the run that the others are compared with, and its name
};

/// What it takes to see it again.
std::string FunctionCheck::again() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "seed " << options.seed << ", lengths ";
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
  std::optional<Running> running(std::in_place, signature.name + ", meaning, seed " + std::to_string(options.seed));
  auto values = meaningOf(module, signature, inputs, cacheRows);
  if (!values)
    return asFinding(values.takeError(), [&](const Twine &text) { find("meaning", text); });
  running.reset();
  meaning = std::move(*values);
  if (std::string text = Comparison(signature, inputs, {}, cacheRows).infinite(meaning); !text.empty()) {
    find("meaning", text + "\n" + again());
    return Error::success();
  }
  auto ways = waysOf(options.kernels);
  if (!ways)
    return ways.takeError();
  widest = ways->front().target.vectorBits;
  for (const Way &way : *ways) {
    Programs programs;
    auto compiled = compile(programs, way);
    if (!compiled || !*compiled) // the next way would not do either
      return compiled.takeError();
    run(programs, way);
  }
  return Error::success();
}

/// False: one could not be made, and a finding says so.
Expected<bool> FunctionCheck::compile(Programs &programs, const Way &way) {
  for (const ProgramDefinition &d : strand::programs()) {
    if (llvm::none_of(forms(), [&](const FormDefinition &f) { return isAsked(f, way.target) && llvm::is_contained(f.needs, d.program); }))
      continue;
    StageOptions stages;
    stages.form = d.chunkForm;
    stages.emulation = way.emulation;
    auto program = Program::compile(module, signature, d.form, way.target, stages);
    if (!program) {
      Error internal = asFinding(program.takeError(), [&](const Twine &text) { find(d.name, text); });
      return internal ? Expected<bool>(std::move(internal)) : false;
    }
    (programs.*d.program).emplace(std::move(*program));
  }
  return true;
}

void FunctionCheck::run(const Programs &programs, const Way &way) {
  for (const FormDefinition &form : forms())
    for (int threads : {1, 3}) {
      auto isKnown = [&](const Finding &f) { return f.function == signature.name && f.form == form.name; };
      if (!isAsked(form, way.target) || llvm::any_of(report.findings, isKnown))
        continue;
      std::string problem = runForm(form, programs, way.code, threads);
      if (!problem.empty())
        find(form.name, settings(way.code, threads) + "\n" + problem + "\n" + again());
    }
}

/// What is wrong, or nothing.
std::string FunctionCheck::runForm(const FormDefinition &form, const Programs &programs, const std::string &code,
                                   int threads) {
  Threads pool(threads);
  Comparison comparison(signature, inputs, programs.carried(), cacheRows);
  Trial trial{signature, inputs, programs, comparison, cacheRows, pool.ctx, Random(options.seed, form.name), {}};
  std::string name = std::string(form.name) + " (" + settings(code, threads) + ")", problem;
  {
    Running running(signature.name + ", " + name + ", seed " + std::to_string(options.seed));
    problem = form.run(trial);
  }
  Distance distance, between;
  if (problem.empty())
    problem = comparison.difference(trial.values, meaning, "the meaning", distance);
  if (problem.empty() && first)
    problem = comparison.difference(trial.values, first->second, first->first, between);
  if (!problem.empty())
    return problem;
  if (!first)
    first.emplace(name, std::move(trial.values));
  report.functions.back().runs.push_back({form.name, code, threads, distance.rms, distance.largest});
  return "";
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
  CheckReport report;
  for (const Signature &s : signatures)
    if (Error e = FunctionCheck(module, s, options, report).run())
      return std::move(e);
  return report;
}
