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
  /// Numbers of operands: 4 words, or the lower word of a descriptor, to which `behind` is added below the upper word.
  struct Factor {
    llvm::SmallVector<int64_t> operands{};
    int64_t behind = 0, upper = 0;
    bool isDescriptor() const { return operands.size() == 1; }
  };
  Factor first{}, second{};
  bool addsSums = false, firstTurned = false, secondTurned = false;
  int64_t pending = 0; // of a wait
};

/// Whether a text of PTX has to do with products of warpgroups.
bool isGroupText(llvm::StringRef text);
/// Its instructions; nothing if there are others among them.
std::optional<llvm::SmallVector<GroupInstruction>> readGroupText(llvm::StringRef text);
} // namespace strand
