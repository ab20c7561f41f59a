// "rd,d->rd": how operands and results of a formula are indexed, a letter a dimension.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringExtras.h"
#include <string>
namespace strand {

struct Dims {
  llvm::SmallVector<std::string> operands, results;
  std::string loops; // in the order of their first mention in a result, then in an operand

  explicit Dims(llvm::StringRef text) {
    auto [left, right] = text.split("->");
    for (llvm::StringRef part : llvm::split(left, ","))
      operands.push_back(part.str());
    for (llvm::StringRef part : llvm::split(right, ","))
      results.push_back(part.str());
    for (const llvm::SmallVector<std::string> *list : {&results, &operands})
      for (const std::string &part : *list)
        for (char c : part)
          if (!llvm::StringRef(loops).contains(c))
            loops += c;
  }
};
} // namespace strand
