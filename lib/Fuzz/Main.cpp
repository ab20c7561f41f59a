// The tool strand-fuzz: random programs, each checked as strand-check does it, in processes of their own. What is wrong
// is written to a file, made smaller, and written again.
#include "lib/Fuzz/Main.h"
#include "lib/Check/Check.h"
#include "lib/Fuzz/Function.h"
#include "lib/Fuzz/Processes.h"
#include "lib/Fuzz/Reduce.h"
#include "lib/Passes.h"
#include "lib/Target/Errors.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <chrono>
using namespace mlir;
using namespace strand;
namespace cl = llvm::cl;
namespace {
enum { EXIT_RIGHT = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };

/// How one program is checked. Which inputs it gets, and how many rows, goes with its seed.
CheckOptions checkOf(uint64_t seed, bool reproducible) {
  static const int64_t rows[] = {40, 90, 150, 300};
  CheckOptions options;
  options.seed = seed;
  options.rows = rows[Random(seed, "rows").below(std::size(rows))];
  options.levels = {1, 0};
  options.bits = Random(seed, "bits").below(2) ? 512 : 256;
  options.plainFactor = 8;
  options.inParts = false; // programs share the processors
  options.quickly = Random(seed, "code").below(4) > 0; // what is ours ends at LLVM's IR
  options.reproducible = reproducible;
  return options;
}

/// The same on the command line of strand-check.
std::string commandOf(const CheckOptions &o) {
  std::string levels;
  for (int level : o.levels)
    levels += (levels.empty() ? "" : ",") + std::to_string(level);
  return llvm::formatv("strand-check --seed={0} --rows={1} --levels={2} --bits={3} --plain-factor={4}{5}{6}", o.seed,
                       o.rows, levels, o.bits, o.plainFactor, o.quickly ? " --quickly" : "",
                       o.reproducible ? " --reproducible" : "");
}

/// LLVM's code generator leaves out the two passes that take most and do nothing but make loops faster: one chooses
/// what addresses are counted by, one the order of instructions. The tests of lib/Check run with them.
void leaveOutOfCodeGeneration() {
  auto set = [](StringRef option, StringRef value) {
    if (cl::Option *o = cl::getRegisteredOptions().lookup(option))
      o->addOccurrence(0, option, value);
  };
  set("disable-lsr", "true");
  set("enable-misched", "false");
}

/// What is wrong with a program, or nothing.
std::string problemOf(StringRef text, const CheckOptions &options) {
  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  std::string problem;
  ScopedDiagnosticHandler errors(&context, [&](Diagnostic &d) {
    if (d.getSeverity() == DiagnosticSeverity::Error)
      problem += "error: " + d.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return "cannot be parsed: " + problem;
  auto report = checkModule(*module, options);
  if (!report)
    return problem + llvm::toString(report.takeError());
  for (const Finding &f : report->findings)
    problem += "form " + f.form + " is wrong: " + f.text + "\n";
  return problem;
}

/// What makes two problems the same: all but numbers.
std::string kindOf(StringRef problem) {
  std::string kind;
  for (char c : problem.split('\n').first)
    if (!isdigit(c))
      kind += c;
  return kind;
}

/// The same, found out in a process of its own.
std::string problemApart(StringRef text, const CheckOptions &options) {
  std::string problem;
  runInProcesses(
      1, {}, [&](int64_t) { return problemOf(text, options); },
      [&](int64_t, StringRef found) {
        problem = found.str();
        return true;
      });
  return problem;
}

/// With how to see what is wrong as comments in front.
void printProgram(llvm::raw_ostream &out, StringRef text, StringRef problem, const CheckOptions &options) {
  SmallVector<StringRef> lines;
  problem.rtrim().split(lines, '\n');
  out << "// " << commandOf(options) << "\n";
  for (StringRef line : lines)
    out << "// " << line << "\n";
  out << text;
}

void writeProgram(const std::string &path, StringRef text, StringRef problem, const CheckOptions &options) {
  std::error_code failed;
  llvm::raw_fd_ostream out(path, failed);
  if (failed)
    llvm::errs() << "strand-fuzz: error: " << path << ": " << failed.message() << "\n";
  else
    printProgram(out, text, problem, options);
}

struct Reduced {
  std::string text, problem;
};

/// The first form that a problem names, if it is one that can be asked for.
std::vector<std::string> formOf(StringRef problem) {
  auto [form, rest] = problem.split("form ").second.split(" is wrong");
  if (llvm::is_contained(formNames(), form))
    return {form.str()};
  return {};
}

/// A smaller program that is wrong in the same way, in the same form.
Reduced smallerThan(StringRef text, StringRef problem, CheckOptions options) {
  options.forms = formOf(problem);
  std::string kind = kindOf(problem);
  Reduced best{text.str(), problem.str()};
  best.text = reduceProgram(text, [&](StringRef candidate) {
    std::string found = problemApart(candidate, options);
    bool isSame = !found.empty() && kindOf(found) == kind;
    if (isSame)
      best.problem = found;
    return isSame;
  });
  return best;
}

uint64_t seedOfProgram(uint64_t seed, int64_t i) { return seed * 1000003 + i; }
std::string textOfProgram(uint64_t seed, int64_t i) {
  return randomProgram(seedOfProgram(seed, i), "p" + std::to_string(i));
}

struct FuzzOptions {
  uint64_t seed;
  int64_t programs;
  double minutes; // 0: no end
  int jobs;
  std::string output;
  bool reduces, reproducible;
};

class Fuzz : FuzzOptions {
public:
  explicit Fuzz(FuzzOptions options) : FuzzOptions(std::move(options)) {}
  int run();

private:
  CheckOptions check(int64_t i) const { return checkOf(seedOfProgram(seed, i), reproducible); }
  std::string text(int64_t i) const { return textOfProgram(seed, i); }
  std::string path(int64_t i, StringRef suffix) const;
  void tell(int64_t i, StringRef problem);
};

std::string Fuzz::path(int64_t i, StringRef suffix) const {
  SmallString<128> path(output);
  llvm::sys::path::append(path, llvm::formatv("fuzz-{0}-{1}{2}.mlir", seed, i, suffix).str());
  return path.str().str();
}

void Fuzz::tell(int64_t i, StringRef problem) {
  writeProgram(path(i, ""), text(i), problem, check(i));
  llvm::outs() << "program " << i << ": " << problem.rtrim() << "\n  written to " << path(i, "") << "\n";
  llvm::outs().flush();
}

int Fuzz::run() {
  auto begin = std::chrono::steady_clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  struct Wrong {
    int64_t program;
    std::string problem;
  };
  std::vector<Wrong> wrong;
  int64_t done = 0;
  runInProcesses(
      programs, {jobs}, [&](int64_t i) { return problemOf(text(i), check(i)); },
      [&](int64_t i, StringRef problem) {
        ++done;
        if (!problem.empty()) {
          wrong.push_back({i, problem.str()});
          tell(i, problem);
        }
        return minutes == 0 || seconds() < 60 * minutes;
      });
  std::string asked = done < programs ? " of " + std::to_string(programs) : "";
  llvm::outs() << llvm::formatv("seed {0}: {1}{2} programs in {3:f0} s, {4} wrong\n", seed, done, asked, seconds(),
                                wrong.size());
  llvm::outs().flush();
  for (const Wrong &w : wrong) {
    if (!reduces)
      break;
    CheckOptions options = check(w.program);
    Reduced reduced = smallerThan(text(w.program), w.problem, options);
    writeProgram(path(w.program, "-reduced"), reduced.text, reduced.problem, options);
    llvm::outs() << "program " << w.program << ": reduced to " << path(w.program, "-reduced") << "\n";
  }
  return wrong.empty() ? EXIT_RIGHT : EXIT_WRONG;
}

/// --reduce: the smallest form of a file's program goes to standard output.
int reduceFile(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!file) {
    llvm::errs() << "strand-fuzz: error: " << path << ": " << file.getError().message() << "\n";
    return EXIT_USAGE;
  }
  CheckOptions options;
  std::string problem = problemApart((*file)->getBuffer(), options);
  if (problem.empty()) {
    llvm::errs() << "strand-fuzz: error: " << path << ": nothing is wrong with it\n";
    return EXIT_WRONG;
  }
  Reduced reduced = smallerThan((*file)->getBuffer(), problem, options);
  printProgram(llvm::outs(), reduced.text, reduced.problem, options);
  return EXIT_RIGHT;
}
} // namespace

int strand::fuzzMain(int argc, char **argv) {
  cl::OptionCategory category("Options of strand-fuzz");
  cl::opt<int64_t> programs("programs", cl::desc("how many; 100 by default"), cl::init(100), cl::cat(category));
  cl::opt<uint64_t> seed("seed", cl::desc("of all programs; 1 by default"), cl::init(1), cl::cat(category));
  cl::opt<double> minutes("minutes", cl::desc("after which no program is begun; without end by default"), cl::init(0),
                          cl::cat(category));
  cl::opt<int> jobs("jobs", cl::desc("processes at a time; 2 by default"), cl::init(2), cl::cat(category));
  cl::opt<std::string> output("output", cl::desc("folder for programs that are wrong; this one by default"),
                              cl::init("."), cl::cat(category));
  cl::opt<bool> keep("no-reduce", cl::desc("leave wrong programs as they are"), cl::cat(category));
  cl::opt<bool> reproducible("reproducible",
                             cl::desc("compile as strandc --reproducible; all forms must have the same bits"),
                             cl::cat(category));
  cl::opt<std::string> reduced(
      "reduce", cl::desc("print a smaller form of this file's program, which is wrong, instead"), cl::cat(category));
  cl::opt<int64_t> print("print", cl::desc("print the program of this number instead"), cl::init(-1),
                         cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "strand-fuzz: random programs, all their forms checked\n");
  if (programs < 1 || jobs < 1) {
    llvm::errs() << "strand-fuzz: error: --programs and --jobs are at least 1\n";
    return EXIT_USAGE;
  }
  if (!reduced.empty())
    return reduceFile(reduced);
  if (print >= 0) {
    llvm::outs() << textOfProgram(seed, print);
    return EXIT_RIGHT;
  }
  leaveOutOfCodeGeneration();
  llvm::sys::fs::create_directories(output);
  return Fuzz({seed, programs, minutes, jobs, output, !keep, reproducible}).run();
}
