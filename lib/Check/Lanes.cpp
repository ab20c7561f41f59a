// A fibre yields to the next one of its block that has not ended. Who is the last to come where all have to be does
// what they are there for, and goes on.
#include "lib/Check/Lanes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
using namespace strand;
namespace {
constexpr int lanes = 32;
constexpr size_t stackBytes = 128 << 10, guardBytes = 64 << 10;

/// Who was the last to read or write a cell of memory, and when.
struct Access {
  int thread = -1, block = -1;
  int64_t launch = -1, epoch = -1; // epoch: barriers so far, of all blocks
};
struct Shadow {
  Access write, read;
  bool manyRead = false; // several threads read it in the epoch of `read`
};

/// Threads that wait for each other.
struct Meeting {
  int arrived = 0;
  int64_t times = 0, instruction = 0;
  uint32_t *words[lanes];
  const char *rows[lanes];
};

class Emulator {
public:
  using Code = void (*)(void *cells);
  void launch(Code code, const char *kernel, int64_t blocks, int64_t threads, int64_t sharedBytes, void *cells);
  void barrier(int64_t instruction);
  void multiply(int64_t instruction, uint32_t *words);
  void loadMatrices(int64_t instruction, const char *row, uint32_t *words, bool turned);
  void shuffle(int64_t instruction, uint32_t *word, int mask);
  void copy(char *to, const char *from, int64_t bytes);
  void commit();
  void wait();
  void touch(const char *address, int64_t bytes, int64_t alignment, bool write);

  int thread = 0, block = 0;
  char *shared = nullptr;
  std::string problem;
  std::vector<LaneBarrier> barriers; // that threads came to
  std::optional<LaneBarrier> leftOut;

private:
  void runBlock();
  void yield();
  void report(const std::string &text);
  /// Calls `act` once all `count` are at the instruction; false if they are not at the same.
  template <typename Act> void meet(Meeting &meeting, int count, int64_t instruction, Act act);
  void touchCell(uintptr_t cell, bool isShared, bool write);
  void conflict(const Access &other, const char *what, bool isShared, uintptr_t cell);
  static void enter();

