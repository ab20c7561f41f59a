// The way of a model through the compiler, as named stages at which one can stop and look.
#pragma once
#include "lib/Target/Cpu.h"
#include "lib/Target/Gpu.h"
#include <optional>
#include <string>
#include <vector>
namespace strand {

struct Stage {
  const char *name, *what; // `what`: the sentence of --help
  std::string passes;      // text of a pipeline on builtin.module; empty: nothing to do
};

/// Kernels as a GPU gets them, but run by the threads of a CPU, block by block and thread by thread: what their numbers
/// are tested with. Backwards: the threads of a block in the other order. Lanes: the code of the device itself, by the
/// lane emulator (lib/Check/Lanes.h).
enum class Emulation { None, Forwards, Backwards, Lanes };

/// What a user may ask of the stages.
struct StageOptions {
  std::string prefix = "m";  // what the C symbols begin with
  std::string form = "auto"; // of strand-expand-chunks
  bool reproducible = false; // the same bits for any batch, cut and number of threads
  bool narrowRows = false;   // rows are rounded to bf16 where they are multiplied; on a GPU alone
  std::optional<GpuTarget> gpu = std::nullopt; // the model runs on it
  Emulation emulation = Emulation::None; // of the device that `gpu` names, if it does, else of sm_80
};

/// In the order in which they run. What the first makes is the model whose hash is taken, so its passes may depend on
/// neither target nor prefix. The one that holds strand-c-interface finds the report of all passes before it complete.
std::vector<Stage> stages(const CpuTarget &target, const StageOptions &options = {});
} // namespace strand
