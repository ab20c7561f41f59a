// The forms that are tried, each a way to lead all sequences through a program.
#pragma once
#include "lib/Check/Compare.h"
#include "lib/Check/Program.h"
namespace strand {

/// The programs of one function for one CPU.
struct Programs {
  std::optional<Program> whole, state, step;
};

/// One run of one form.
struct Trial {
  const Signature &signature;
  const Inputs &inputs;
  const Programs &programs; // those that the form needs
  const Comparison &comparison;
  int64_t cacheRows;
  strand_rt_ctx *threads;
  Random random;
  Values values; // what came out
};

struct FormDefinition {
  const char *name;
  bool whole, state, step;     // the programs that it needs
  std::string (*run)(Trial &); // returns what was done that must not be, or nothing
};

/// In the order in which they are tried.
ArrayRef<FormDefinition> forms();
} // namespace strand
