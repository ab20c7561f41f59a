// One table of options: parsing, --help and the messages come from it.
#include "lib/Driver/Options.h"
#include "lib/Lowering/CostModel.h"
#include "lib/Pipelines/Stages.h"
#include "lib/Target/Link.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
using namespace llvm;
using namespace strand;
namespace {

/// Takes an option's value; answers what is wrong with it, or nothing.
using Setter = std::string (*)(DriverOptions &, StringRef value);

struct Option {
  StringRef name;
  StringRef value; // what --help calls it; empty: the option takes none; in brackets: it may be left out
  StringRef what;
  Setter set;
};

struct Kind {
  StringRef name, what;
  Emit emit;
};
constexpr Kind kinds[] = {{"exe", "program with the commands generate, score, logits, bench, info", Emit::Exe},
                          {"shared", "shared library", Emit::Shared},
                          {"static", "static library", Emit::Static},
                          {"obj", "object file", Emit::Obj},
                          {"weights", "weights as the code reads them, as a side file", Emit::Weights},
                          {"header", "C header", Emit::Header},
                          {"mlir", "module after the last stage", Emit::Mlir},
                          {"llvm", "LLVM IR, optimised", Emit::Llvm},
                          {"asm", "assembly", Emit::Asm},
                          {"ptx", "the kernels for a GPU, as PTX", Emit::Ptx},
                          {"cubin", "the kernels for a GPU, as machine code", Emit::Cubin}};

constexpr StringRef defaultChips = "sm_90a";

/// Those of the CPU, and what a GPU has beside them, in the order in which they run.
std::vector<Stage> stagesForHelp() {
  std::vector<Stage> all = stages(CpuTarget());
  StageOptions gpu;
  gpu.gpu.emplace();
  for (Stage &s : stages(CpuTarget(), gpu))
    if (none_of(all, [&](const Stage &known) { return StringRef(known.name) == s.name; }))
      all.insert(std::prev(all.end()), s);
  return all;
}

std::string oneOf(StringRef value, ArrayRef<StringRef> names) {
  return "'" + value.str() + "' is none of " + join(names, ", ");
}

std::string setEmit(DriverOptions &o, StringRef v) {
  SmallVector<StringRef> names;
  for (const Kind &k : kinds) {
    names.push_back(k.name);
    if (k.name == v)
      return o.compile.emit = k.emit, "";
  }
  return oneOf(v, names);
}

std::string setStage(DriverOptions &o, StringRef v) {
  std::vector<Stage> all = stagesForHelp();
  SmallVector<StringRef> names;
  for (const Stage &s : all)
    names.push_back(s.name);
  o.compile.stopAfter = v;
  o.compile.emit = Emit::Mlir;
  return is_contained(names, v) ? "" : oneOf(v, names);
}

std::string setLevel(DriverOptions &o, StringRef v) {
  return v.getAsInteger(10, o.compile.level) || o.compile.level < 0 || o.compile.level > 3
             ? oneOf(v, {"0", "1", "2", "3"})
             : "";
}

std::string setStorage(DriverOptions &o, StringRef v) {
  o.compile.externalWeights = v == "external";
  return v == "external" || v == "embedded" ? "" : oneOf(v, {"embedded", "external"});
}

std::string setPrefix(DriverOptions &o, StringRef v) {
  o.compile.prefix = v;
  bool word = !v.empty() && !isDigit(v[0]) && all_of(v, [](char c) { return isAlnum(c) || c == '_'; });
  return word ? "" : "'" + v.str() + "' cannot begin the name of a C function";
}

std::string setForm(DriverOptions &o, StringRef v) {
  o.compile.form = v;
  return is_contained(chunkForms(), v) ? "" : oneOf(v, chunkForms());
}

/// "nvptx" is no host: the program runs here, its kernels on a GPU.
std::string setTarget(DriverOptions &o, StringRef v) {
  if (v != "nvptx" && v != "nvptx64")
    o.compile.triple = v;
  else if (o.compile.chips.empty())
    o.compile.chips = defaultChips;
  return v.empty() ? "it is empty" : "";
}

std::string setRows(DriverOptions &o, StringRef v) {
  o.compile.narrowRows = v == "bf16";
  return v == "f32" || v == "bf16" ? "" : ("'" + v + "' is neither f32 nor bf16").str();
}

std::string setReport(DriverOptions &o, StringRef v) {
  (v.empty() ? (void)(o.report = true) : (void)(o.reportFile = v));
  return "";
}

template <std::string CompileOptions::*field> std::string setText(DriverOptions &o, StringRef v) {
  o.compile.*field = v;
  return v.empty() ? "it is empty" : "";
}

template <bool DriverOptions::*field> std::string setFlag(DriverOptions &o, StringRef) {
  o.*field = true;
  return "";
}

constexpr Option table[] = {
    {"-o", "FILE", "output; - is standard output, where text goes by default", setText<&CompileOptions::output>},
    {"--weights", "FILE", "safetensors file with the weights of a .mlir input", setText<&CompileOptions::weights>},
    {"--emit", "KIND", "what to write (below); exe by default", setEmit},
    {"--compile-to", "STAGE", "stop after a stage (below) and write the module", setStage},
    {"--save-stages", "FOLDER", "write the module after each stage, NN-stage.mlir",
     setText<&CompileOptions::saveStages>},
    {"--cpu", "NAME", "native (default), x86-64-v2, -v3, -v4 or a CPU's name, as in --cpu=znver4",
     setText<&CompileOptions::cpu>},
    {"--target", "TRIPLE", "compile for another machine, as in --target=aarch64-linux-gnu; nvptx: for an NVIDIA GPU",
     setTarget},
    {"--gpu-arch", "CHIPS",
     "compile for these NVIDIA GPUs, as in --gpu-arch=sm_90a,sm_80, one code for all; sm_90a by default",
     setText<&CompileOptions::chips>},
    {"--opt-level", "N", "effort of LLVM's optimiser, 0 to 3; 1 by default, which gives the speed of 3", setLevel},
    {"--weight-storage", "WHERE", "embedded in the output (default), or external: in the file OUTPUT.weights",
     setStorage},
    {"--prefix", "NAME", "what the C functions begin with; m by default", setPrefix},
    {"--form", "FORM", "how sequences are gone through: auto (default: by cost), step, chunk, three-phase, associative",
     setForm},
    {"--reproducible", "",
     "the same bits for any batch, cut and number of threads; rows go one by one, so prompts are slower",
     [](DriverOptions &o, StringRef) -> std::string { return o.compile.reproducible = true, ""; }},
    {"--rows", "TYPE", "f32 (default), or bf16: rows are rounded to it where they are multiplied; for GPUs", setRows},
    {"--strict", "", "an op without a fast form is an error",
     [](DriverOptions &o, StringRef) -> std::string { return o.compile.strict = true, ""; }},
    {"--report", "[FILE]", "what was chosen and how long it took: text on standard error, or JSON in a file",
     setReport},
    {"--linker", "COMPILER", "C compiler to link with", setText<&CompileOptions::linker>},
    {"--runtime-dir", "FOLDER", "where libstrand_rt.a and libstrand_main.a are", setText<&CompileOptions::runtime>},
    {"--verbose", "", "remarks and warnings of all passes", setFlag<&DriverOptions::verbose>},
    {"--version", "", "version of strandc and of LLVM", setFlag<&DriverOptions::version>},
    {"--help", "", "this text", setFlag<&DriverOptions::help>},
};

Error usage(const Twine &text) { return createStringError(text); }

/// Reads the option at args[i], whose value may be args[i + 1]; i is then on the last word that was used.
Error parseOption(ArrayRef<const char *> args, size_t &i, DriverOptions &o) {
  auto [name, value] = StringRef(args[i]).split('=');
  bool hasValue = StringRef(args[i]).contains('=');
  const Option *option = find_if(table, [&](const Option &t) { return t.name == name; });
  if (option == std::end(table))
    return usage("unknown option '" + name + "'; --help lists them");
  if (option->value.empty() && hasValue)
    return usage("option " + name + " takes no value");
  if (!option->value.empty() && !hasValue && option->value[0] != '[') {
    if (i + 1 == args.size())
      return usage("option " + name + " wants a value: " + option->value);
    value = args[++i];
  }
  std::string problem = option->set(o, value);
  return problem.empty() ? Error::success() : usage("option " + name + ": " + problem);
}

/// What can be told only when all options are known.
Error complete(DriverOptions &o) {
  CompileOptions &c = o.compile;
  if (o.help || o.version)
    return Error::success();
  if (c.input.empty())
    return usage("no input: name a checkpoint folder or a .mlir file");
  if (c.reproducible && c.form != "auto" && c.form != "step")
    return usage("--reproducible pins the form step; it cannot be joined with --form=" + c.form);
  if (c.reproducible && !c.chips.empty())
    return usage("--reproducible is a promise of CPUs; it cannot be joined with --target=nvptx");
  if (c.narrowRows && c.chips.empty())
    return usage("--rows=bf16 is for GPUs; add --target=nvptx");
  bool text = c.emit == Emit::Mlir || c.emit == Emit::Llvm || c.emit == Emit::Asm || c.emit == Emit::Header ||
              c.emit == Emit::Ptx;
  if (c.chips.empty() && (c.emit == Emit::Ptx || c.emit == Emit::Cubin))
    return usage("--emit=ptx and cubin are of a GPU; add --target=nvptx or --gpu-arch=");
  if (!c.stopAfter.empty() && c.emit != Emit::Mlir)
    return usage("--compile-to writes a module; it cannot be joined with another --emit");
  if (c.output.empty() && text)
    c.output = "-";
  if (c.output.empty() || (c.output == "-" && !text))
    return usage("no output: name a file with -o");
  return Error::success();
}
} // namespace