  Code code = nullptr;
  void *cells = nullptr;
  std::string kernel;
  int64_t launches = 0, epoch = 0, progress = 0, sharedBytes = 0;
  int threads = 0, alive = 0;
  std::vector<ucontext_t> fibres;
  std::vector<char> ended, stacks, sharedMemory;
  ucontext_t main;
  Meeting all;
  std::vector<Meeting> warps;
  struct Copy {
    char *to;
    const char *from;
    int64_t bytes;
    bool committed;
  };
  std::vector<std::vector<Copy>> copies; // of each thread, on their way
  llvm::DenseMap<uintptr_t, Shadow> shadows;
};
Emulator emulator;

/// Leaves the block: what its threads still do does not matter.
void Emulator::report(const std::string &text) {
  if (problem.empty())
    problem = kernel + ", block " + std::to_string(block) + ", thread " + std::to_string(thread) + ": " + text;
  swapcontext(&fibres[thread], &main);
}

void Emulator::enter() {
  emulator.code(emulator.cells);
  emulator.ended[emulator.thread] = true;
  --emulator.alive;
  ++emulator.progress;
  emulator.yield();
}

void Emulator::yield() {
  int from = thread;
  for (int next = 1; next <= threads; ++next)
    if (int t = (from + next) % threads; !ended[t]) {
      thread = t;
      if (t != from)
        swapcontext(&fibres[from], &fibres[t]);
      return;
    }
  swapcontext(&fibres[from], &main);
}

template <typename Act> void Emulator::meet(Meeting &meeting, int count, int64_t instruction, Act act) {
  if (meeting.arrived && meeting.instruction != instruction)
    report("threads that have to come together wait at different places");
  meeting.instruction = instruction;
  int64_t times = meeting.times;
  if (++meeting.arrived == count) {
    act();
    meeting.arrived = 0;
    ++meeting.times;
    ++progress;
    return;
  }
  for (int64_t seen = progress, turns = 0; meeting.times == times; ++turns) {
    yield();
    if (seen != progress) {
      seen = progress;
      turns = 0;
    }
    if (turns > 2)
      report("waits for threads that have ended or wait elsewhere");
  }
}

void Emulator::barrier(int64_t instruction) {
  LaneBarrier here{kernel, reinterpret_cast<const void *>(code), instruction};
  if (leftOut == here)
    return;
  if (!thread && !llvm::is_contained(barriers, here))
    barriers.push_back(here);
  meet(all, alive, instruction, [&] { ++epoch; });
}

float bf16(uint32_t words, int half) { return llvm::bit_cast<float>(half ? words & 0xffff0000u : words << 16); }

/// mma.sync m16n8k16: lane l holds of a (16 x 16) rows l / 4 and that + 8, of b (16 x 8) column l / 4, of both the
/// depths 2 (l % 4), the next, and these + 8; of c (16 x 8) the rows as of a, columns 2 (l % 4) and the next.
void multiplyLanes(uint32_t *const *words) {
  float a[16][16], b[16][8];
  for (int l = 0; l < lanes; ++l)
    for (int e = 0; e < 8; ++e)
      a[l / 4 + 8 * (e / 2 % 2)][2 * (l % 4) + e % 2 + 8 * (e / 4)] = bf16(words[l][e / 2], e % 2);
  for (int l = 0; l < lanes; ++l)
    for (int e = 0; e < 4; ++e)
      b[2 * (l % 4) + e % 2 + 8 * (e / 2)][l / 4] = bf16(words[l][4 + e / 2], e % 2);
  for (int l = 0; l < lanes; ++l)
    for (int e = 0; e < 4; ++e) {
      double sum = llvm::bit_cast<float>(words[l][6 + e]);
      for (int k = 0; k < 16; ++k)
        sum += double(a[l / 4 + 8 * (e / 2)][k]) * b[k][2 * (l % 4) + e % 2];
      words[l][6 + e] = llvm::bit_cast<uint32_t>(float(sum));
    }
}

void Emulator::multiply(int64_t instruction, uint32_t *words) {
  Meeting &warp = warps[thread / lanes];
  warp.words[thread % lanes] = words;
  meet(warp, lanes, instruction, [&] { multiplyLanes(warp.words); });
}

/// ldmatrix: lane l names row l % 8 of matrix l / 8, 8 values of 2 bytes, and gets of each matrix of row l / 4 the
/// values 2 (l % 4) and the next; of `turned` matrices the same of columns.
void Emulator::loadMatrices(int64_t instruction, const char *row, uint32_t *words, bool turned) {
  constexpr int64_t bytesOfRow = 16;
  if (row < shared || row >= shared + sharedBytes)
    report("loads a matrix from elsewhere than shared memory");
  touch(row, bytesOfRow, bytesOfRow, false);
  Meeting &warp = warps[thread / lanes];
  warp.words[thread % lanes] = words;
  warp.rows[thread % lanes] = row;
  meet(warp, lanes, instruction, [&] {
    for (int l = 0; l < lanes; ++l)
      for (int m = 0; m < 4; ++m)
        for (int half = 0; half < 2; ++half) {
          int line = l / 4, at = 2 * (l % 4) + half;
          const char *value = turned ? warp.rows[8 * m + at] + 2 * line : warp.rows[8 * m + line] + 2 * at;
          std::memcpy(reinterpret_cast<char *>(&warp.words[l][m]) + 2 * half, value, 2);
        }
  });
}

/// shfl.sync.bfly: each lane gets the word of the lane whose number differs in the bits of `mask`.
void Emulator::shuffle(int64_t instruction, uint32_t *word, int mask) {
  Meeting &warp = warps[thread / lanes];
  warp.words[thread % lanes] = word;
  meet(warp, lanes, instruction, [&] {
    uint32_t all[lanes];
    for (int l = 0; l < lanes; ++l)
      all[l] = *warp.words[l];
    for (int l = 0; l < lanes; ++l)
      *warp.words[l] = all[l ^ mask];
  });
}

/// cp.async: the place is not to be touched from now until the copy is waited for, which is when it is done here.
void Emulator::copy(char *to, const char *from, int64_t bytes) {
  if (to < shared || to + bytes > shared + sharedBytes)
    report("copies to elsewhere than shared memory");
  touch(from, bytes, bytes, false);
  touch(to, bytes, bytes, true);
  copies[thread].push_back({to, from, bytes, false});
}

void Emulator::commit() {
  for (Copy &c : copies[thread])
    c.committed = true;
}

void Emulator::wait() {
  std::vector<Copy> rest;
  for (const Copy &c : copies[thread]) {
    if (!c.committed) {
      rest.push_back(c);
      continue;
    }
    touch(c.to, c.bytes, c.bytes, true);
    std::memcpy(c.to, c.from, c.bytes);
  }
  copies[thread] = std::move(rest);
}

void Emulator::conflict(const Access &other, const char *what, bool isShared, uintptr_t cell) {
  std::string place = isShared ? "shared memory at " + std::to_string(cell - uintptr_t(shared))
                               : "memory at 0x" + llvm::utohexstr(cell);
  bool sameBlock = other.block == block;
  report(place + ": " + what + (sameBlock ? " by thread " + std::to_string(other.thread) + " since the last barrier"
                                          : " by block " + std::to_string(other.block) + " in the same launch"));
}

void Emulator::touchCell(uintptr_t cell, bool isShared, bool write) {
  Shadow &s = shadows[cell];
  Access now{thread, block, launches, epoch};
  auto conflicts = [&](const Access &other, bool others) {
    if (other.launch != launches)
      return false;
    return other.block != block ? !isShared : other.epoch == epoch && (other.thread != thread || others);
  };
  if (conflicts(s.write, false))
    conflict(s.write, write ? "written here and" : "read here, written", isShared, cell);
  if (write && conflicts(s.read, s.manyRead))
    conflict(s.read, "written here, read", isShared, cell);
  if (write) {
    s.write = now;
  } else {
    s.manyRead = s.read.epoch == epoch && (s.manyRead || s.read.thread != thread);
    s.read = now;
  }
}

void Emulator::touch(const char *address, int64_t bytes, int64_t alignment, bool write) {
  constexpr int64_t word = 4; // cells are words, or smaller if what is touched is
  uintptr_t at = uintptr_t(address);
  if (at % alignment)
    report("touches " + std::to_string(bytes) + " bytes that are not aligned to " + std::to_string(alignment));
  bool isShared = address >= shared && address < shared + sharedBytes + guardBytes;
  if (isShared && address + bytes > shared + sharedBytes)
    report("touches byte " + std::to_string(address - shared) + " of " + std::to_string(sharedBytes) +
           " in shared memory");
  for (int64_t i = 0; i < bytes; i += word)
    touchCell(at + i, isShared, write);
}

void Emulator::runBlock() {
  constexpr size_t mostShadows = 1 << 22;
  if (shadows.size() > mostShadows)
    shadows.clear();
  std::memset(sharedMemory.data(), 0xff, sharedMemory.size());
  ++epoch;
  alive = threads;
  all = {};
  warps.assign((threads + lanes - 1) / lanes, {});
  copies.assign(threads, {});
  ended.assign(threads, false);
  for (int t = 0; t < threads; ++t) {
    getcontext(&fibres[t]);
    fibres[t].uc_stack.ss_sp = &stacks[t * stackBytes];
    fibres[t].uc_stack.ss_size = stackBytes;
    fibres[t].uc_link = nullptr;
    makecontext(&fibres[t], enter, 0);
  }
  thread = 0;
  swapcontext(&main, &fibres[0]);
}

void Emulator::launch(Code what, const char *name, int64_t blocks, int64_t count, int64_t bytes, void *arguments) {
  constexpr size_t alignment = 1024;
  code = what;
  kernel = name;
  cells = arguments;
  sharedBytes = bytes;
  threads = int(count);
  ++launches;
  fibres.resize(threads);
  if (stacks.size() < threads * stackBytes)
    stacks.resize(threads * stackBytes);
  sharedMemory.resize(bytes + guardBytes + alignment);
  shared = reinterpret_cast<char *>((uintptr_t(sharedMemory.data()) + alignment - 1) / alignment * alignment);
  for (block = 0; block < blocks && problem.empty(); ++block)
    runBlock();
}
} // namespace

