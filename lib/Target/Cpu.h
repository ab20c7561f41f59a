// The CPU that code is made for.
#pragma once
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
namespace strand {

/// What code generation and the schema have to know of a CPU.
struct CpuTarget {
  std::string triple;
  std::string name;         // what the user called it, resolved: "znver4" for "native"
  std::string base;         // LLVM's target-cpu, whose instructions may be used
  std::string tune;         // LLVM's tune-cpu, whose latencies are assumed
  std::string features;     // LLVM's target-features: "+avx2,+fma,..."
  std::string cpu_features; // what the machine must have, as __builtin_cpu_supports names it: "avx2,fma"
  int vectorBits = 128;

  bool isX86() const { return llvm::StringRef(triple).starts_with("x86_64"); }
};

/// `cpu`: "native", "x86-64-v3", "znver4" or another name that LLVM knows for `triple`; an empty triple is the host's.
/// Errors: a triple without a back-end, a CPU that LLVM does not know, "native" for another architecture.
/// Initialises LLVM's targets.
llvm::Expected<CpuTarget> cpuTarget(llvm::StringRef cpu, llvm::StringRef triple = "");
} // namespace strand
