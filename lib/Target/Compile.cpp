// read -> stages on MLIR -> code, weights -> link. The output stands under another name until it is complete.
#include "lib/Target/Compile.h"
#include "lib/Pipelines/Run.h"
#include "lib/Pipelines/Stages.h"
#include "lib/Target/Clock.h"
#include "lib/Target/Errors.h"
#include "lib/Target/Header.h"
#include "lib/Target/Input.h"
#include "lib/Target/Link.h"
#include "lib/Target/PendingFile.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
using namespace mlir;
using namespace strand;
using llvm::createStringError;
using llvm::Error;
using llvm::make_error;
namespace {

class Compilation {
public:
  Compilation(MLIRContext &context, const CompileOptions &options, StringRef program, CompileReport &report)
      : context(context), o(options), program(program), report(report), clock(report.times),
        errors(&context, [this](Diagnostic &d) {
          reported |= d.getSeverity() == DiagnosticSeverity::Error;
          return failure(); // the next handler prints it
        }) {}

  Error run();
  Error lower(Input &model, PlacedWeights &placed);

private:
  MLIRContext &context;
  const CompileOptions &o;
  StringRef program;
  CompileReport &report;
  Clock clock;
  bool reported = false;
  ScopedDiagnosticHandler errors;
  Input input;
  std::optional<PlacedWeights> weights; // known while @advance is a func.func
  std::optional<ModelFacts> facts;
  std::optional<GpuTarget> gpu;   // none: the model runs on the CPU
  std::optional<PendingFile> out; // none: standard output

  Error begin();
  Error runStages();
  Error runStage(unsigned number, const Stage &stage);
  Error afterModel();
  Error seal();
  Error observe();

  bool needsCode() const {
    return o.emit != Emit::Mlir && o.emit != Emit::Header && o.emit != Emit::Weights && !isImage();
  }
  bool isImage() const { return o.emit == Emit::Ptx || o.emit == Emit::Cubin; }
  bool needsWeights() const {
    return o.emit == Emit::Exe || o.emit == Emit::Shared || o.emit == Emit::Static || o.emit == Emit::Obj ||
           o.emit == Emit::Weights;
  }
  StringRef lastStage() const { // empty: all
    return !o.stopAfter.empty()                  ? StringRef(o.stopAfter)
           : needsCode() || o.emit == Emit::Mlir ? ""
           : isImage()                           ? "device"
                                                 : "buffers";
  }

