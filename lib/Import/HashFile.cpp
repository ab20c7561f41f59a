#include "lib/Import/HashFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/SHA256.h"

namespace strand {
namespace {
void addNumber(llvm::SHA256 &hash, uint64_t number) {
  uint8_t bytes[8];
  llvm::support::endian::write64le(bytes, number);
  hash.update(bytes);
}

void addText(llvm::SHA256 &hash, llvm::StringRef text) {
  addNumber(hash, text.size());
  hash.update(text);
}
} // namespace

std::array<uint8_t, 32> hashTensors(const TensorMap &tensors) {
  llvm::SHA256 hash;
  addNumber(hash, tensors.size());
  for (const auto &[name, tensor] : tensors) {
    addText(hash, name);
    addText(hash, dtypeName(tensor.dtype));
    addNumber(hash, tensor.shape.size());
    for (int64_t extent : tensor.shape)
      addNumber(hash, extent);
    addNumber(hash, tensor.bytes.size());
    hash.update(tensor.bytes);
  }
  return hash.final();
}

std::string hashText(const std::array<uint8_t, 32> &hash) {
  return llvm::toHex(hash, /*LowerCase=*/true);
}

} // namespace strand
