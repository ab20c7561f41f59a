// The lane emulator: runs the code that GPUs get, made code of this machine by strand-lanes, block after block, each
// thread of a block as a fibre. Threads go on one after another until they have to wait for others: at a barrier, for a
// product of their warp. Shadows of memory tell who touched what since which barrier, so that it finds
//   what one thread reads or writes and another one writes with no barrier between, in shared memory or any other,
//   what blocks of one launch write and others touch,
//   reads and writes beyond shared memory, and such as are not aligned,
//   threads that wait for each other at different places.
// Shared memory holds NaN when a block begins.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>
namespace strand {
/// What compiled code calls (JitOptions::symbols).
std::vector<std::pair<std::string, void *>> laneSymbols();
/// What was found since the last time, one sentence; empty: nothing. After a find, launches do nothing until it is
/// taken.
std::string takeLaneProblem();

/// A barrier of a kernel, whose code tells kernels of one name apart.
struct LaneBarrier {
  std::string kernel;
  const void *code;
  int64_t number;

  bool operator==(const LaneBarrier &o) const { return code == o.code && number == o.number; }
  std::string text() const { return "barrier " + std::to_string(number) + " of " + kernel; }
};
/// The barriers that threads came to since the last time, in the order in which they first did.
std::vector<LaneBarrier> takeLaneBarriers();
/// From now on threads go through this one as if it were not there.
void leaveOutLaneBarrier(std::optional<LaneBarrier> barrier);
} // namespace strand