Expected<DriverOptions> strand::parseCommandLine(ArrayRef<const char *> args) {
  DriverOptions o;
  for (size_t i = 0; i < args.size(); ++i) {
    StringRef word = args[i];
    if (word.starts_with("-") && word != "-") {
      if (Error e = parseOption(args, i, o))
        return std::move(e);
    } else if (o.compile.input.empty()) {
      o.compile.input = word;
    } else {
      return usage("more than one input: '" + o.compile.input + "' and '" + word + "'");
    }
  }
  if (Error e = complete(o))
    return std::move(e);
  return o;
}

Error strand::parseCodeOptions(ArrayRef<const char *> args, CompileOptions &options) {
  constexpr StringRef names[] = {"--cpu", "--opt-level", "--form", "--reproducible", "--strict"};
  DriverOptions o;
  o.compile = std::move(options);
  for (size_t i = 0; i < args.size(); ++i) {
    if (!is_contained(names, StringRef(args[i]).split('=').first))
      return usage("option " + oneOf(args[i], names));
    if (Error e = parseOption(args, i, o))
      return e;
  }
  options = std::move(o.compile);
  return Error::success();
}

void strand::printHelp(StringRef program, raw_ostream &out) {
  auto line = [&](const Twine &name, StringRef what) { out << "  " << left_justify(name.str(), 26) << what << "\n"; };
  out << "strandc INPUT -o OUTPUT [options]\n\n"
      << "Compiles a sequence model to a native program. INPUT is a checkpoint folder (config.json and safetensors) "
         "or\n"
      << "a module in the strand dialect.\n\nOptions\n";
  for (const Option &o : table) {
    StringRef name = o.value;
    bool optional = name.consume_front("[") && name.consume_back("]");
    StringRef equals = o.name == "-o" ? " " : "=";
    line(o.value.empty() ? o.name.str()
         : optional      ? (o.name + "[=" + name + "]").str()
                         : (o.name + equals + name).str(),
         o.what);
  }
  out << "\nKinds of --emit\n";
  for (const Kind &k : kinds)
    line(k.name, k.what);
  out << "\nStages\n";
  for (const Stage &s : stagesForHelp())
    line(s.name, s.what);
  out << "\nLinks with ";
  if (auto linker = findLinker())
    out << linker->describe() << "\n";
  else
    out << "nothing: " << toString(linker.takeError()) << "\n";
  out << "Run-time libraries: ";
  if (auto runtime = findRuntime(program))
    out << *runtime << "\n";
  else
    out << "none: " << toString(runtime.takeError()) << "\n";
  out << "\nExit codes: 0 done, 1 the input cannot be compiled, 2 usage, 70 a fault of the compiler\n";
}
