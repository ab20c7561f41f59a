#pragma once
#include <cstdint>
#include <cstring>
#include <vector>
namespace strand {
/// A buffer at a multiple of 64 bytes with a guard before and behind it. It is filled with signalling NaNs of f32, the
/// guards as well: reading what was not written, or beyond an end, shows in the results, and no arithmetic gives such a
/// number back, so that an element computed outside shows in the guard. (A quiet NaN would come back as it was.)
class Guarded {
public:
  explicit Guarded(int64_t bytes) : room((bytes + 2 * guard + 64 + 3) / 4, unset), bytes(bytes) {
    begin = guard + (-reinterpret_cast<uintptr_t>(room.data()) & 63);
  }
  Guarded(Guarded &&) = default; // the bytes stay where they are
  Guarded(const Guarded &) = delete;
  char *data() { return bytesOfRoom() + begin; }
  int64_t size() const { return bytes; }
  /// Whether nothing was written outside.
  bool isIntact() const { return isUnset(0, begin) && isUnset(begin + bytes, int64_t(4 * room.size())); }

private:
  static constexpr uint32_t unset = 0x7FA5A5A5;
  static constexpr int64_t guard = 16384; // a whole row too many still falls into it, mostly
  std::vector<uint32_t> room;
  int64_t begin, bytes;

  char *bytesOfRoom() const { return reinterpret_cast<char *>(const_cast<uint32_t *>(room.data())); }
  bool isUnset(int64_t from, int64_t to) const {
    const char *at = bytesOfRoom();
    for (int64_t i = from; i < from + 4; ++i)
      if (at[i] != char(unset >> i % 4 * 8))
        return false;
    return !memcmp(at + from, at + from + 4, to - from - 4);
  }
};
} // namespace strand
