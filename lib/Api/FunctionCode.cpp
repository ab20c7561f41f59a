// A function over rows: the form without state at once, the forms with state when the first state is made. Its schema
// is made here from what the function carries, so that states are those of models.
#include "lib/Api/Code.h"
#include "lib/Api/Diagnostics.h"
#include "lib/Check/Program.h"
#include "lib/Codegen/Cpu/WeightLayout.h"
#include "lib/Runtime/Runtime.h"
#include "llvm/Support/JSON.h"
#include <deque>
#include <mutex>
using namespace mlir;
using namespace strand;
using llvm::Error;
using llvm::Expected;
namespace {

strand_element elementOf(Type t) {
  if (t.isInteger(1))
    return {STRAND_CODE_BOOL, 8, 1};
  uint8_t code = t.isBF16() ? STRAND_CODE_BFLOAT : isa<FloatType>(t) ? STRAND_CODE_FLOAT : STRAND_CODE_INT;
  return {code, uint8_t(t.getIntOrFloatBitWidth()), 1};
}

class FunctionCode final : public Code {
public:
  FunctionCode(std::shared_ptr<MLIRContext> context, OwningOpRef<ModuleOp> module, Signature s, CpuTarget target,
               const CompileOptions &o)
      : context(std::move(context)), module(std::move(module)), signature(std::move(s)), target(std::move(target)),
        strict(o.strict), level(o.level), stages{o.prefix, o.form, o.reproducible} {}

  Error create() {
    auto made = Program::compile(*module, signature, {{Form::Whole, stages.form}}, options());
    if (!made)
      return made.takeError();
    if (strict)
      if (Error e = refuseFallbacks(made->front().front().report()))
        return e;
    whole.emplace(std::move(made->front().front()));
    report =
        llvm::formatv("{0}", llvm::json::Value(llvm::json::Object{{"ops", llvm::json::Array(whole->report())}})).str();
    findStates();
    describe();
    return Error::success();
  }

  bool alwaysHasState() const override { return false; }
  bool givesLastRows() const override { return false; }

  strand_error *prepareState() override {
    std::lock_guard lock(making);
    if (!reasonAgainstState.empty())
      return wrong("@{0} cannot carry state: {1}", signature.name, reasonAgainstState);
    if (step || entries.empty())
      return nullptr;
    strand_error *error = survived([&] { return makeForms(); });
    if (error)
      reasonAgainstState = error->message;
    return error;
  }

  int64_t scratchBytes(int64_t sequences, int64_t rows, const void *block) const override {
    if (!block || entries.empty())
      return whole->scratchBytes(rows, sequences);
    return std::max(state->scratchBytes(rows, sequences), step->scratchBytes(rows, sequences));
  }

  int32_t run(const CodeCall &c) const override {
    if (c.state)
      if (int32_t status = strand_rt_check_rows(&facts, c.state, c.slots, c.offsets, c.sequences, c.rows))
        return status;
    SmallVector<void *> arguments, states;
    const void *const *next = c.inputs.begin();
    for (const Argument &a : signature.arguments)
      arguments.push_back(const_cast<void *>(a.kind == ArgumentKind::Offsets ? c.offsets : *next++));
    bool carries = c.state && !entries.empty();
    for (size_t e = 0; carries && e < entries.size(); ++e)
      states.push_back(strand_rt_state_item(&facts, c.state, e, 0));
    Program::Call call{
        threads.get(), c.rows, c.sequences, 0, 0, arguments, c.outputs, states, const_cast<int32_t *>(c.slots),
        c.scratch};
    if (carries) {
      call.slots = strand_rt_state_slots(c.state);
      call.cacheRows = strand_rt_state_cache_rows(c.state);
    }
    (!carries ? *whole : isStep(c) ? *step : *state).run(call);
    return STRAND_OK;
  }

private:
  std::shared_ptr<MLIRContext> context; // after it was made, used under `making` alone
  OwningOpRef<ModuleOp> module;
  Signature signature;
  CpuTarget target;
  bool strict;
  int level;
  StageOptions stages;
  std::mutex making;
  std::optional<Program> whole, state, step;
  std::string hash, report, reasonAgainstState;
  std::deque<std::string> names; // stay where they are
  std::vector<strand_entry> entries;

  ProgramOptions options() const { return {target, stages, {level}}; }

  strand_error *makeForms() {
    Diagnostics diagnostics(*context);
    ProgramForm forms[] = {{Form::State, stages.form}, {Form::Step, stages.form}};
    auto made = Program::compile(*module, signature, forms, options());
    if (!made)
      return compileFailure(made.takeError(), diagnostics.text());
    state.emplace(std::move(made->front().front()));
    step.emplace(std::move(made->back().front()));
    return nullptr;
  }

