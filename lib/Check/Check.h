// Tries whether all forms of a function over rows compute what the function means.
//
// The meaning is the function in f64, each op replaced by its plain loops and lowered by passes of upstream alone, run
// on one whole sequence after another. The forms are what the compiler makes of it, in f32, through the stages of
// lib/Pipelines/Stages.h:
//   whole    without state, each sequence alone          packed   without state, all sequences in one call
//   state    with state, each sequence in one call       cut      the same in pieces
//   rows     with state, by the form for single rows     batch    pieces of all sequences, in slots of any order
//   churn    sequences come and go, step and advance take turns on one state
// and, where an op can be split over time, as batch with --form:
//   loop     step                                        spans    three-phase               tree     associative
// each on the calling thread and on three, for every vector width of this machine. Where an op needs all of a sequence
// at once (a reverse scan), whole and packed are all the forms there are. Outputs and scratch hold NaN before
// a call, and so do the guards around all buffers and, in packed and batch, the rows of neighbours; guards, inputs and
// slots that are not part of a call must stay as they are.
//
// A function says of its arguments what they are:
//   tensor<?x...xf32>    rows: normal; uniform with check.range = [lo, hi]; logarithms of gates with check.kind =
//   "gates" tensor<?x...xi32>    rows of integers in check.range = [lo, hi] tensor<?x...xi1>     rows of random bits
//   tensor<?xi32>        read as offsets by an op that carries state, or check.kind = "offsets": the offsets
//   a static tensor      a parameter, drawn as rows are; may be bf16 or f16
// and `check.tolerance` on the function is the bound on errors.
//
// With `reproducible` the stages are asked for code whose bits depend on neither cuts, batches nor threads, and all
// runs of a vector width must agree in them.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>
namespace strand {

struct CheckOptions {
  uint64_t seed = 1;
  int64_t rows = 300;             // of all sequences together, about
  std::vector<std::string> forms; // to be run; empty: all
  std::string function;           // to be checked; empty: all public ones
  std::vector<int> levels{1};     // of LLVM's optimiser
  int bits = 0;                   // of vectors, 256 or 512, where the machine has them; 0: each width that it has
  /// Not 0: the bound on errors is at least so many times the error of the plain loops in f32, for these arguments and
  /// for others that differ in last places. For functions of which nobody knows how much they lose.
  double plainFactor = 0;
  int64_t trials = 1;             // inputs to be drawn, with seeds from `seed` on
  bool reproducible = false;      // stages are to be, and all runs must have the same bits
  bool kernels = false;           // the kernels that GPUs get, as loops of the CPU
  bool lanes = false;             // the code that GPUs get, by the lane emulator (Lanes.h)
  bool inParts = true;            // threads share the making of large modules
  bool quickly = false;           // LLVM's code generator is that of level 0 on all levels
  std::string chip = "sm_90a";    // with `lanes`: whose code
  bool narrowRows = false;        // with `lanes`: rows in bf16 where they are multiplied
  bool withoutBarriers = false;   // with `lanes`: forms run again without each of their barriers
  bool withoutFences = false;     // or of what orders threads and products of warpgroups
  bool wrongDescriptors = false;  // or with a wrong field in descriptors of each product
  bool wrongCopies = false;       // or with something wrong about each copy by the copy engine
};

/// What a form came to.
struct FormRun {
  std::string form, build; // "512 bits, level 1"
  int threads;             // that worked
  double error, largest; // relative RMS error against the meaning, of the worst result or state; and of an element
};

/// A fault with which a form was run, and what was found then; nothing: it does not show.
struct FaultRun {
  std::string form, fault, found;
};

struct FunctionRuns {
  std::string name;
  std::vector<FormRun> runs; // those that are right
  std::vector<FaultRun> barriers, fences, descriptors, copies;
};

/// Something that is wrong, with what it takes to see it again; lines of text.
struct Finding {
  std::string function, form, text;
};

struct CheckReport {
  std::vector<FunctionRuns> functions;
  std::vector<Finding> findings; // empty: all is right
};

/// Names that CheckOptions::forms may hold.
std::vector<std::string> formNames();

/// Checks the public functions of `module`, which stays as it is. Errors: an argument that has no kind, an attribute
/// check.* that is not known (reported at its function, AlreadyReported); a name in the options that there is not.
llvm::Expected<CheckReport> checkModule(mlir::ModuleOp module, const CheckOptions &options);

/// Which code runs now, for who has to tell of a crash; empty: none. "gated, cut (512 bits, level 1, 3 threads), seed
/// 1"
extern char currentRun[256];

/// The tool strand-check.
int checkMain(int argc, char **argv);
} // namespace strand
