// A scan as other ops, component by component.
#pragma once
#include "lib/Transforms/ScanTargets.h"

namespace strand {
/// What became of a component.
struct ComponentOutcome {
  StringRef op;                // the op in its place; empty: it stays a scan
  std::string reason;          // why it stays
  Value start;                 // the tensor at which it begins, if that is why
  bool isWorthTurning = false; // ScanTarget::isWorthTurning of the op
  bool isRows = false;         // nothing had to be carried for it, but the rows before
  bool isAbsorbed = false;     // the op of another component carries it as well
};

/// Puts other ops in place of `scan`, which has no states. Components for which there is no op become scans of their
/// own, as far as what is read of them may be stored for all rows, with what does not depend on them taken out.
/// Outcomes are in the order of the structure's components.
SmallVector<ComponentOutcome> rewriteScan(StepStructure &structure, OpBuilder &b);
} // namespace strand
