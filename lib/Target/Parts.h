// LLVM IR in parts that threads work on at once.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <vector>
namespace llvm {
class Module;
}
namespace strand {

/// How many parts a module's size deserves.
unsigned countParts(llvm::Module &module);
/// Parts of about equal size as bitcode. What they are depends on the module alone, so that the code does not depend on
/// the machine that compiles. Functions and variables that were local are hidden
/// behind, and named with the module's name in front, since parts call each other; constants stand in every part.
std::vector<llvm::SmallVector<char, 0>> partsOf(std::unique_ptr<llvm::Module> module, unsigned count);
} // namespace strand
