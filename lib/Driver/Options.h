// The command line of strandc.
#pragma once
#include "lib/Target/Compile.h"
namespace strand {

struct DriverOptions {
  CompileOptions compile;
  bool help = false, version = false, verbose = false;
  bool report = false;    // as text on standard error
  std::string reportFile; // as JSON; empty: none
};

/// Errors are of usage: an unknown option, a value that is none of those allowed, a missing input or output.
llvm::Expected<DriverOptions> parseCommandLine(llvm::ArrayRef<const char *> args);

/// Reads the options among `args` that say how code is made, for a caller that names input and output otherwise.
/// Errors: one of usage; an option that has to do with files.
llvm::Error parseCodeOptions(llvm::ArrayRef<const char *> args, CompileOptions &options);

/// What --help prints. `program`: as it was called.
void printHelp(llvm::StringRef program, llvm::raw_ostream &out);
} // namespace strand
