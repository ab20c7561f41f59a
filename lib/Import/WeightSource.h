// Where the bytes of weights come from: tensors of mapped files, and tensors that an importer computed.
#pragma once
#include "strand/abi.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <vector>
namespace strand {

/// A tensor as it is stored: row-major, little-endian, `bytes` exactly as long as type and shape say.
struct WeightView {
  strand_type type;
  llvm::SmallVector<int64_t, 4> shape;
  llvm::ArrayRef<char> bytes;
};

/// Tensors by name. It owns what its views point into.
class WeightSource {
public:
  /// A tensor inside a file given to `keep`. False: the name is taken, nothing is added.
  bool add(llvm::StringRef name, WeightView view) { return views.try_emplace(name, std::move(view)).second; }
  /// A tensor that was computed. False: the name is taken, nothing is added.
  bool addDerived(llvm::StringRef name, strand_type type, llvm::ArrayRef<int64_t> shape, std::vector<char> bytes) {
    if (views.contains(name))
      return false;
    derived.push_back(std::make_unique<std::vector<char>>(std::move(bytes)));
    return add(name, {type, llvm::SmallVector<int64_t, 4>(shape), *derived.back()});
  }
  /// Keeps what views point into (a mapped file, a reader) alive as long as this source.
  void keep(std::shared_ptr<const void> owner) { owners.push_back(std::move(owner)); }
  /// nullptr: there is none of that name. Valid until the next tensor is added.
  const WeightView *find(llvm::StringRef name) const {
    auto it = views.find(name);
    return it == views.end() ? nullptr : &it->second;
  }
  const llvm::StringMap<WeightView> &all() const { return views; }

private:
  llvm::StringMap<WeightView> views;
  std::vector<std::unique_ptr<std::vector<char>>> derived;
  std::vector<std::shared_ptr<const void>> owners;
};
} // namespace strand
