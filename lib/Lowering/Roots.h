// The functions that the C interface calls: forms of one model.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
namespace strand {
using namespace mlir;
constexpr llvm::StringLiteral rootNames[] = {"advance", "step", "last"};
/// What chooses tokens from logits (strand-choice), where the model is on a device; in the order of strand_choices.
constexpr llvm::StringLiteral chooseLargest = "choose_largest", chooseAll = "choose_all", chooseRank = "choose_rank",
                              chooseMass = "choose_mass", chooseBoth = "choose_both";
constexpr llvm::StringLiteral choiceNames[] = {chooseLargest, chooseAll, chooseRank, chooseMass, chooseBoth};

inline bool isRoot(func::FuncOp f) { return llvm::is_contained(rootNames, f.getName()); }
/// Those that `module` has, in the order of their names above.
inline SmallVector<func::FuncOp> rootsOf(ModuleOp module) {
  SmallVector<func::FuncOp> roots;
  for (StringRef name : rootNames)
    if (auto f = module.lookupSymbol<func::FuncOp>(name))
      roots.push_back(f);
  return roots;
}
} // namespace strand
