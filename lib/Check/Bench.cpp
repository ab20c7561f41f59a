// The tool strand-bench: how long a function over rows takes, as code that strandc would make.
#include "lib/Check/Bench.h"
#include "lib/Check/Inputs.h"
#include "lib/Check/Npy.h"
#include "lib/Check/Program.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Passes.h"
#include "lib/Target/Errors.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include <chrono>
#include <cmath>
using namespace mlir;
using namespace strand;
namespace cl = llvm::cl;
using llvm::Error;
using llvm::Expected;
namespace {
using Bytes = std::vector<char>;

struct Options {
  std::string file, function, inputs, reference, state;
  bool step;
  int64_t rows, sequences, threads, vectorBits;
  double seconds;
  StageOptions stages;
};

/// 64-byte aligned, touched.
struct Buffer {
  explicit Buffer(int64_t bytes) : room(bytes + 64) {}
  char *data() { return room.data() + (-reinterpret_cast<uintptr_t>(room.data()) & 63); }
  size_t size() const { return room.size() - 64; }
  Bytes room;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int64_t bytesOf(RankedTensorType type, int64_t rows) {
  int64_t n = type.hasStaticShape() ? type.getNumElements() : itemSize(type) * rows;
  return n * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// One run of a function on inputs that stay where they are.
class Case {
public:
  Case(const Options &o, const Signature &s) : o(o), signature(s) {}

  Error fill(func::FuncOp f) {
    for (auto [i, a] : llvm::enumerate(signature.arguments)) {
      auto file = f.getArgAttrOfType<StringAttr>(i, "bench.input");
      Error e = a.kind == ArgumentKind::Offsets ? fillOffsets()
                : file && !o.inputs.empty()     ? read(file, a)
                                                : draw(i, a);
      if (e)
        return e;
    }
    for (RankedTensorType r : signature.results)
      results.emplace_back(bytesOf(r, o.rows));
    return Error::success();
  }

  /// A slot for each sequence, in order.
  Error fillStates(ArrayRef<CarriedValue> carried) {
    for (const CarriedValue &v : carried) {
      if (v.cache)
        return llvm::createStringError("--step: state '" + v.name + "' grows by a row a call, and calls are repeated");
      Type element = v.type.getElementType();
      int64_t n = o.sequences * v.slotSize(/*cacheRows=*/0);
      Buffer b(n * bytesOfElement(element));
      if (o.state.empty())
        writeElements(element, std::vector<double>(n, v.initial), b.data());
      else if (carried.size() > 1)
        return llvm::createStringError("--state: the function carries " + Twine(carried.size()) + " states, not one");
      else if (Error e = readFile(o.state, b))
        return e;
      states.push_back(std::move(b));
    }
    slots = Buffer(4 * o.sequences);
    for (int32_t s = 0; s < o.sequences; ++s)
      memcpy(slots.data() + 4 * s, &s, 4);
    return Error::success();
  }

  /// Its `err` is that of the first call: others may begin at other states.
  Expected<llvm::json::Object> measure(const Program &program, strand_rt_ctx *threads) {
    Buffer scratch(program.scratchBytes(o.rows, o.sequences));
    auto pointers = [](std::vector<Buffer> &of) {
      return llvm::map_to_vector(of, [](Buffer &b) -> void * { return b.data(); });
    };
    SmallVector<void *> in = pointers(arguments), out = pointers(results), state = pointers(states);
    Program::Call call{threads, o.rows, o.sequences, o.sequences, 0, in, out, state, slots.data(), scratch.data()};
    program.run(call);
    std::optional<double> err;
    if (!o.reference.empty()) {
      auto found = error();
      if (!found)
        return found.takeError();
      err = *found;
    }
    std::vector<double> times;
    double begin = now();
    for (program.run(call); times.size() < 5 || now() - begin < o.seconds;) {
      double start = now();
      program.run(call);
      times.push_back((now() - start) * 1e3);
    }
    llvm::sort(times);
    llvm::json::Object row{
        {"ms_min", times.front()}, {"ms_median", times[times.size() / 2]}, {"repetitions", int64_t(times.size())}};
    if (err)
      row["err"] = *err;
    return row;
  }

private:

  /// Largest difference over the largest value.
  Expected<double> error() {
    auto want = readNpy(o.reference);
    if (!want)
      return want.takeError();
    int64_t n = bytesOf(signature.results[0], o.rows) / 4;
    if (want->element != "f4" || int64_t(want->bytes.size()) != 4 * n)
      return llvm::createStringError("'" + o.reference + "' does not hold the " + Twine(n) + " f32 of the result");
    auto *x = reinterpret_cast<const float *>(results[0].data()),
         *y = reinterpret_cast<const float *>(want->bytes.data());
    double worst = 0, largest = 0;
    for (int64_t i = 0; i < n; ++i) {
      double d = std::abs(double(x[i]) - y[i]);
      worst = d <= worst ? worst : d; // a NaN stays
      largest = std::max(largest, std::abs(double(y[i])));
    }
    return worst / largest;
  }
  Error fillOffsets() {
    Buffer b((o.sequences + 1) * 4);
    for (int64_t s = 0; s <= o.sequences; ++s) {
      int32_t at = o.rows * s / o.sequences;
      memcpy(b.data() + 4 * s, &at, 4);
    }
    arguments.push_back(std::move(b));
    return Error::success();
  }
  Error read(StringAttr name, const Argument &a) {
    arguments.emplace_back(bytesOf(a.type, o.rows));
    return readFile(name.getValue(), arguments.back());
  }
  /// All of `into` from <name>.npy.
  Error readFile(StringRef name, Buffer &into) {
    SmallString<128> path(o.inputs);
    llvm::sys::path::append(path, name + ".npy");
    auto array = readNpy(path);
    if (!array)
      return array.takeError();
    if (array->bytes.size() != into.size())
      return llvm::createStringError("'" + path + "' has " + Twine(array->bytes.size()) + " bytes; " +
                                     Twine(into.size()) + " are taken");
    memcpy(into.data(), array->bytes.data(), into.size());
    return Error::success();
  }
  Error draw(unsigned i, const Argument &a) {
    Random random(1, std::to_string(i));
    Buffer b(bytesOf(a.type, o.rows));
    std::vector<double> values(bytesOf(a.type, o.rows) / llvm::divideCeil(a.type.getElementTypeBitWidth(), 8));
    for (double &v : values)
      v = a.draw == Draw::Normal  ? random.normal()
          : a.draw == Draw::Gates ? -std::abs(random.normal())
          : a.draw == Draw::Bits  ? double(random.below(2))
                                  : random.uniform(a.lo, a.hi);
    writeElements(a.type.getElementType(), values, b.data());
    arguments.push_back(std::move(b));
    return Error::success();
  }

  const Options &o;
  const Signature &signature;
  std::vector<Buffer> arguments, results, states;
  Buffer slots{0};
};

Error bench(const Options &o) {
  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry);
  context.loadDialect<bufferization::BufferizationDialect>(); // Program writes with it
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(o.file, &context);
  if (!module)
    return llvm::make_error<AlreadyReported>();
  auto f = module->lookupSymbol<func::FuncOp>(o.function);
  if (!f)
    return llvm::createStringError("'" + o.file + "' has no function @" + o.function);
  OwningOpRef<ModuleOp> clean = module->clone();
  auto marked = clean->lookupSymbol<func::FuncOp>(o.function);
  for (unsigned i = 0; i < f.getNumArguments(); ++i)
    marked.removeArgAttr(i, "bench.input");
  FailureOr<Signature> signature = readSignature(marked);
  if (failed(signature))
    return llvm::make_error<AlreadyReported>();
  auto target = cpuTarget("native", "");
  if (!target)
    return target.takeError();
  if (o.vectorBits)
    target->vectorBits = o.vectorBits;
  double begin = now();
  ProgramForm form{o.step ? Form::Step : Form::Whole, o.stages.form};
  auto programs = Program::compile(*clean, *signature, form, {*target, o.stages});
  if (!programs)
    return programs.takeError();
  double compiled = now() - begin;
  Case c(o, *signature);
  if (Error e = c.fill(f))
    return e;
  const Program &program = programs->front().front();
  if (Error e = c.fillStates(program.states()))
    return e;
  strand_rt_ctx *threads = strand_rt_create(o.threads);
  auto row = c.measure(program, threads);
  strand_rt_destroy(threads);
  if (!row)
    return row.takeError();
  (*row)["peer"] = "strand";
  (*row)["compile_s"] = compiled;
  llvm::outs() << llvm::json::Value(std::move(*row)) << "\n";
  return Error::success();
}
} // namespace

int strand::benchMain(int argc, char **argv) {
  cl::OptionCategory category("strand-bench");
  cl::opt<std::string> file(cl::Positional, cl::Required, cl::desc("FILE.mlir"), cl::cat(category));
  cl::opt<std::string> function("function", cl::Required, cl::desc("the function to time"), cl::cat(category));
  cl::opt<std::string> inputs(
      "inputs", cl::desc("folder of <name>.npy for arguments marked bench.input = \"name\"; random without"),
      cl::cat(category));
  cl::opt<std::string> reference("reference", cl::desc("file .npy that result 0 is compared with"), cl::cat(category));
  cl::opt<bool> step("step", cl::desc("the form for one row of each sequence, whose states go on from call to call"),
                     cl::cat(category));
  cl::opt<std::string> state("state", cl::desc("<name>.npy of --inputs, which the state of --step begins at"),
                             cl::cat(category));
  cl::opt<int64_t> rows("rows", cl::init(2048), cl::desc("rows of all sequences together"), cl::cat(category));
  cl::opt<int64_t> sequences("sequences", cl::init(1), cl::desc("sequences, of equal length"), cl::cat(category));
  cl::opt<int64_t> threads("workers", cl::init(1), cl::desc("threads; 0: all processors"), cl::cat(category));
  cl::opt<int64_t> bits("vector-bits", cl::init(0), cl::desc("bits of a vector; 0: as the CPU has them"),
                        cl::cat(category));
  cl::opt<std::string> form("form", cl::init("auto"), cl::desc("as strandc --form takes it"), cl::cat(category));
  cl::opt<double> seconds("seconds", cl::init(0.7), cl::desc("seconds to repeat for"), cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "strand-bench: time of a function over rows, as one line of JSON\n");
  if (rows < 1 || sequences < 1 || sequences > rows) {
    llvm::errs() << "strand-bench: error: --rows and --sequences must be positive, with a row for each sequence\n";
    return 2;
  }
  if (step && rows != sequences) {
    llvm::errs() << "strand-bench: error: --step takes one row of each sequence, not " << rows << " rows of "
                 << sequences << " sequences\n";
    return 2;
  }
  Error e =
      bench({file, function, inputs, reference, state, step, rows, sequences, threads, bits, seconds, {"m", form}});
  if (!e)
    return 0;
  llvm::handleAllErrors(
      std::move(e), [](const AlreadyReported &) {},
      [](const llvm::ErrorInfoBase &info) { llvm::errs() << "strand-bench: error: " << info.message() << "\n"; });
  return 1;
}
