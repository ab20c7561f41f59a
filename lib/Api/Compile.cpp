// Contexts, compiling, and what a model says of itself.
#include "lib/Api/Code.h"
#include "lib/Api/Diagnostics.h"
#include "lib/Driver/Options.h"
#include "lib/Passes.h"
#include "lib/Runtime/Runtime.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Parallel.h"
using namespace mlir;
using namespace strand;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
namespace {

Threads startThreads(int32_t count) { return Threads(strand_rt_create(count), strand_rt_destroy); }

/// Of a caller that passes no context. Never freed: threads are not joined while the process ends.
const strand_context &defaults() {
  static const strand_context &context = *new strand_context{{}, startThreads(0)};
  return context;
}

/// Functions that are models: over whole sequences, and with its state threaded through already.
constexpr const char *modelNames[] = {"forward", "advance"};

/// The name of the function to compile.
Expected<std::string> chooseFunction(ModuleOp module, StringRef asked) {
  if (!asked.empty()) {
    auto f = module.lookupSymbol<func::FuncOp>(asked);
    return f ? Expected<std::string>(asked.str()) : createStringError("the module has no function @" + asked);
  }
  for (const char *model : modelNames)
    if (module.lookupSymbol<func::FuncOp>(model))
      return model;
  std::string names, last;
  int count = 0;
  for (auto f : module.getOps<func::FuncOp>())
    if (f.isPublic() && !f.isDeclaration()) {
      last = f.getName();
      names += (count++ ? ", @" : "@") + last;
    }
  if (count == 1)
    return last;
  return createStringError(count ? "the module has no @forward and several public functions; name one of " + names
                                 : "the module has no public function");
}

Error read(MLIRContext &context, const CodeSource &source, Input &input) {
  if (!source.path.empty())
    return readInput(context, source.path, source.weights, input);
  if (!source.weights.empty())
    if (Error e = readWeights(source.weights, input))
      return e;
  input.module = parseSourceString<ModuleOp>(source.text, &context, source.name);
  return input.module ? Error::success() : llvm::make_error<AlreadyReported>();
}

Expected<std::shared_ptr<Code>> make(std::shared_ptr<MLIRContext> context, const CodeSource &source,
                                     const CompileOptions &options) {
  Input input;
  if (Error e = read(*context, source, input))
    return std::move(e);
  auto function = chooseFunction(*input.module, source.function);
  if (!function)
    return function.takeError();
  if (llvm::is_contained(modelNames, *function))
    return makeModelCode(*context, options, input);
  if (!source.weights.empty())
    return createStringError("@" + *function + " is a function over rows, which takes weights as arguments; '" +
                             source.weights + "' would not be read");
  return makeFunctionCode(std::move(context), options, std::move(input.module), *function);
}

strand_error *compileInto(const strand_context *context, const CodeSource &source, strand_model **model) {
  return survived([&]() -> strand_error * {
    const strand_context &c = context ? *context : defaults();
    std::shared_ptr<Code> code;
    if (strand_error *e = makeCode(source, c.options, c.threads, code))
      return e;
    *model = new strand_model{std::move(code)};
    return nullptr;
  });
}
} // namespace

strand_error *strand::makeCode(const CodeSource &source, CompileOptions options, Threads threads,
                               std::shared_ptr<Code> &code) {
  // One thread compiles: no threads are left behind that a fork of the process would lack.
  static const bool once = (llvm::parallel::strategy = llvm::hardware_concurrency(1), true);
  (void)once;
  DialectRegistry registry;
  registerEverything(registry);
  auto context = std::make_shared<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadDialect<bufferization::BufferizationDialect>(); // forms of functions are written with it
  context->printOpOnDiagnostic(false);
  options.input = source.path.empty() ? source.name : source.path;
  Diagnostics diagnostics(*context);
  auto made = make(context, source, options);
  if (!made)
    return compileFailure(made.takeError(), diagnostics.text());
  code = std::move(*made);
  code->threads = std::move(threads);
  return nullptr;
}

extern "C" {

strand_error *strand_context_create(const char *const *options, int64_t count, strand_context **context) {
  return guarded([&]() -> strand_error * {
    if (!context || count < 0 || (count && !options))
      return wrong("strand_context_create: {0} is missing", context ? "options" : "context");
    strand_context made;
    SmallVector<const char *> rest;
    int32_t threads = 0;
    for (int64_t i = 0; i < count; ++i) {
      StringRef word = options[i];
      if (!word.consume_front("--threads="))
        rest.push_back(options[i]);
      else if (word.getAsInteger(10, threads) || threads < 0)
        return wrong("option --threads: '{0}' is not a number from 0", word);
    }
    if (Error e = parseCodeOptions(rest, made.options))
      return failure(STRAND_FAILED_ARGUMENT, llvm::toString(std::move(e)));
    auto target = cpuTarget(made.options.cpu);
    if (!target)
      return failure(STRAND_FAILED_ARGUMENT, llvm::toString(target.takeError()));
    made.threads = startThreads(threads);
    if (!made.threads)
      return failure(STRAND_FAILED_MEMORY, "no memory for threads");
    *context = new strand_context(std::move(made));
    return nullptr;
  });
}

strand_error *strand_context_use_pool(strand_context *context, int32_t threads, strand_run_tasks *run, void *pool) {
  return guarded([&]() -> strand_error * {
    if (!context || !run)
      return wrong("strand_context_use_pool: {0} is missing", context ? "run" : "context");
    if (threads < 1)
      return wrong("a pool of {0} threads; at least 1 is needed", threads);
    Threads made(strand_rt_create_over(threads, run, pool), strand_rt_destroy);
    if (!made)
      return failure(STRAND_FAILED_MEMORY, "no memory for threads");
    context->threads = std::move(made);
    return nullptr;
  });
}

void strand_context_free(strand_context *context) { delete context; }

strand_error *strand_compile_file(const strand_context *context, const char *path, const char *weights,
                                  const char *function, strand_model **model) {
  if (!path || !model)
    return wrong("strand_compile_file: {0} is missing", path ? "model" : "path");
  return compileInto(context, {path, "", "", weights ? weights : "", function ? function : ""}, model);
}

strand_error *strand_compile_text(const strand_context *context, const char *text, int64_t length, const char *name,
                                  const char *weights, const char *function, strand_model **model) {
  if (!text || !model || length < 0)
    return wrong("strand_compile_text: {0}", !text   ? "text is missing"
                                             : model ? "length is negative"
                                                     : "model is missing");
  std::string copy(text, length); // the parser wants a zero behind it
  return compileInto(context, {"", copy, name ? name : "text", weights ? weights : "", function ? function : ""},
                     model);
}

void strand_model_free(strand_model *model) { delete model; }

const strand_schema *strand_model_schema(const strand_model *model) { return &model->code->schema(); }
int64_t strand_model_inputs(const strand_model *model) { return model->code->inputs().size(); }
int64_t strand_model_outputs(const strand_model *model) { return model->code->outputs().size(); }

const strand_value *strand_model_input(const strand_model *model, int64_t number) {
  auto all = model->code->inputs();
  return number >= 0 && number < int64_t(all.size()) ? &all[number] : nullptr;
}
const strand_value *strand_model_output(const strand_model *model, int64_t number) {
  auto all = model->code->outputs();
  return number >= 0 && number < int64_t(all.size()) ? &all[number] : nullptr;
}
}
