#include "lib/Codegen/Gpu/GroupText.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
using namespace llvm;
using namespace strand;
namespace {

/// Registers of the text that hold an operand and what is added to it.
using SumsOfText = StringMap<std::pair<int64_t, int64_t>>;

/// `sum, $3, 128`
bool readSum(StringRef text, SumsOfText &sums) {
  auto [name, rest] = text.split(", $");
  std::pair<int64_t, int64_t> &sum = sums[name];
  return !rest.consumeInteger(10, sum.first) && rest.consume_front(", ") && !rest.getAsInteger(10, sum.second);
}

/// A descriptor: an operand, or a register that holds it and more.
bool readDescriptor(StringRef &text, const SumsOfText &sums, int64_t &number, int64_t &behind) {
  auto [name, rest] = text.split(", ");
  auto sum = sums.find(name);
  if (sum == sums.end())
    return false;
  text = rest;
  std::tie(number, behind) = sum->second;
  return true;
}

/// An operand, `$3`, or several in braces.
std::optional<SmallVector<int64_t>> readOperands(StringRef &text) {
  SmallVector<int64_t> numbers;
  bool isList = text.consume_front("{");
  do {
    int64_t number;
    text = text.ltrim();
    if (!text.consume_front("$") || text.consumeInteger(10, number))
      return {};
    numbers.push_back(number);
  } while (isList && text.consume_front(","));
  if (isList && !text.consume_front("}"))
    return {};
  text.consume_front(",");
  text = text.ltrim();
  return numbers;
}

/// `wgmma.mma_async... {sums}, first, second, adds, 1, 1, turned..`, behind the number of columns.
std::optional<GroupInstruction> readMultiply(StringRef text, const SumsOfText &known) {
  GroupInstruction made{GroupInstruction::multiply};
  if (text.consumeInteger(10, made.columns) || !text.consume_front("k16.f32.bf16.bf16 "))
    return {};
  auto sums = readOperands(text);
  auto readFactor = [&](int64_t &behind) -> std::optional<SmallVector<int64_t>> {
    int64_t number;
    if (readDescriptor(text, known, number, behind))
      return SmallVector<int64_t>{number};
    return readOperands(text);
  };
  auto first = readFactor(made.firstBehind), second = readFactor(made.secondBehind);
  if (!sums || !first || !second || int64_t(sums->size()) != made.columns / 2 || second->size() != 1)
    return {};
  for (auto [i, number] : enumerate(*sums))
    if (number != sums->front() + int64_t(i))
      return {};
  made.sums = sums->front();
  made.first = *first;
  made.second = second->front();
  SmallVector<StringRef> rest;
  text.split(rest, ", ");
  if (rest.size() != (first->size() == 4 ? 4 : 5) || rest[1] != "1" || rest[2] != "1")
    return {};
  made.addsSums = rest[0] == "1"; // else a predicate that does not hold
  made.firstTurned = first->size() == 1 && rest[3] == "1";
  made.secondTurned = rest.back() == "1";
  return made;
}
} // namespace

bool strand::isGroupText(StringRef text) { return text.contains("wgmma."); }

std::optional<SmallVector<GroupInstruction>> strand::readGroupText(StringRef text) {
  SmallVector<GroupInstruction> all;
  SumsOfText sums;
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, false);
  for (StringRef line : lines) {
    line.consume_back(";");
    if (line.consume_front("wgmma.mma_async.sync.aligned.m64n")) {
      auto made = readMultiply(line, sums);
      if (!made)
        return {};
      all.push_back(*made);
    } else if (line.consume_front("add.s64 ")) {
      if (!readSum(line, sums))
        return {};
    } else if (line == "wgmma.fence.sync.aligned") {
      all.push_back({GroupInstruction::fence});
    } else if (line == "wgmma.commit_group.sync.aligned") {
      all.push_back({GroupInstruction::commit});
    } else if (line.consume_front("wgmma.wait_group.sync.aligned ")) {
      all.push_back({GroupInstruction::wait});
      if (line.getAsInteger(10, all.back().pending))
        return {};
    } else if (line != "{" && line != "}" && !line.starts_with(".reg ") && line != "setp.ne.b32 p, 0, 0") {
      return {};
    }
  }
  return all;
}
