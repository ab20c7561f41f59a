#pragma once
#include "lib/Target/Object.h"
#include <chrono>
namespace strand {
/// Appends the seconds since the last lap to a list of steps.
class Clock {
public:
  explicit Clock(llvm::SmallVectorImpl<StepTime> &times) : times(times) {}
  void lap(std::string step) {
    auto now = std::chrono::steady_clock::now();
    times.push_back({std::move(step), std::chrono::duration<double>(now - last).count()});
    last = now;
  }

  /// Leaves out what others have timed.
  void skip() { last = std::chrono::steady_clock::now(); }

private:
  llvm::SmallVectorImpl<StepTime> &times;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};
} // namespace strand
