// Buffers that a caller's numbers decide the size of: running out of them is an error, not the end.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <sys/mman.h>
#include <utility>
#include <vector>
namespace strand {

/// 64-byte aligned, or at 2 MiB and asking for huge pages where it is that large.
class Memory {
public:
  Memory() = default;
  Memory(Memory &&other) noexcept { swap(other); }
  Memory &operator=(Memory &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Memory() { free(begin); }

  /// False, and empty, if there is not so much.
  bool allocate(int64_t bytes) {
    constexpr int64_t line = 64, huge = 2 << 20;
    *this = Memory();
    int64_t alignment = bytes >= huge ? huge : line;
    if (bytes < 0 || bytes > INT64_MAX - huge)
      return false;
    int64_t room = bytes ? (bytes + alignment - 1) / alignment * alignment : line;
    begin = aligned_alloc(alignment, room);
    if (!begin)
      return false;
    if (alignment == huge)
      madvise(begin, room, MADV_HUGEPAGE); // a wish
    count = bytes;
    return true;
  }
  template <typename T = char> T *as() const { return static_cast<T *>(begin); }
  int64_t size() const { return count; }

private:
  void *begin = nullptr;
  int64_t count = 0;
  void swap(Memory &other) {
    std::swap(begin, other.begin);
    std::swap(count, other.count);
  }
};

/// Buffers between two calls, so that calls do not ask the system for memory each time.
class MemoryPool {
public:
  /// One of at least `bytes`; empty if there is not so much.
  Memory take(int64_t bytes) {
    {
      std::lock_guard lock(mutex);
      for (Memory &m : kept)
        if (m.size() >= bytes) {
          Memory taken = std::move(m);
          std::swap(m, kept.back());
          kept.pop_back();
          return taken;
        }
      if (!kept.empty())
        kept.pop_back(); // too small for what is called now
    }
    Memory made;
    made.allocate(bytes);
    return made;
  }
  void giveBack(Memory m) {
    std::lock_guard lock(mutex);
    kept.push_back(std::move(m));
  }

private:
  std::mutex mutex;
  std::vector<Memory> kept;
};
} // namespace strand
