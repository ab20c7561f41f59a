// The forms that are tried, each a way to lead all sequences through a program.
#pragma once
#include "lib/Check/Compare.h"
#include "lib/Check/Program.h"
namespace strand {

/// The programs of one function for one CPU.
struct Programs {
  std::optional<Program> whole, state, step;
  std::optional<Program> loop, spans, tree; // as state, in forms that are asked for by name

  /// What the programs with state carry; nothing if there is none.
  ArrayRef<CarriedValue> carried() const;
};

/// How one of the programs is made, and the name under which a failure is told.
struct ProgramDefinition {
  std::optional<Program> Programs::*program;
  Form form;
  const char *chunkForm, *name;
};
ArrayRef<ProgramDefinition> programs();

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
  enum { Always, WithState, WithSplit } where; // functions for which it is another than those before
  std::optional<Program> Programs::*needs[2];
  std::string (*run)(Trial &); // returns what was done that must not be, or nothing
};

/// In the order in which they are tried.
ArrayRef<FormDefinition> forms();
} // namespace strand
