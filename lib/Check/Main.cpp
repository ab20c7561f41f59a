// The tool strand-check: a line for each function that is right, several for what is wrong.
#include "lib/Check/Check.h"
#include "lib/Check/Choice.h"
#include "lib/Passes.h"
#include "lib/Target/Errors.h"
#include "lib/Target/Gpu.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SourceMgr.h"
#include <csignal>
#include <cstring>
#include <set>
#include <unistd.h>
using namespace mlir;
using namespace strand;
namespace cl = llvm::cl;
namespace {
enum { EXIT_RIGHT = 0, EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_INTERNAL = 70 };

/// Code that is checked may be wrong in any way, so nothing here relies on the heap.
void tellOfCrash(int) {
  auto say = [](const char *text) { (void)!write(STDERR_FILENO, text, strlen(text)); };
  say("strand-check: internal error: crash");
  say(*currentRun ? " while running " : "");
  say(currentRun);
  say("\n");
  _exit(EXIT_INTERNAL);
}

void printRight(const FunctionRuns &f, bool verbose, bool reproducible) {
  std::set<std::string> forms;
  const FormRun *worst = &f.runs.front();
  for (const FormRun &r : f.runs) {
    forms.insert(r.form);
    worst = r.error > worst->error ? &r : worst;
    if (verbose)
      llvm::outs() << llvm::format("%s: %-6s %s, %d thread%s: error %.1e, largest %.1e\n", f.name.c_str(),
                                   r.form.c_str(), r.build.c_str(), r.threads, r.threads > 1 ? "s" : "", r.error,
                                   r.largest);
  }
  llvm::outs() << f.name << ": " << forms.size() << (forms.size() == 1 ? " form" : " forms") << " right, worst "
               << llvm::format("%.1e", worst->error) << " (" << worst->form << ")";
  if (reproducible)
    llvm::outs() << ", the same bits in " << f.runs.size() << " runs";
  llvm::outs() << "\n";
}

/// Faults of one `where`: how many of them were found and, with `verbose`, what of each.
void printFaults(const std::string &where, llvm::ArrayRef<FaultRun> runs, const char *how, const char *what,
                 bool verbose) {
  std::vector<std::string> unmissed;
  for (const FaultRun &r : runs) {
    if (r.found.empty())
      unmissed.push_back(r.fault);
    if (verbose)
      llvm::outs() << where << " " << how << " " << r.fault << ": " << (r.found.empty() ? "nothing is found" : r.found)
                   << "\n";
  }
  llvm::outs() << where << ": " << runs.size() - unmissed.size() << " of " << runs.size() << " " << what;
  if (!unmissed.empty())
    llvm::outs() << "; not " << llvm::join(unmissed, ", ");
  llvm::outs() << "\n";
}

void printFaults(const FunctionRuns &f, llvm::ArrayRef<FaultRun> runs, const char *how, const char *what,
                 bool verbose) {
  while (!runs.empty()) {
    std::string form = runs.front().form;
    llvm::ArrayRef<FaultRun> some = runs.take_while([&](const FaultRun &r) { return r.form == form; });
    printFaults(f.name + ": form " + form, some, how, what, verbose);
    runs = runs.drop_front(some.size());
  }
}

int print(const CheckReport &report, bool verbose, bool reproducible) {
  for (const FunctionRuns &f : report.functions) {
    bool right = true;
    for (const Finding &finding : report.findings)
      if (finding.function == f.name) {
        right = false;
        llvm::outs() << f.name << ": form " << finding.form << " is wrong: ";
        llvm::interleave(llvm::split(finding.text, '\n'), llvm::outs(), "\n  ");
        llvm::outs() << "\n";
      }
    if (right && !f.runs.empty())
      printRight(f, verbose, reproducible);
    printFaults(f, f.barriers, "without", "barriers are missed", verbose);
    printFaults(f, f.fences, "without", "fences and waits are missed", verbose);
    printFaults(f, f.descriptors, "with a wrong", "wrong fields of descriptors show", verbose);
    printFaults(f, f.copies, "with a wrong or missing", "faults of copies show", verbose);
  }
  return report.findings.empty() ? EXIT_RIGHT : EXIT_WRONG;
}

int print(const std::vector<ChoiceRun> &runs, bool verbose) {
  int code = EXIT_RIGHT;
  for (const ChoiceRun &r : runs) {
    llvm::outs() << r.function << ", " << r.build << ": " << r.rows << " tokens are the host's\n";
    if (!r.barriers.empty())
      printFaults(r.function, r.barriers, "without", "barriers are missed", verbose);
    if (r.problem.empty())
      continue;
    llvm::outs() << r.function << ", " << r.build << " is wrong: " << r.problem << "\n";
    code = EXIT_WRONG;
  }
  return code;
}

int fail(llvm::Error error) {
  int code = EXIT_WRONG;
  llvm::handleAllErrors(
      std::move(error), [](const AlreadyReported &) {},
      [&](const InternalError &e) {
        llvm::errs() << "strand-check: internal error: " << e.text << "\n";
        code = EXIT_INTERNAL;
      },
      [](const llvm::ErrorInfoBase &e) { llvm::errs() << "strand-check: error: " << e.message() << "\n"; });
  return code;
}
} // namespace

