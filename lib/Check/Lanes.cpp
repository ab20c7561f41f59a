// A fibre yields to the next one of its block that has not ended. Who is the last to come where all have to be does
// what they are there for, and goes on.
#include "lib/Check/Lanes.h"
#include "lib/Check/LaneCopies.h"
#include "lib/Check/LaneGroups.h"
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
constexpr const char *withoutFence = " with no fence.proxy.async between that and a barrier";

/// Who was the last to read or write a cell of memory, and when.
struct Access {
  int thread = -1, block = -1;
  int64_t launch = -1, epoch = -1; // epoch: barriers so far, of all blocks
};

struct Shadow {
  Access write, read;
  bool manyRead = false; // several threads read it in the epoch of `read`
  size_t fences = 0;     // proxy fences that the writer had come to
  size_t readFences = 0; // and the reader
  bool isLoaded = false; // the reader is a thread by itself, and no product
  int64_t product = 0;   // of a warpgroup, the last that read it
  int64_t copy = 0;      // of the copy engine, that writes or has written it; 0: a thread has
};

/// Threads that wait for each other.
struct Meeting {
  int arrived = 0;
  int64_t times = 0, instruction = 0;
  uint32_t *words[lanes];
  const char *rows[lanes];
};

/// A warpgroup at a product.
struct GroupMeeting : Meeting {
  GroupOperands operands[threadsOfLaneGroup];
};

/// Of a thread: sums of products on their way, and who may see what. A sum that has not been waited for is a NaN that
/// names it.
struct GroupThread {
  struct Sum {
    uint32_t bits;
    int64_t group; // -1: not committed
    bool isTaken;  // another product adds to it, or it has been waited for
  };
  std::vector<Sum> sums;
  std::vector<int64_t> groups;           // of each committed group the last product
  int64_t last = 0, waited = allWaited;  // products: the last; those up to which it has waited
  bool isFenced = false;                 // wgmma.fence since the last group
  std::vector<int64_t> proxyFences;      // the epoch of each

  static constexpr int64_t allWaited = INT64_MAX;
  static constexpr uint32_t nan = 0xffc00000, numbers = 0x3fffff;
  Sum *named(uint32_t bits) {
    uint32_t number = bits & numbers;
    return (bits & ~numbers) == nan && number && number <= sums.size() ? &sums[number - 1] : nullptr;
  }
};

class Emulator {
public:
  using Code = void (*)(void *cells);
  void launch(Code code, const char *kernel, int64_t blocks, int64_t threads, int64_t sharedBytes, void *cells);
  void barrier(int64_t instruction);
  void proxyFence(int64_t number);
  void groupFence(int64_t number);
  void groupMultiply(int64_t instruction, const GroupOperands &operands, const GroupShape &shape);
  void groupCommit();
  void groupWait(int64_t number, int64_t pending, uint32_t *words, int64_t count);
  void bulkBegin(uint32_t barrier, bool begins);
  void bulkExpect(int64_t number, uint32_t barrier, int64_t bytes);
  void bulkCopy(int64_t number, uint32_t barrier, uint32_t to, const LaneBoxes &boxes, int32_t column, int32_t row);
  void bulkWait(int64_t number, uint32_t barrier, int64_t parity);
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
  std::vector<LaneFault> faults; // whose places threads came to
  std::optional<LaneFault> planted;

private:
  void runBlock();
  void yield();
  void report(const std::string &text);
  /// Calls `act` once all `count` are at the instruction; false if they are not at the same.
  template <typename Act> void meet(Meeting &meeting, int count, int64_t instruction, Act act);
  /// Lets others go on until `isOver`.
  template <typename Over> void await(Over isOver, const char *otherwise);
  bool isPlanted(LaneFault::Kind kind, int64_t number);
  void groupRead(int64_t place, std::string &fault);
  bool isFenced(int thread, size_t fences) const;
  std::string unfenced(const Shadow &s) const;
  void bulkWrite(int64_t place, int64_t copy);
  int64_t placeOf(uint32_t address) const { return uint32_t(address - uint32_t(uintptr_t(shared))); }
  int64_t barrierAt(uint32_t address);
  GroupOperands withFault(int64_t instruction, GroupOperands operands, const GroupShape &shape);
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
  std::vector<GroupMeeting> groups;
  std::vector<GroupThread> groupThreads;
  int64_t products = 0;
  LaneCopies engine;
  int64_t lastSeen = 0; // the copy that a product read last
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
  if (!emulator.groupThreads[emulator.thread].sums.empty())
    emulator.report("ends before its products have been waited for");
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
  await([&] { return meeting.times != times; }, "waits for threads that have ended or wait elsewhere");
}

