#include "lib/Driver/Driver.h"
#include "lib/Driver/Options.h"
#include "lib/Passes.h"
#include "lib/Target/BuildConfig.h"
#include "lib/Target/Errors.h"
#include "lib/Target/PendingFile.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"
#include <csignal>
#include <unistd.h>
using namespace mlir;
using namespace strand;
using llvm::Error;
namespace {

enum { EXIT_GOOD = 0, EXIT_USER = 1, EXIT_USAGE = 2, EXIT_INTERNAL = 70 };

/// Runs after the stack was printed, in a signal handler: nothing here may allocate.
void afterCrash(void *) {
  constexpr StringRef text = "strandc: error: internal fault, please report it with the input and the text above\n";
  (void)!write(STDERR_FILENO, text.data(), text.size());
  _exit(EXIT_INTERNAL);
}

/// Runs before the stack is printed: printing allocates, and may wait for ever for a heap that the crash left locked.
void limitTimeOfCrash(void *) {
  constexpr unsigned seconds = 10;
  signal(SIGALRM, [](int) { afterCrash(nullptr); });
  alarm(seconds);
}

/// Errors as `file:line:col: error: ...` with the notes that say more than which op it was.
LogicalResult report(Diagnostic &d, bool verbose) {
  if (!verbose && d.getSeverity() != DiagnosticSeverity::Error)
    return success();
  printDiagnostic(d, "strandc", llvm::errs());
  for (Diagnostic &note : d.getNotes())
    if (verbose || !StringRef(note.str()).starts_with("see current operation"))
      printDiagnostic(note, "strandc", llvm::errs());
  return success();
}

int fail(Error error) {
  int code = EXIT_USER;
  llvm::handleAllErrors(
      std::move(error), [](const AlreadyReported &) {},
      [&](const InternalError &e) {
        llvm::errs() << "strandc: internal error: " << e.text << "\n";
        code = EXIT_INTERNAL;
      },
      [](const llvm::ErrorInfoBase &e) {
        llvm::errs() << "strandc: error: " << e.message() << "\n";
      });
  return code;
}

Error writeReport(const DriverOptions &options, const CompileReport &report) {
  if (options.report)
    printText(report, llvm::errs());
  if (options.reportFile.empty())
    return Error::success();
  auto file = PendingFile::create(options.reportFile);
  if (!file)
    return file.takeError();
  file->stream() << llvm::formatv("{0:2}\n", toJson(report));
  return file->commit();
}

int compileWith(const DriverOptions &options, StringRef program) {
  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(options.verbose);
  context.getDiagEngine().registerHandler([&](Diagnostic &d) { return report(d, options.verbose); });
  CompileReport result;
  if (Error e = compile(context, options.compile, program, result))
    return fail(std::move(e));
  if (Error e = writeReport(options, result))
    return fail(std::move(e));
  return EXIT_GOOD;
}
} // namespace

int strand::driverMain(int argc, char **argv) {
  llvm::sys::AddSignalHandler(limitTimeOfCrash, nullptr);
  llvm::sys::PrintStackTraceOnErrorSignal(argv[0]);
  llvm::sys::AddSignalHandler(afterCrash, nullptr);
  std::string program = llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&driverMain));
  auto options = parseCommandLine(llvm::ArrayRef<const char *>(argv, argc).drop_front());
  if (!options) {
    llvm::errs() << "strandc: error: " << llvm::toString(options.takeError()) << "\n";
    return EXIT_USAGE;
  }
  if (options->help) {
    printHelp(program, llvm::outs());
    return EXIT_GOOD;
  }
  if (options->version) {
    llvm::outs() << "strandc " STRAND_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
    return EXIT_GOOD;
  }
  return compileWith(*options, program);
}
