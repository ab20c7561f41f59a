#include "lib/Check/LaneGroups.h"
#include "llvm/ADT/bit.h"
#include <vector>
using namespace strand;
namespace {
constexpr int64_t lines = linesOfLaneGroup, depth = 16;

/// A factor in shared memory, from the fields of a descriptor. Places in it are turned by their own bits: of the bits
/// above 4, as many as the swizzle has are changed by those above 7.
struct Descriptor {
  int64_t start, panels, rows, swizzle;
  explicit Descriptor(uint64_t bits)
      : start(field(bits, 0)), panels(field(bits, 16)), rows(field(bits, 32)), swizzle(bits >> 62) {}

  static int64_t field(uint64_t bits, int first) { return int64_t(bits >> first & 0x3fff) * 16; }
  int64_t bytesOfRow() const { return 256 >> swizzle; }

  int64_t place(int64_t line, int64_t k, bool turned) const {
    int64_t row = turned ? k : line, column = turned ? line : k, width = bytesOfRow() / 2;
    int64_t panel = turned ? column / width * panels : 0, inRow = turned ? column % width : column;
    int64_t at = start + row / 8 * rows + row % 8 * bytesOfRow() + panel + 2 * inRow;
    return at ^ (at >> 3 & (bytesOfRow() - 16));
  }
  /// The bits that no layout here has.
  static std::string problem(uint64_t bits) {
    constexpr uint64_t others = uint64_t(3) << 14 | uint64_t(3) << 30 | uint64_t(0xffff) << 46;
    bool isKnown = bits >> 62 && !(bits & others);
    return isKnown ? "" : "a descriptor of a product has no swizzle, or bits that are none of its fields";
  }
};

float asFloat(uint16_t bits) { return llvm::bit_cast<float>(uint32_t(bits) << 16); }

std::vector<float> factor(uint64_t bits, int64_t count, bool turned, llvm::function_ref<uint16_t(int64_t)> read) {
  Descriptor descriptor(bits);
  std::vector<float> values;
  for (int64_t line = 0; line < count; ++line)
    for (int64_t k = 0; k < depth; ++k)
      values.push_back(asFloat(read(descriptor.place(line, k, turned))));
  return values;
}
} // namespace

bool strand::hasPanels(uint64_t descriptor, int64_t lines, bool turned) {
  return turned && 2 * lines > Descriptor(descriptor).bytesOfRow();
}

std::string strand::multiplyLaneGroup(const GroupOperands *threads, const GroupShape &shape,
                                      llvm::function_ref<uint16_t(int64_t)> read,
                                      llvm::function_ref<float(int, int64_t)> sumOf,
                                      llvm::function_ref<void(int, int64_t, float)> putSum) {
  const GroupOperands &all = threads[0];
  for (int t = 0; t < threadsOfLaneGroup; ++t)
    if (threads[t].second != all.second || (!threads[t].words && threads[t].first != all.first))
      return "threads of a warpgroup have different descriptors";
  for (uint64_t bits : {all.second, all.words ? all.second : all.first})
    if (std::string problem = Descriptor::problem(bits); !problem.empty())
      return problem;
  std::vector<float> second = factor(all.second, shape.columns, shape.secondTurned, read), first;
  if (all.words)
    for (int64_t line = 0; line < lines; ++line)
      for (int64_t k = 0; k < depth; ++k) { // words as of mma.sync: 8 lines later, 8 of the depth later
        int64_t thread = line / 16 * 32 + line % 8 * 4 + k % 8 / 2, word = line / 8 % 2 + 2 * (k / 8);
        first.push_back(asFloat(threads[thread].words[word] >> 16 * (k % 2)));
      }
  else
    first = factor(all.first, lines, shape.firstTurned, read);
  for (int t = 0; t < threadsOfLaneGroup; ++t)
    for (int64_t i = 0; i < shape.columns / 2; ++i) {
      int64_t line = t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + t % 4 * 2 + i % 2;
      double sum = shape.addsSums ? sumOf(t, i) : 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += double(first[line * depth + k]) * second[column * depth + k];
      putSum(t, i, float(sum));
    }
  return "";
}
