#include "lib/Check/LaneCopies.h"
#include "llvm/ADT/STLExtras.h"
using namespace strand;

// Places are turned by their own bits: of the bits above 4, as many as the swizzle has are changed by those above 7.
void LaneBoxes::eachElement(int64_t to, int64_t column, int64_t row,
                            llvm::function_ref<void(int64_t place, const char *from)> act) const {
  for (int64_t r = 0; r < boxRows; ++r)
    for (int64_t c = 0; c < boxColumns; ++c) {
      int64_t place = to + 2 * (r * boxColumns + c), y = row + r, x = column + c;
      bool isInside = matrix && y >= 0 && y < rows && x >= 0 && x < columns;
      act(place ^ (place >> 3 & (swizzle - 16)), isInside ? matrix + y * stride + 2 * x : nullptr);
    }
}

/// The next phase, if this one waits for nothing more.
bool LaneCopies::Barrier::endPhase() {
  if (pending || bytes)
    return false;
  ++phase;
  pending = 1;
  return true;
}

void LaneCopies::clear(int count) {
  threads = count;
  first += copies.size();
  copies.clear();
  recent.clear();
  barriers.clear();
}

std::string LaneCopies::begin(int64_t barrier) {
  return barriers.try_emplace(barrier).second ? "" : "begins an mbarrier that has not ended";
}

std::string LaneCopies::end(int64_t barrier) {
  for (const Copy &c : copies)
    if (c.barrier == barrier && c.phase < 0)
      return "ends an mbarrier to which a copy is on its way";
  return barriers.erase(barrier) ? "" : "ends an mbarrier that there is not";
}

std::string LaneCopies::expect(int64_t barrier, int64_t bytes) {
  Barrier &b = barriers[barrier];
  if (!b.pending)
    return "arrives at an mbarrier whose phase has all of its arrivals";
  --b.pending;
  b.bytes += bytes;
  b.endPhase();
  return "";
}

int64_t LaneCopies::send(const LaneBoxes &boxes, int64_t barrier, int64_t to, int32_t column, int32_t row) {
  copies.push_back({boxes, barrier, to, column, row, -1, std::vector<bool>(threads), false, false});
  recent.push_back(first + copies.size() - 1);
  return recent.back();
}

bool LaneCopies::hasEnded(int64_t barrier, int64_t parity) const {
  return barriers.lookup(barrier).phase % 2 != parity;
}

void LaneCopies::land(int64_t barrier, llvm::function_ref<void(const Copy &)> write) {
  Barrier &b = barriers[barrier];
  for (int64_t number : recent) {
    Copy &c = copies[number - first];
    if (c.barrier != barrier || c.phase >= 0)
      continue;
    write(c);
    c.phase = b.phase;
    b.bytes -= c.boxes.bytes();
    b.endPhase();
  }
}

void LaneCopies::see(int64_t barrier, int thread) {
  for (int64_t number : recent) {
    Copy &c = copies[number - first];
    if (c.barrier == barrier && c.phase >= 0 && c.phase < barriers[barrier].phase)
      c.seenBy[thread] = c.seenByAny = true;
  }
}

void LaneCopies::meet() {
  for (int64_t number : recent)
    copies[number - first].seenByAll |= copies[number - first].seenByAny;
  llvm::erase_if(recent, [&](int64_t number) { return copies[number - first].seenByAll; });
}
