// Work in processes of its own, since code that is tried may end its process.
#pragma once
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
namespace strand {

struct ProcessOptions {
  int processes = 1;
  int seconds = 120; // of a processor, or 30 times as many by the clock, after which a piece of work has failed
};

/// Calls `work(i)` for i = 0 .. n-1, each in one of several processes, and here `done(i, text)` with what it returned,
/// or with how its process ended; in any order. Ends early when `done` returns false.
/// The caller must have no threads.
void runInProcesses(int64_t n, const ProcessOptions &options, llvm::function_ref<std::string(int64_t)> work,
                    llvm::function_ref<bool(int64_t, llvm::StringRef)> done);
} // namespace strand