template <typename Over> void Emulator::await(Over isOver, const char *otherwise) {
  for (int64_t seen = progress, turns = 0; !isOver(); ++turns) {
    yield();
    if (seen != progress) {
      seen = progress;
      turns = 0;
    }
    if (turns > 2)
      report(otherwise);
  }
}

bool Emulator::isPlanted(LaneFault::Kind kind, int64_t number) {
  LaneFault here{kind, kernel, reinterpret_cast<const void *>(code), number};
  if (planted == here)
    return true;
  if (!thread && !llvm::is_contained(faults, here))
    faults.push_back(here);
  return false;
}

void Emulator::barrier(int64_t instruction) {
  if (isPlanted(LaneFault::barrier, instruction))
    return;
  meet(all, alive, instruction, [&] {
    ++epoch;
    engine.meet();
  });
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

/// fence.proxy.async: what this thread wrote may be seen by products, behind the next barrier.
void Emulator::proxyFence(int64_t number) {
  if (!isPlanted(LaneFault::proxyFence, number))
    groupThreads[thread].proxyFences.push_back(epoch);
}

void Emulator::groupFence(int64_t number) {
  if (!isPlanted(LaneFault::registerFence, number))
    groupThreads[thread].isFenced = true;
}

/// Whether a thread has come to a proxy fence behind its first `fences` and then to a barrier.
bool Emulator::isFenced(int thread, size_t fences) const {
  const std::vector<int64_t> &all = groupThreads[thread].proxyFences;
  return fences < all.size() && all[fences] != epoch;
}

/// Why what runs beside the threads may not come behind the last write of a cell yet; empty: it may.
std::string Emulator::unfenced(const Shadow &s) const {
  if (s.write.launch != launches || s.write.block != block)
    return "";
  bool isBehind = s.write.epoch != epoch;
  if (isBehind && isFenced(s.write.thread, s.fences))
    return "";
  return "written by thread " + std::to_string(s.write.thread) + (isBehind ? withoutFence : " since the last barrier");
}

/// A product reads bytes of shared memory. The first fault is left to the caller, who is in the middle of a meeting.
void Emulator::groupRead(int64_t place, std::string &fault) {
  constexpr int64_t word = 4;
  uintptr_t cell = uintptr_t(shared) + place / word * word;
  Shadow &s = shadows[cell];
  auto say = [&](const std::string &what) {
    if (fault.empty())
      fault = "shared memory at " + std::to_string(place / word * word) + ": " + what;
  };
  if (place + 2 > sharedBytes)
    say("a product reads it, of " + std::to_string(sharedBytes) + " bytes");
  if (std::string late = unfenced(s); !late.empty())
    say("a product reads it, " + late);
  int first = thread / threadsOfLaneGroup * threadsOfLaneGroup;
  if (engine.isOfBlock(s.copy) && s.copy != lastSeen) {
    for (int t = first; t < first + threadsOfLaneGroup; ++t)
      if (!engine.isSeen(s.copy, t))
        say("a product reads it, brought by a copy for which thread " + std::to_string(t) + " has not waited");
    lastSeen = s.copy;
  }
  s.manyRead = true;
  s.isLoaded = false;
  s.read = {thread, block, launches, epoch};
  s.product = products;
}

/// The descriptors, with a field of them changed if that is to be; strides of panels where there are several.
GroupOperands Emulator::withFault(int64_t instruction, GroupOperands operands, const GroupShape &shape) {
  constexpr std::pair<LaneFault::Kind, uint64_t> fields[] = {{LaneFault::swizzle, uint64_t(3) << 62},
                                                             {LaneFault::rowStride, uint64_t(1) << 36},
                                                             {LaneFault::panelStride, uint64_t(1) << 22}};
  bool panels = hasPanels(operands.second, shape.columns, shape.secondTurned) ||
                (!operands.words && hasPanels(operands.first, linesOfLaneGroup, shape.firstTurned));
  for (auto [kind, bits] : fields)
    if ((kind != LaneFault::panelStride || panels) && isPlanted(kind, instruction)) {
      operands.second ^= bits;
      operands.first ^= operands.words ? 0 : bits;
    }
  return operands;
}

/// wgmma: is done at once, but its sums are not seen before they are waited for.
void Emulator::groupMultiply(int64_t instruction, const GroupOperands &operands, const GroupShape &shape) {
  int group = thread / threadsOfLaneGroup, first = group * threadsOfLaneGroup;
  if (!groupThreads[thread].isFenced)
    report("multiplies what is in registers with no wgmma.fence in front");
  if (threads < first + threadsOfLaneGroup)
    report("multiplies in a warpgroup of less than four warps");
  GroupMeeting &meeting = groups[group];
  meeting.operands[thread - first] = withFault(instruction, operands, shape);
  std::string fault;
  meet(meeting, threadsOfLaneGroup, instruction, [&] {
    ++products;
    lastSeen = 0;
    auto read = [&](int64_t place) {
      groupRead(place, fault);
      uint16_t bits = 0;
      if (place + 2 <= sharedBytes)
        std::memcpy(&bits, shared + place, 2);
      return bits;
    };
    auto sumOf = [&](int t, int64_t i) {
      GroupThread &state = groupThreads[first + t];
      uint32_t bits = meeting.operands[t].sums[i];
      GroupThread::Sum *named = state.named(bits);
      if (named)
        named->isTaken = true;
      return llvm::bit_cast<float>(named ? named->bits : bits);
    };
    auto putSum = [&](int t, int64_t i, float sum) {
      GroupThread &state = groupThreads[first + t];
      state.sums.push_back({llvm::bit_cast<uint32_t>(sum), -1, false});
      meeting.operands[t].sums[i] = GroupThread::nan | uint32_t(state.sums.size());
    };
    std::string problem = multiplyLaneGroup(meeting.operands, shape, read, sumOf, putSum);
    if (fault.empty())
      fault = problem;
    for (int t = 0; t < threadsOfLaneGroup; ++t) {
      GroupThread &state = groupThreads[first + t];
      state.waited = std::min(state.waited, products - 1);
      state.last = products;
    }
  });
  if (!fault.empty())
    report(fault);
}

void Emulator::groupCommit() {
  GroupThread &state = groupThreads[thread];
  for (GroupThread::Sum &sum : state.sums)
    if (sum.group < 0)
      sum.group = state.groups.size();
  state.groups.push_back(state.last);
  state.isFenced = false;
}

/// wgmma.wait_group: all groups but the last `pending` are done; `words` are the sums that the code takes from now on.
void Emulator::groupWait(int64_t number, int64_t pending, uint32_t *words, int64_t count) {
  if (isPlanted(LaneFault::wait, number))
    return;
  GroupThread &state = groupThreads[thread];
  int64_t done = int64_t(state.groups.size()) - pending;
  for (int64_t i = 0; i < count; ++i)
    if (GroupThread::Sum *sum = state.named(words[i]); sum && sum->group >= 0 && sum->group < done) {
      words[i] = sum->bits;
      sum->isTaken = true;
    }
  if (done > 0)
    state.waited = std::max(state.waited, state.groups[done - 1]);
  if (pending)
    return;
  if (llvm::any_of(state.sums, [](const GroupThread::Sum &sum) { return !sum.isTaken; }))
    report("uses sums of a product that have not been waited for");
  state.sums.clear();
  state.groups.clear();
  state.waited = GroupThread::allWaited;
}

/// mbarriers are words that one thread writes; what others do with them counts as reading.
void Emulator::bulkBegin(uint32_t barrier, bool begins) {
  touchCell(uintptr_t(shared) + placeOf(barrier), true, true);
  std::string problem = begins ? engine.begin(placeOf(barrier)) : engine.end(placeOf(barrier));
  if (!problem.empty())
    report(problem);
}

int64_t Emulator::barrierAt(uint32_t address) {
  int64_t place = placeOf(address);
  if (!engine.knows(place))
    report("there is no mbarrier in shared memory at " + std::to_string(place));
  touchCell(uintptr_t(shared) + place, true, false);
  return place;
}

/// mbarrier.arrive.expect_tx, of the elected thread: the first of its warp.
void Emulator::bulkExpect(int64_t number, uint32_t barrier, int64_t bytes) {
  constexpr int64_t someBytes = 16;
  if (thread % lanes)
    return;
  if (isPlanted(LaneFault::expectedBytes, number))
    bytes -= someBytes;
  if (isPlanted(LaneFault::expectation, number))
    bytes = 0;
  if (std::string problem = engine.expect(barrierAt(barrier), bytes); !problem.empty())
    report(problem);
  ++progress;
}

/// cp.async.bulk.tensor, of the elected thread. It may write at once: what must not come behind it is looked for now.
void Emulator::bulkCopy(int64_t number, uint32_t barrier, uint32_t to, const LaneBoxes &described, int32_t column,
                        int32_t row) {
  constexpr int64_t word = 4, alignment = 128, someBytes = 16;
  if (thread % lanes)
    return;
  LaneBoxes boxes = described;
  if (isPlanted(LaneFault::boxSwizzle, number))
    boxes.swizzle = boxes.swizzle == 64 ? 32 : 64;
  if (isPlanted(LaneFault::boxStride, number))
    boxes.stride += someBytes;
  int64_t place = placeOf(to);
  if (place % alignment || place + boxes.bytes() > sharedBytes)
    report("copies a box to shared memory at " + std::to_string(place) + " of " + std::to_string(sharedBytes) +
           ", or not to a multiple of " + std::to_string(alignment));
  boxes.eachElement(place, column, row, [&](int64_t, const char *from) {
    if (from && uintptr_t(from) % word == 0)
      touchCell(uintptr_t(from), false, false);
  });
  int64_t arrival = barrierAt(barrier);
  if (std::string late = unfenced(shadows[uintptr_t(shared) + arrival]); !late.empty())
    report("copies to an mbarrier " + late);
  int64_t copy = engine.send(boxes, arrival, place, column, row);
  for (int64_t i = 0; i < boxes.bytes(); i += word)
    bulkWrite(place + i, copy);
}

void Emulator::bulkWrite(int64_t place, int64_t copy) {
  Shadow &s = shadows[uintptr_t(shared) + place];
  auto say = [&](const std::string &what) {
    report("shared memory at " + std::to_string(place) + ": a copy writes it, " + what);
  };
  if (std::string late = unfenced(s); !late.empty())
    say(late);
  if (s.read.launch == launches && s.read.block == block) {
    auto reader = [&] { return "read by thread " + std::to_string(s.read.thread); };
    if (s.read.epoch == epoch)
      say(reader() + " since the last barrier");
    else if (s.isLoaded && !isFenced(s.read.thread, s.readFences)) // the load may still be on its way
      say(reader() + withoutFence);
  }
  if (s.product && llvm::any_of(groupThreads, [&](const GroupThread &t) { return s.product > t.waited; }))
    say("read by a product that has not been waited for");
  if (engine.isOfBlock(s.copy) && engine.isOnItsWay(s.copy))
    say("and so does another that is on its way");
  s = {};
  s.copy = copy;
}

/// mbarrier.try_wait.parity until it succeeds.
void Emulator::bulkWait(int64_t number, uint32_t address, int64_t parity) {
  if (isPlanted(LaneFault::arrivalWait, number))
    return;
  if (isPlanted(LaneFault::parity, number))
    parity ^= 1;
  int64_t barrier = barrierAt(address);
  auto isOver = [&] {
    if (!engine.hasEnded(barrier, parity))
      engine.land(barrier, [&](const LaneCopies::Copy &c) {
        c.boxes.eachElement(c.to, c.column, c.row, [&](int64_t place, const char *from) {
          uint16_t bits = 0;
          if (from)
            std::memcpy(&bits, from, sizeof bits);
          std::memcpy(shared + place, &bits, sizeof bits);
        });
        ++progress;
      });
    return engine.hasEnded(barrier, parity);
  };
  await(isOver, "waits for copies that do not come, or for other bytes than they bring");
  engine.see(barrier, thread);
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
  if (engine.isOfBlock(s.copy) && isShared && !engine.isSeen(s.copy, thread))
    report("shared memory at " + std::to_string(cell - uintptr_t(shared)) + ": " + (write ? "written" : "read") +
           " here, brought by a copy that has not been waited for");
  if (write && s.product && llvm::any_of(groupThreads, [&](const GroupThread &t) { return s.product > t.waited; }))
    report("shared memory at " + std::to_string(cell - uintptr_t(shared)) +
           ": written here, read by a product that has not been waited for");
  if (write) {
    s.write = now;
    s.fences = groupThreads[thread].proxyFences.size();
    s.product = s.copy = 0;
  } else {
    s.manyRead = s.read.epoch == epoch && (s.manyRead || s.read.thread != thread);
    s.read = now;
    s.isLoaded = true;
    s.readFences = groupThreads[thread].proxyFences.size();
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
  groups.assign((threads + threadsOfLaneGroup - 1) / threadsOfLaneGroup, {});
  groupThreads.assign(threads, {});
  engine.clear(threads);
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
  constexpr size_t alignment = 1 << 18; // so that what descriptors hold of an address are places
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

std::vector<LaneFault> strand::takeLaneFaults() { return std::exchange(emulator.faults, {}); }
void strand::plantLaneFault(std::optional<LaneFault> fault) { emulator.planted = std::move(fault); }

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
          "strand_lane_proxy_fence", +[](int64_t number) { emulator.proxyFence(number); }),
      symbol(
          "strand_lane_group_fence", +[](int64_t number) { emulator.groupFence(number); }),
      symbol(
          "strand_lane_group_multiply",
          +[](int64_t instruction, uint32_t *sums, const uint32_t *words, uint64_t first, uint64_t second,
              int64_t columns, int64_t addsSums, int64_t firstTurned, int64_t secondTurned) {
            emulator.groupMultiply(instruction, {sums, words, first, second},
                                   {columns, addsSums != 0, firstTurned != 0, secondTurned != 0});
          }),
      symbol(
          "strand_lane_group_commit", +[]() { emulator.groupCommit(); }),
      symbol(
          "strand_lane_group_wait",
          +[](int64_t number, int64_t pending, uint32_t *words, int64_t count) {
            emulator.groupWait(number, pending, words, count);
          }),
      symbol(
          "strand_lane_bulk_begin",
          +[](uint32_t barrier, int64_t begins) { emulator.bulkBegin(barrier, begins != 0); }),
      symbol(
          "strand_lane_bulk_expect",
          +[](int64_t number, uint32_t barrier, int64_t bytes) { emulator.bulkExpect(number, barrier, bytes); }),
      symbol(
          "strand_lane_bulk_copy",
          +[](int64_t number, uint32_t barrier, uint32_t to, const LaneBoxes *boxes, int32_t column, int32_t row) {
            emulator.bulkCopy(number, barrier, to, *boxes, column, row);
          }),
      symbol(
          "strand_lane_bulk_wait",
          +[](int64_t number, uint32_t barrier, int32_t parity) { emulator.bulkWait(number, barrier, parity); }),
      symbol(
          "strand_rt_boxes",
          +[](void *, LaneBoxes *map, const char *matrix, int64_t rows, int64_t columns, int64_t boxRows,
              int64_t boxColumns) {
            static_assert(sizeof(LaneBoxes) <= 128, "a tensor map");
            *map = {matrix, rows, columns, 2 * columns, boxRows, boxColumns, 2 * boxColumns};
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
