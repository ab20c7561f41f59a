#pragma once
#include <cstdint>
#include <cstring>
#include <vector>
namespace strand {
/// A buffer at a multiple of 64 bytes with a guard before and behind it. All bytes are 0xFF at first: NaN as a float,
/// -1 as an integer, so that reading what was not written, or beyond an end, shows in the results.
class Guarded {
public:
  explicit Guarded(int64_t bytes) : room(bytes + 2 * guard + 64, unset), bytes(bytes) {
    uintptr_t at = reinterpret_cast<uintptr_t>(room.data()) + guard;
    begin = guard + (-at & 63);
  }
  Guarded(Guarded &&) = default; // the bytes stay where they are
  Guarded(const Guarded &) = delete;
  char *data() { return room.data() + begin; }
  int64_t size() const { return bytes; }
  /// Whether nothing was written outside.
  bool isIntact() const {
    auto isUnset = [](const char *from, int64_t n) { return *from == unset && !memcmp(from, from + 1, n - 1); };
    return isUnset(room.data(), begin) && isUnset(room.data() + begin + bytes, room.size() - begin - bytes);
  }

private:
  static constexpr char unset = char(0xFF);
  static constexpr int64_t guard = 16384; // a whole row too many still falls into it, mostly
  std::vector<char> room;
  int64_t begin, bytes;
};
} // namespace strand
