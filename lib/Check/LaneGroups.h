// wgmma for the lane emulator: what descriptors name in shared memory, and the product of a warpgroup.
#pragma once
#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <string>
namespace strand {

constexpr int threadsOfLaneGroup = 128;
constexpr int64_t linesOfLaneGroup = 64;

/// Of one thread.
struct GroupOperands {
  uint32_t *sums;          // columns / 2, in and out
  const uint32_t *words;   // 4 of the first factor; null: `first` names it
  uint64_t first, second;  // descriptors
};
struct GroupShape {
  int64_t columns;
  bool addsSums, firstTurned, secondTurned;
};

/// Whether a factor of so many lines lies in more than one panel that its descriptor names: only then it has a stride
/// from panel to panel.
bool hasPanels(uint64_t descriptor, int64_t lines, bool turned);

/// m64nNk16 of bf16. `read` gives the 16 bits at a place in shared memory; `sumOf` and `putSum` are the sums of a
/// thread before and after. Returns what is wrong with the operands.
std::string multiplyLaneGroup(const GroupOperands *threads, const GroupShape &shape,
                              llvm::function_ref<uint16_t(int64_t place)> read,
                              llvm::function_ref<float(int thread, int64_t i)> sumOf,
                              llvm::function_ref<void(int thread, int64_t i, float sum)> putSum);
} // namespace strand