  static bool isStep(const CodeCall &c) {
    for (int64_t b = 0; b < c.sequences; ++b)
      if (c.offsets[b + 1] - c.offsets[b] > 1)
        return false;
    return true;
  }

  /// A function that cannot carry state is still good for whole sequences.
  void findStates() {
    Diagnostics diagnostics(*context);
    auto carried = Program::carriedBy(*module, signature, target);
    if (!carried) {
      std::unique_ptr<strand_error> error(compileFailure(carried.takeError(), diagnostics.text()));
      reasonAgainstState = error->message;
      return;
    }
    for (const CarriedValue &v : *carried) {
      std::optional<strand_type> type = abiTypeOf(v.type.getElementType());
      auto item = v.type.getShape().drop_front(v.cache ? 2 : 1);
      if (!type || item.size() > STRAND_MAX_RANK) {
        reasonAgainstState = v.name + " has a type that the schema of states cannot say";
        entries.clear();
        return;
      }
      strand_entry e{names.emplace_back(v.name).c_str(),
                     0,
                     ShapedType::getNumElements(item) * bytesOf(*type),
                     *type,
                     v.cache   ? STRAND_CACHE
                     : v.count ? STRAND_COUNT
                               : STRAND_FIXED,
                     v.initial,
                     int64_t(item.size()),
                     {}};
      for (unsigned d = 0; d < STRAND_MAX_RANK; ++d)
        e.shape[d] = d < item.size() ? item[d] : 1;
      entries.push_back(e);
    }
  }

  strand_value describe(RankedTensorType type, strand_value_kind kind, StringRef name) {
    ArrayRef<int64_t> shape = type.getShape().drop_front(kind == STRAND_VALUE_ROWS ? 1 : 0);
    strand_value v{names.emplace_back(name).c_str(), kind, elementOf(type.getElementType()), int64_t(shape.size()), {}};
    llvm::copy(shape, v.shape);
    return v;
  }

  void describe() {
    auto f = module->lookupSymbol<func::FuncOp>(signature.name);
    for (auto [i, a] : llvm::enumerate(signature.arguments)) {
      if (a.kind == ArgumentKind::Offsets)
        continue;
      auto given = f.getArgAttrOfType<StringAttr>(i, "strand.name");
      in.push_back(describe(a.type, a.kind == ArgumentKind::Rows ? STRAND_VALUE_ROWS : STRAND_VALUE_PARAMETER,
                            given ? given.str() : "input" + std::to_string(in.size())));
    }
    for (auto [i, r] : llvm::enumerate(signature.results)) {
      auto given = f.getResultAttrOfType<StringAttr>(i, "strand.name");
      out.push_back(describe(r, STRAND_VALUE_ROWS, given ? given.str() : "output" + std::to_string(i)));
    }
    hash = modelHash(*isolate(*module, signature.name), WeightSource(), stages.reproducible);
    facts = {STRAND_ABI_VERSION,
             0,
             0,
             int64_t(entries.size()),
             0,
             0,
             entries.data(),
             nullptr,
             hash.c_str(),
             "",
             target.cpu_features.c_str(),
             report.c_str()};
  }
};

Error checkRanks(const Signature &s) {
  auto check = [](RankedTensorType t) {
    return t.getRank() <= STRAND_MAX_RANK
               ? Error::success()
               : llvm::createStringError("an argument or result has rank " + llvm::Twine(t.getRank()) +
                                         "; the limit is " + llvm::Twine(STRAND_MAX_RANK));
  };
  Error errors = Error::success();
  for (const Argument &a : s.arguments)
    errors = llvm::joinErrors(std::move(errors), check(a.type));
  for (RankedTensorType t : s.results)
    errors = llvm::joinErrors(std::move(errors), check(t));
  return errors;
}
} // namespace

Expected<std::shared_ptr<Code>> strand::makeFunctionCode(std::shared_ptr<MLIRContext> context,
                                                         const CompileOptions &options, OwningOpRef<ModuleOp> module,
                                                         StringRef function) {
  FailureOr<Signature> signature = readSignature(module->lookupSymbol<func::FuncOp>(function), /*drawn=*/false);
  if (failed(signature))
    return llvm::make_error<AlreadyReported>();
  if (Error e = checkRanks(*signature))
    return std::move(e);
  auto target = cpuTarget(options.cpu, options.triple);
  if (!target)
    return target.takeError();
  auto code = std::make_shared<FunctionCode>(std::move(context), std::move(module), std::move(*signature),
                                             std::move(*target), options);
  if (Error e = code->create())
    return std::move(e);
  return code;
}
