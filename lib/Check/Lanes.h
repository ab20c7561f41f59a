// The lane emulator: runs the code that GPUs get, made code of this machine by strand-lanes, block after block, each
// thread of a block as a fibre. Threads go on one after another until they have to wait for others: at a barrier, for a
// product of their warp. Shadows of memory tell who touched what since which barrier, so that it finds
//   what one thread reads or writes and another one writes with no barrier between, in shared memory or any other,
//   what blocks of one launch write and others touch,
//   reads and writes beyond shared memory, and such as are not aligned,
//   threads that wait for each other at different places.
// Shared memory holds NaN when a block begins.
#pragma once
#include <string>
#include <utility>
#include <vector>
namespace strand {
/// What compiled code calls (JitOptions::symbols).
std::vector<std::pair<std::string, void *>> laneSymbols();
/// What was found since the last time, one sentence; empty: nothing. After a find, launches do nothing until it is
/// taken.
std::string takeLaneProblem();
} // namespace strand
