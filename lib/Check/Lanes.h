// The lane emulator: runs the code that GPUs get, made code of this machine by strand-lanes, block after block, each
// thread of a block as a fibre. Threads go on one after another until they have to wait for others: at a barrier, for a
// product of their warp. Shadows of memory tell who touched what since which barrier, so that it finds
//   what one thread reads or writes and another one writes with no barrier between, in shared memory or any other,
//   what blocks of one launch write and others touch,
//   reads and writes beyond shared memory, and such as are not aligned,
//   threads that wait for each other at different places,
//   products of warpgroups (LaneGroups.h) whose factors were stored without fence.proxy.async, whose registers have no
//   wgmma.fence in front, or whose sums are used, or factors written, before they were waited for,
//   copies by the copy engine (LaneCopies.h) to where threads read or wrote with no barrier, or fence.proxy.async,
//   between; what they bring, used before it was waited for; waits for what does not come.
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

/// Something of a kernel that the emulator can do wrongly: leave out a barrier or, numbered together, a fence of or a
/// wait for products of warpgroups; take another field of a product's descriptors; or, of copies by the copy engine, leave
/// out a wait or what it expects, wait for the other parity, expect other bytes, copy with another swizzle or stride. Its
/// code tells kernels of one name apart.
struct LaneFault {
  enum Kind {
    barrier,
    proxyFence,
    registerFence,
    wait,
    swizzle,
    rowStride,
    panelStride,
    arrivalWait,
    parity,
    expectation,
    expectedBytes,
    boxSwizzle,
    boxStride
  };
  Kind kind;
  std::string kernel;
  const void *code;
  int64_t number;

  bool operator==(const LaneFault &o) const { return kind == o.kind && code == o.code && number == o.number; }
  std::string text() const {
    constexpr const char *names[] = {"barrier ",         "fence.proxy.async ",      "wgmma.fence ",
                                     "wgmma.wait_group ", "swizzle of product ", "stride of rows of product ",
                                     "stride of panels of product ",
                                     "wait for copies ",
                                     "parity of wait ",
                                     "expectation of copies ",
                                     "count of bytes ",
                                     "swizzle of copy ",
                                     "stride of copy "};
    return names[kind] + std::to_string(number) + " of " + kernel;
  }
};
/// Those that threads came to since the last time, in the order in which they first did.
std::vector<LaneFault> takeLaneFaults();
/// From now on threads do this.
void plantLaneFault(std::optional<LaneFault> fault);
} // namespace strand