std::string strand::takeLaneProblem() { return std::exchange(emulator.problem, ""); }

std::vector<LaneBarrier> strand::takeLaneBarriers() { return std::exchange(emulator.barriers, {}); }
void strand::leaveOutLaneBarrier(std::optional<LaneBarrier> barrier) { emulator.leftOut = std::move(barrier); }

std::vector<std::pair<std::string, void *>> strand::laneSymbols() {
  auto symbol = [](const char *name, auto *f) { return std::pair(std::string(name), reinterpret_cast<void *>(f)); };
  return {
      symbol(
          "strand_lane_thread", +[]() -> int32_t { return emulator.thread; }),
      symbol(
          "strand_lane_block", +[]() -> int32_t { return emulator.block; }),
      symbol(
          "strand_lane_shared", +[]() -> void * { return emulator.shared; }),
      symbol(
          "strand_lane_barrier", +[](int64_t instruction) { emulator.barrier(instruction); }),
      symbol(
          "strand_lane_multiply", +[](int64_t instruction, uint32_t *words) { emulator.multiply(instruction, words); }),
      symbol(
          "strand_lane_load_matrices",
          +[](int64_t instruction, const char *row, uint32_t *words, int64_t turned) {
            emulator.loadMatrices(instruction, row, words, turned);
          }),
      symbol(
          "strand_lane_shuffle", +[](int64_t instruction, uint32_t *word,
                                     int32_t mask) { emulator.shuffle(instruction, word, mask); }),
      symbol(
          "strand_lane_copy",
          +[](char *to, const char *from, int64_t bytes) { emulator.copy(to, from, bytes); }),
      symbol(
          "strand_lane_commit", +[]() { emulator.commit(); }),
      symbol(
          "strand_lane_wait", +[]() { emulator.wait(); }),
      symbol(
          "strand_lane_round",
          +[](float x) -> uint16_t {
            uint32_t bits = llvm::bit_cast<uint32_t>(x), odd = bits >> 16 & 1;
            return x == x ? (bits + 0x7fff + odd) >> 16 : 0x7fff;
          }),
      symbol(
          "strand_lane_permute",
          +[](uint32_t low, uint32_t high, uint32_t selector) -> uint32_t {
            uint64_t bytes = uint64_t(high) << 32 | low;
            uint32_t result = 0;
            for (int i = 0; i < 4; ++i)
              result |= uint32_t(bytes >> 8 * (selector >> 4 * i & 7) & 0xff) << 8 * i;
            return result;
          }),
      symbol(
          "strand_lane_touch", +[](const char *address, int64_t bytes, int64_t alignment,
                                   int64_t write) { emulator.touch(address, bytes, alignment, write); }),
      symbol(
          "strand_lane_launch",
          +[](void (*code)(void *), const char *kernel, int64_t blocks, int64_t threads, int64_t shared, void *cells) {
            emulator.launch(code, kernel, blocks, threads, shared, cells);
          })};
}
