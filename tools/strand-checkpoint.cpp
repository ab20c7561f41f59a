// Prints the configuration and the tensors of a checkpoint folder, or what is wrong with it.
#include "lib/Import/Checkpoint.h"
#include "lib/Import/Diagnose.h"
#include "lib/Import/HashFile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

static llvm::cl::opt<std::string> folder(llvm::cl::Positional, llvm::cl::Required,
                                         llvm::cl::desc("<checkpoint folder>"));
static llvm::cl::opt<std::string> copy("copy", llvm::cl::value_desc("file"),
                                       llvm::cl::desc("Write all tensors to one safetensors file"));

static void print(strand::Checkpoint &checkpoint, const strand::TensorMap &tensors) {
  llvm::outs() << checkpoint.configText().rtrim() << '\n';
  int64_t bytes = 0;
  for (const auto &[name, tensor] : tensors) {
    llvm::outs() << llvm::formatv("{0,-8}{1,-24}{2}\n", strand::dtypeName(tensor.dtype),
                                  strand::shapeText(tensor.shape), name);
    bytes += tensor.bytes.size();
  }
  llvm::outs() << tensors.size() << " tensors, " << bytes << " bytes, sha256 "
               << strand::hashText(strand::hashTensors(tensors)) << '\n';
}

static llvm::Error run() {
  auto checkpoint = strand::Checkpoint::open(folder);
  if (!checkpoint)
    return checkpoint.takeError();
  for (llvm::StringRef name : checkpoint->names())
    checkpoint->lookup(name);
  strand::TensorMap tensors = checkpoint->used();
  print(*checkpoint, tensors);
  return copy.empty() ? llvm::Error::success() : strand::writeSafeTensors(copy, tensors);
}

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "strand-checkpoint: look into a checkpoint folder\n");
  llvm::Error error = run();
  if (!error)
    return 0;
  llvm::errs() << llvm::toString(std::move(error)) << '\n';
  return 1;
}
