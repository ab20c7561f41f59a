#include "lib/Target/Parts.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <tuple>
using namespace llvm;
using namespace strand;
namespace {
/// Fewer, and starting a thread and writing bitcode cost more than they save.
constexpr unsigned instructionsOfAPart = 2500;
/// More, and what stands in every part counts.
constexpr unsigned mostParts = 8;

/// What every part has for itself: nobody asks where it is.
bool isLocalConstant(const GlobalValue &v) {
  auto *variable = dyn_cast<GlobalVariable>(&v);
  return variable && variable->isConstant() && variable->hasLocalLinkage();
}

void showToOtherParts(Module &module) {
  for (GlobalValue &v : module.global_values())
    if (v.hasLocalLinkage() && !isLocalConstant(v)) {
      v.setName(module.getModuleIdentifier() + "." + v.getName());
      v.setLinkage(GlobalValue::ExternalLinkage);
      v.setVisibility(GlobalValue::HiddenVisibility);
    }
}

/// The part of each function: the largest first, each to the part that has least. Variables are in part 0.
DenseMap<const GlobalValue *, unsigned> placesIn(const Module &module, unsigned parts) {
  std::vector<std::tuple<unsigned, unsigned, const Function *>>
      functions; // size, how many are left, so the first is largest
  for (const Function &f : module)
    if (!f.isDeclaration())
      functions.emplace_back(f.getInstructionCount(), module.size() - functions.size(), &f);
  llvm::sort(functions, std::greater<>());
  SmallVector<unsigned> sizes(parts, 0);
  DenseMap<const GlobalValue *, unsigned> places;
  for (auto [size, left, f] : functions) {
    auto least = min_element(sizes);
    *least += size;
    places[f] = least - sizes.begin();
  }
  return places;
}
} // namespace

unsigned strand::countParts(Module &module) {
  return std::clamp(module.getInstructionCount() / instructionsOfAPart, 1u, mostParts);
}

std::vector<SmallVector<char, 0>> strand::partsOf(std::unique_ptr<Module> module, unsigned count) {
  showToOtherParts(*module);
  auto places = placesIn(*module, count);
  std::vector<SmallVector<char, 0>> code(count);
  for (unsigned i = 0; i < count; ++i) {
    ValueToValueMapTy map;
    auto part =
        CloneModule(*module, map, [&](const GlobalValue *v) { return isLocalConstant(*v) || places.lookup(v) == i; });
    raw_svector_ostream out(code[i]);
    WriteBitcodeToFile(*part, out);
  }
  return code;
}