  Error writeText(llvm::raw_ostream &out);
  Error write();
  CodeOptions codeOptions() const { return {o.level, o.prefix, /*inParts=*/true, /*contracts=*/!o.reproducible}; }
  Error writeCode(CodeText kind, llvm::raw_pwrite_stream &out);
  Error unlessReported(Error e);
  Error writeSideFile();
  Error writeObjects();
  Error withSideFile(ArrayRef<std::string> code);
  Error withWeights(ArrayRef<std::string> code);
  Error withWeightObject(ArrayRef<std::string> code, const WeightObjectOptions &options);
  Error combine(ArrayRef<std::string> objects);
};

Error Compilation::begin() {
  auto target = cpuTarget(o.cpu, o.triple);
  if (!target)
    return target.takeError();
  report.target = std::move(*target);
  if (!o.chips.empty()) {
    auto chips = gpuTarget(o.chips, o.emit == Emit::Ptx, o.emit == Emit::Cubin);
    if (!chips)
      return chips.takeError();
    gpu = std::move(*chips);
  }
  report.input = o.input;
  return Error::success();
}

Error Compilation::run() {
  if (Error e = begin())
    return e;
  report.output = o.output;
  bool host =
      llvm::Triple(report.target.triple).getArch() == llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArch();
  if ((o.emit == Emit::Exe || o.emit == Emit::Shared) && !host && (o.linker.empty() || o.runtime.empty()))
    return createStringError("linking for " + report.target.triple + " needs a C compiler for it (--linker=) and the " +
                             "run-time libraries built by it (--runtime-dir=); --emit=obj and static do not");
  clock.lap("targets");
  if (o.output != "-") { // before the work, not after it
    auto file = PendingFile::create(o.output);
    if (!file)
      return file.takeError();
    out.emplace(std::move(*file));
  }
  if (Error e = readInput(context, o.input, o.weights, input))
    return e;
  clock.lap("read");
  if (Error e = runStages())
    return e;
  return write();
}

Error Compilation::lower(Input &model, PlacedWeights &placed) {
  if (Error e = begin())
    return e;
  if (!model.module)
    if (Error e = readInput(context, o.input, o.weights, model))
      return e;
  clock.lap("read");
  input = std::move(model);
  if (Error e = runStages())
    return e;
  if (!weights)
    return createStringError("'" + o.input + "' defines neither @forward nor @advance, so it is no model");
  placed = std::move(*weights);
  model = std::move(input);
  return Error::success();
}

// ---- stages ----

Error Compilation::runStages() {
  if (!o.saveStages.empty())
    if (auto code = llvm::sys::fs::create_directories(o.saveStages))
      return createStringError("cannot make the folder '" + o.saveStages + "': " + code.message());
  for (auto [i, stage] :
       llvm::enumerate(stages(report.target, {o.prefix, o.form, o.reproducible, o.narrowRows, gpu}))) {
    if (Error e = runStage(i, stage))
      return e;
    if (stage.name == lastStage())
      break;
  }
  return Error::success();
}

Error Compilation::runStage(unsigned number, const Stage &stage) {
  if (StringRef(stage.passes).contains("strand-c-interface"))
    if (Error e = seal())
      return e;
  if (Error e = runPasses(*input.module, stage.passes, "stage " + Twine(stage.name)))
    return e;
  clock.lap(std::string("stage ") + stage.name);
  if (number == 0)
    if (Error e = afterModel())
      return e;
  if (Error e = observe())
    return e;
  if (o.saveStages.empty())
    return Error::success();
  SmallString<128> path(o.saveStages);
  llvm::sys::path::append(path, llvm::formatv("{0,0+2}-{1}.mlir", number, stage.name).str());
  auto file = PendingFile::create(path);
  if (!file)
    return file.takeError();
  input.module->print(file->stream());
  clock.lap("saving");
  return file->commit();
}

/// The hash is of the model alone, so it is taken before anything of the target is in the module.
Error Compilation::afterModel() {
  if (!input.weightsName.empty() && !checkWeights(input))
    return make_error<AlreadyReported>();
  report.hash = modelHash(*input.module, input.weights, o.reproducible);
  auto set = [&](StringRef name, StringRef value) {
    input.module.get()->setAttr(name, StringAttr::get(&context, value));
  };
  set("strand.hash", report.hash);
  set("strand.cpu_features", report.target.cpu_features);
  clock.lap("hash");
  return Error::success();
}

/// Reads the passes' report, and gives it the form that the schema takes.
Error Compilation::seal() {
  report.ops = reportOf(*input.module);
  sealReport(*input.module, report.ops);
  return o.strict ? refuseFallbacks(report.ops) : Error::success();
}

/// Keeps what @advance shows, for as long as there is one.
Error Compilation::observe() {
  std::optional<ModelFacts> now = factsOf(*input.module);
  if (!now)
    return Error::success();
  facts = std::move(now);
  if (!needsWeights())
    return Error::success();
  auto placed = placeWeights(*input.module, input);
  if (!placed)
    return placed.takeError();
  weights = std::move(*placed);
  report.weightBytes = blockBytes(*weights);
  return Error::success();
}

// ---- output ----

Error Compilation::writeText(llvm::raw_ostream &out) {
  if (o.emit == Emit::Mlir) {
    input.module->print(out);
  } else if (isImage()) {
    auto image = imageOf(*input.module);
    if (!image)
      return image.takeError();
    out << *image;
  } else {
    if (!facts)
      return createStringError("'" + o.input +
                               "' defines neither @forward nor @advance, so there is nothing to declare");
    writeHeader(*facts, o.prefix, out);
  }
  return Error::success();
}

Error Compilation::writeCode(CodeText kind, llvm::raw_pwrite_stream &out) {
  uint64_t begin = out.tell();
  Error e = emitText(*input.module, report.target, codeOptions(), kind, out, report.times);
  clock.skip();
  report.codeBytes = out.tell() - begin;
  return unlessReported(std::move(e));
}

/// Errors that a diagnostic has told are not told again.
Error Compilation::unlessReported(Error e) {
  if (!e || !reported)
    return e;
  llvm::consumeError(std::move(e));
  return make_error<AlreadyReported>();
}

Error Compilation::write() {
  CodeText kind = o.emit == Emit::Llvm ? CodeText::Llvm : CodeText::Assembly;
  bool text = o.emit == Emit::Mlir || o.emit == Emit::Header || isImage(),
       code = o.emit == Emit::Llvm || o.emit == Emit::Asm;
  if (!out) {
    SmallString<0> buffer;
    llvm::raw_svector_ostream stream(buffer);
    Error e = text ? writeText(stream) : writeCode(kind, stream);
    if (!e)
      llvm::outs() << buffer;
    return e;
  }
  Error e = text                       ? writeText(out->stream())
            : code                     ? writeCode(kind, out->stream())
            : o.emit == Emit::Weights ? writeSideFile()
                                       : writeObjects();
  return e ? std::move(e) : out->commit();
}

Error Compilation::writeSideFile() {
  if (!weights)
    return createStringError("'" + o.input + "' defines neither @forward nor @advance, so it reads no weights");
  writeBlock(*weights, out->stream());
  clock.lap("weights");
  return Error::success();
}

Error Compilation::writeObjects() {
  if (o.emit == Emit::Exe && !weights)
    return createStringError("'" + o.input + "' defines neither @forward nor @advance, so there is no program to run");
  if (Error e = out->close()) // other programs write it from here on
    return e;
  auto objects = emitObjects(*input.module, report.target, codeOptions(), report.times);
  clock.skip();
  if (!objects)
    return unlessReported(objects.takeError());
  std::vector<PendingFile> files;
  std::vector<std::string> code;
  for (auto [i, object] : llvm::enumerate(*objects)) {
    auto file = PendingFile::create(o.output + ".code" + std::to_string(i) + ".o");
    if (!file)
      return file.takeError();
    file->stream() << StringRef(object.data(), object.size());
    report.codeBytes += object.size();
    if (Error e = file->close())
      return e;
    code.push_back(file->path());
    files.push_back(std::move(*file));
  }
  if (!weights)
    return combine(code);
  return o.externalWeights ? withSideFile(code) : withWeights(code);
}

Error Compilation::withSideFile(ArrayRef<std::string> code) {
  auto side = PendingFile::create(o.output + ".weights");
  if (!side)
    return side.takeError();
  writeBlock(*weights, side->stream());
  clock.lap("weights");
  if (Error e = combine(code))
    return e;
  return side->commit();
}

/// Weights are put in after linking where that can be done; otherwise the linker copies them.
Error Compilation::withWeights(ArrayRef<std::string> code) {
  WeightObjectOptions options{o.prefix, report.target.isX86(), /*empty=*/true, o.emit == Emit::Shared};
  if (o.emit == Emit::Exe || o.emit == Emit::Shared) {
    if (Error e = withWeightObject(code, options))
      return e;
    auto filled = fillWeights(*weights, out->path());
    clock.lap("weights");
    if (!filled || *filled)
      return filled ? Error::success() : filled.takeError();
  }
  options.empty = false;
  return withWeightObject(code, options);
}

Error Compilation::withWeightObject(ArrayRef<std::string> code, const WeightObjectOptions &options) {
  auto data = PendingFile::create(o.output + ".weights.o");
  if (!data)
    return data.takeError();
  writeWeightObject(*weights, options, data->stream());
  if (Error e = data->close())
    return e;
  clock.lap("weight object");
  std::vector<std::string> objects(code);
  objects.push_back(data->path());
  return combine(objects);
}

/// Objects to one file of the kind that is asked for.
Error Compilation::combine(ArrayRef<std::string> objects) {
  if (o.emit == Emit::Static) {
    std::vector<std::string> names;
    for (size_t i = 0; i < objects.size(); ++i)
      names.push_back(o.prefix + (i ? std::to_string(i) : "") + ".o");
    if (weights && !o.externalWeights)
      names.back() = o.prefix + "_weights.o";
    return writeStaticLibrary(objects, names, out->path());
  }
  auto linker = findLinker(o.linker);
  if (!linker)
    return linker.takeError();
  report.linker = linker->describe();
  LinkJob job{LinkKind::Object, objects, o.runtime, o.prefix, "", o.externalWeights, gpu.has_value()};
  if (o.emit != Emit::Obj) {
    job.kind = o.emit == Emit::Exe ? LinkKind::Executable : LinkKind::Shared;
    job.soname = llvm::sys::path::filename(o.output);
    if (job.runtime.empty()) {
      auto runtime = findRuntime(program);
      if (!runtime)
        return runtime.takeError();
      job.runtime = *runtime;
    }
  }
  Error e = link(*linker, job, out->path());
  clock.lap("link");
  return e;
}
} // namespace

Error strand::compile(MLIRContext &context, const CompileOptions &options, StringRef program, CompileReport &report) {
  return Compilation(context, options, program, report).run();
}

Error strand::lowerModel(MLIRContext &context, const CompileOptions &options, Input &input, PlacedWeights &weights,
                         CompileReport &report) {
  return Compilation(context, options, "", report).lower(input, weights);
}
