// The text of a product of a warpgroup (Wgmma.h), read again: for those who run it without a device.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
namespace strand {

struct GroupInstruction {
  enum Kind { fence, multiply, commit, wait };
  Kind kind;
  int64_t columns = 0, sums = 0;      // of a product; the number of the first of the operands that are its sums
  llvm::SmallVector<int64_t> first{}; // numbers of operands: 4 words or a descriptor
  int64_t second = 0;
  int64_t firstBehind = 0, secondBehind = 0; // what is added to a descriptor
  bool addsSums = false, firstTurned = false, secondTurned = false;
  int64_t pending = 0; // of a wait
};

/// Whether a text of PTX has to do with products of warpgroups.
bool isGroupText(llvm::StringRef text);
/// Its instructions; nothing if there are others among them.
std::optional<llvm::SmallVector<GroupInstruction>> readGroupText(llvm::StringRef text);
} // namespace strand
