#include "lib/Codegen/Gpu/BulkCopies.h"
#include "lib/Codegen/IndexMath.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t bytesOfBarrier = 8, barriers = bytesOfRing / bytesOfBarrier;

// What an instruction begins with, in front of its operands.
constexpr StringLiteral beginText = "mbarrier.init.shared::cta.b64 ", endText = "mbarrier.inval.shared::cta.b64 ",
                        expectText = "@p mbarrier.arrive.expect_tx.shared::cta.b64 _, ",
                        copyText = "@p cp.async.bulk.tensor.2d.shared::cluster.global.tile"
                                   ".mbarrier::complete_tx::bytes ",
                        waitText = "mbarrier.try_wait.parity.shared::cta.b64 p, ";
// Lines around them.
constexpr StringLiteral firstLines = "{\n.reg .pred p;\n",
                        electText = ".reg .b32 leader;\nelect.sync leader|p, 0xffffffff;\n", waitLabel = "await:\n",
                        waitLoop = "@!p bra await;\n", lastLine = "}\n";

void emit(ImplicitLocOpBuilder &b, const std::string &text, ArrayRef<Value> operands) {
  std::string constraints;
  for (Value v : operands)
    constraints += v.getType().isInteger(64) ? "l," : "r,";
  LLVM::InlineAsmOp::create(b, TypeRange(), operands, text, constraints + "~{memory}", /*has_side_effects=*/true,
                            /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
                            LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr());
}

IndexMath words(ImplicitLocOpBuilder &b) { return {b, b.getLoc(), b.getI32Type()}; }

Value barrierOf(ImplicitLocOpBuilder &b, Value ring, Value round) {
  IndexMath i32 = words(b);
  return i32.add(ring, i32.mul(i32.rem(round, barriers), bytesOfBarrier));
}

/// `[$3]`, `$3` or a number, and what may stand in front of the next operand.
bool readNumber(StringRef &text, int64_t &number) {
  text = text.ltrim("[$, {");
  if (text.consumeInteger(10, number))
    return false;
  text = text.ltrim("]}");
  return true;
}
} // namespace

void strand::beginRing(ImplicitLocOpBuilder &b, Value ring) {
  for (int64_t i = 0; i < barriers; ++i)
    emit(b, (beginText + "[$0], 1;\n").str(), words(b).add(ring, i * bytesOfBarrier));
}

void strand::endRing(ImplicitLocOpBuilder &b, Value ring) {
  for (int64_t i = 0; i < barriers; ++i)
    emit(b, (endText + "[$0];\n").str(), words(b).add(ring, i * bytesOfBarrier));
}

// The warp comes here together, and one of its threads acts. A branch to that thread alone would be a loop over all
// threads that might come, since ptxas could not see that it is one.
void strand::sendBoxes(ImplicitLocOpBuilder &b, Value ring, Value round, int64_t bytes, ArrayRef<BoxCopy> copies) {
  SmallVector<Value> operands{barrierOf(b, ring, round)};
  std::string text = (firstLines + electText + expectText + "[$0], " + Twine(bytes) + ";\n").str();
  for (const BoxCopy &c : copies) {
    auto next = [&, n = operands.size()](size_t i) { return "$" + std::to_string(n + i); };
    text += (copyText + "[" + next(0) + "], [" + next(1) + ", {" + next(2) + ", " + next(3) + "}], [$0];\n").str();
    operands.append({c.to, c.map, c.column, c.row});
  }
  emit(b, text + lastLine.str(), operands);
}

void strand::awaitBoxes(ImplicitLocOpBuilder &b, Value ring, Value round) {
  IndexMath i32 = words(b);
  Value parity = i32.rem(i32.div(round, barriers), 2);
  emit(b, (firstLines + waitLabel + waitText + "[$0], $1;\n" + waitLoop + lastLine).str(),
       {barrierOf(b, ring, round), parity});
}

bool strand::isBulkText(StringRef text) { return text.contains("mbarrier."); }

std::optional<SmallVector<BulkInstruction>> strand::readBulkText(StringRef text) {
  SmallVector<BulkInstruction> all;
  SmallVector<StringRef> lines, others;
  for (StringRef around : {firstLines, electText, waitLabel, waitLoop, lastLine})
    around.split(others, '\n', -1, false);
  text.split(lines, '\n', -1, false);
  for (StringRef line : lines) {
    BulkInstruction made{};
    int64_t count = 1;
    bool isRead = true;
    if (llvm::is_contained(others, line))
      continue;
    if (line.consume_front(beginText)) {
      made.kind = BulkInstruction::begin;
      isRead = readNumber(line, made.barrier) && readNumber(line, count) && count == 1;
    } else if (line.consume_front(endText)) {
      made.kind = BulkInstruction::end;
      isRead = readNumber(line, made.barrier);
    } else if (line.consume_front(expectText)) {
      made.kind = BulkInstruction::expect;
      isRead = readNumber(line, made.barrier) && readNumber(line, made.bytes);
    } else if (line.consume_front(copyText)) {
      made.kind = BulkInstruction::copy;
      for (int64_t *operand : {&made.to, &made.map, &made.column, &made.row, &made.barrier})
        isRead &= readNumber(line, *operand);
    } else if (line.consume_front(waitText)) {
      made.kind = BulkInstruction::wait;
      isRead = readNumber(line, made.barrier) && readNumber(line, made.parity);
    } else {
      return {};
    }
    if (!isRead || line != ";")
      return {};
    all.push_back(made);
  }
  return all;
}
