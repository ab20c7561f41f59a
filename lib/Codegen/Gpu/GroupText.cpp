#include "lib/Codegen/Gpu/GroupText.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
using namespace llvm;
using namespace strand;
namespace {

/// What registers of the text hold: sums of a lower word, or descriptors.
using Registers = StringMap<GroupInstruction::Factor>;

/// `lower, $3, 128`
bool readSum(StringRef text, Registers &registers) {
  auto [name, rest] = text.split(", $");
  GroupInstruction::Factor &sum = registers[name];
  sum.operands.resize(1);
  return !rest.consumeInteger(10, sum.operands[0]) && rest.consume_front(", ") && !rest.getAsInteger(10, sum.behind);
}

/// `first, {lower, 0x40000040}` or `first, {$3, 0x40000040}`
bool readDescriptor(StringRef text, Registers &registers) {
  auto [name, words] = text.split(", {");
  auto [lower, upper] = words.split(", ");
  GroupInstruction::Factor made;
  if (int64_t number; lower.consume_front("$") && !lower.getAsInteger(10, number))
    made.operands.push_back(number);
  else if (auto known = registers.find(lower); known != registers.end())
    made = known->second;
  if (made.operands.empty() || !upper.consume_back("}") || upper.getAsInteger(0, made.upper))
    return false;
  registers[name] = made;
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
std::optional<GroupInstruction> readMultiply(StringRef text, const Registers &registers) {
  GroupInstruction made{GroupInstruction::multiply};
  if (text.consumeInteger(10, made.columns) || !text.consume_front("k16.f32.bf16.bf16 "))
    return {};
  auto sums = readOperands(text);
  if (!sums || int64_t(sums->size()) != made.columns / 2)
    return {};
  for (auto [i, number] : enumerate(*sums))
    if (number != sums->front() + int64_t(i))
      return {};
  made.sums = sums->front();
  auto readFactor = [&](GroupInstruction::Factor &factor) {
    auto [name, rest] = text.split(", ");
    if (auto known = registers.find(name); known != registers.end()) {
      factor = known->second;
      text = rest;
    } else if (auto words = readOperands(text); words && words->size() == 4) {
      factor.operands = *words;
    }
    return !factor.operands.empty();
  };
  if (!readFactor(made.first) || !readFactor(made.second) || !made.second.isDescriptor())
    return {};
  SmallVector<StringRef> rest;
  text.split(rest, ", ");
  if (rest.size() != (made.first.isDescriptor() ? 5 : 4) || rest[1] != "1" || rest[2] != "1")
    return {};
  made.addsSums = rest[0] == "1"; // else a predicate that does not hold
  made.firstTurned = made.first.isDescriptor() && rest[3] == "1";
  made.secondTurned = rest.back() == "1";
  return made;
}
} // namespace

bool strand::isGroupText(StringRef text) { return text.contains("wgmma."); }

std::optional<SmallVector<GroupInstruction>> strand::readGroupText(StringRef text) {
  SmallVector<GroupInstruction> all;
  Registers registers;
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, false);
  for (StringRef line : lines) {
    line.consume_back(";");
    if (line.consume_front("wgmma.mma_async.sync.aligned.m64n")) {
      auto made = readMultiply(line, registers);
      if (!made)
        return {};
      all.push_back(*made);
    } else if (line.consume_front("add.s32 ")) {
      if (!readSum(line, registers))
        return {};
    } else if (line.consume_front("mov.b64 ")) {
      if (!readDescriptor(line, registers))
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