int strand::checkMain(int argc, char **argv) {
  for (int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    signal(s, tellOfCrash);
  CheckOptions options;
  cl::OptionCategory category("Options of strand-check");
  cl::opt<std::string> file(cl::Positional, cl::desc("<file.mlir>"), cl::cat(category));
  cl::opt<int64_t> choice("choice",
                          cl::desc("no file: tries whether a GPU chooses the tokens that the host does, of so "
                                   "many; with --kernels, as without, or --lanes, also with --without-barriers"),
                          cl::init(0), cl::cat(category));
  cl::opt<uint64_t> seed("seed", cl::desc("of the random inputs; 1 by default"), cl::init(options.seed),
                         cl::cat(category));
  cl::opt<int64_t> rows("rows", cl::desc("of all sequences together, about; 300 by default"), cl::init(options.rows),
                        cl::cat(category));
  cl::list<std::string> forms("forms", cl::desc("only these, as in --forms=cut,batch"), cl::CommaSeparated,
                              cl::cat(category));
  cl::opt<std::string> function("function", cl::desc("only this one"), cl::cat(category));
  cl::list<int> levels("levels",
                       cl::desc("of LLVM's optimiser, 0 to 3, as in --levels=0,2; 1 by default"), cl::CommaSeparated,
                       cl::cat(category));
  cl::opt<bool> quickly("quickly", cl::desc("machine code is made as for level 0 on all levels, in half the time"),
                        cl::cat(category));
  cl::opt<int> bits("bits", cl::desc("of vectors, if the machine has that width; all that it has by default"),
                    cl::init(0), cl::cat(category));
  cl::opt<double> plain("plain-factor",
                        cl::desc("the bound on errors is at least so many times what plain loops in f32 lose, "
                                 "also with arguments off by last places"),
                        cl::init(0), cl::cat(category));
  cl::opt<int64_t> trials("trials", cl::desc("inputs to be drawn, with seeds from --seed on; 1 by default"),
                          cl::init(options.trials), cl::cat(category));
  cl::opt<bool> reproducible("reproducible",
                             cl::desc("compile as strandc --reproducible; all forms must have the same bits"),
                             cl::cat(category));
  cl::opt<bool> verbose("verbose", cl::desc("a line for each form, vector width and number of threads"),
                        cl::cat(category));
  cl::opt<bool> kernels("kernels", cl::desc("the kernels that a GPU would run, on this machine's CPU"),
                        cl::cat(category));
  cl::opt<bool> lanes("lanes", cl::desc("the code that a GPU would get, by the lane emulator; slow"),
                      cl::cat(category));
  cl::opt<bool> withoutBarriers("without-barriers",
                                cl::desc("with --lanes: runs each form again without each of its barriers, and says "
                                         "which are missed"),
                                cl::cat(category));
  cl::opt<bool> withoutFences("without-fences",
                              cl::desc("with --lanes: the same without each fence of and wait for products of "
                                       "warpgroups"),
                              cl::cat(category));
  cl::opt<bool> wrongDescriptors("wrong-descriptors",
                                 cl::desc("with --lanes: runs each form again with each field of the descriptors of "
                                          "each product of warpgroups changed, and says which show"),
                                 cl::cat(category));
  cl::opt<bool> wrongCopies("wrong-copies",
                            cl::desc("with --lanes: the same with a wait for copies by the copy engine left out or of "
                                     "the other parity, other bytes expected, or another swizzle or stride"),
                            cl::cat(category));
  cl::opt<std::string> chip("gpu-arch", cl::desc("with --lanes: the GPU whose code it is; sm_90a by default"),
                            cl::value_desc("CHIP"), cl::init(options.chip), cl::cat(category));
  cl::opt<bool> narrowRows("narrow-rows", cl::desc("with --lanes: compile as strandc --rows=bf16"), cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "strand-check: tries whether all forms of a file's public functions agree\n");
  options = {seed, rows, std::vector<std::string>(forms.begin(), forms.end()), function};
  options.plainFactor = plain;
  options.bits = bits;
  if (!levels.empty())
    options.levels.assign(levels.begin(), levels.end());
  for (int level : options.levels)
    if (level < 0 || level > 3) {
      llvm::errs() << "strand-check: error: --levels has " << level << "; 0 to 3 are needed\n";
      return EXIT_USAGE;
    }
  options.trials = trials;
  options.quickly = quickly;
  options.reproducible = reproducible;
  options.kernels = kernels;
  options.lanes = lanes;
  options.withoutBarriers = withoutBarriers;
  options.withoutFences = withoutFences;
  options.wrongDescriptors = wrongDescriptors;
  options.wrongCopies = wrongCopies;
  options.chip = chip;
  options.narrowRows = narrowRows;
  const std::pair<bool, const char *> ofLanes[] = {{withoutBarriers, "--without-barriers"},
                                                   {withoutFences, "--without-fences"},
                                                   {wrongDescriptors, "--wrong-descriptors"},
                                                   {wrongCopies, "--wrong-copies"},
                                                   {narrowRows, "--narrow-rows"},
                                                   {chip.getNumOccurrences() > 0, "--gpu-arch"}};
  for (auto [isGiven, name] : ofLanes)
    if (isGiven && !lanes) {
      llvm::errs() << "strand-check: error: " << name << " is for the lane emulator; give it with --lanes\n";
      return EXIT_USAGE;
    }
  if (reproducible && (kernels || lanes)) {
    llvm::errs() << "strand-check: error: --reproducible is a promise of CPUs; it cannot be joined with "
                 << (lanes ? "--lanes" : "--kernels") << "\n";
    return EXIT_USAGE;
  }
  if (auto known = gpuTarget(chip, /*wantsPtx=*/true, /*wantsMachineCode=*/false); !known) {
    llvm::errs() << "strand-check: error: " << llvm::toString(known.takeError()) << "\n";
    return EXIT_USAGE;
  }

  if (choice.getNumOccurrences() > 0 ? choice < 1 || !file.empty() : file.empty()) {
    llvm::errs() << "strand-check: error: a file or --choice is needed, not both; --choice is 1 or more\n";
    return EXIT_USAGE;
  }

  const std::pair<bool, const char *> ofRows[] = {{withoutFences, "--without-fences"},
                                                  {wrongDescriptors, "--wrong-descriptors"},
                                                  {wrongCopies, "--wrong-copies"},
                                                  {narrowRows, "--narrow-rows"}};
  for (auto [isGiven, name] : ofRows)
    if (isGiven && choice.getNumOccurrences() > 0) {
      llvm::errs()
          << "strand-check: error: " << name
          << " is for functions over rows; tokens are chosen with no products and no copies by the copy engine\n";
      return EXIT_USAGE;
    }

  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  if (choice.getNumOccurrences() > 0) {
    auto runs = checkChoice(context, {choice, seed, lanes, chip, withoutBarriers});
    return runs ? print(*runs, verbose) : fail(runs.takeError());
  }
  llvm::SourceMgr sources;
  std::string problem;
  auto text = openInputFile(file, &problem);
  if (!text) {
    llvm::errs() << "strand-check: error: " << problem << "\n";
    return EXIT_USAGE;
  }
  sources.AddNewSourceBuffer(std::move(text), SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return EXIT_WRONG;
  auto report = checkModule(*module, options);
  return report ? print(*report, verbose, reproducible) : fail(report.takeError());
}
