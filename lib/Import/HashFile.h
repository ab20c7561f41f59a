// A name for the numbers of a model: state that a program saved is tied to it.
#pragma once
#include "lib/Import/SafeTensors.h"
#include <array>

namespace strand {

/// SHA-256 over the tensors in the order of their names. Each gives its name, type and shape, with
/// lengths before them so that no two lists give the same bytes, and its contents. Which file or
/// shard a tensor came from does not count.
std::array<uint8_t, 32> hashTensors(const TensorMap &tensors);

/// The hash in 64 hexadecimal digits.
std::string hashText(const std::array<uint8_t, 32> &hash);

} // namespace strand
