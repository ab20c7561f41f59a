#include "lib/Codegen/Gpu/Wgmma.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
using namespace mlir;
using namespace strand;
namespace {

int64_t swizzleOf(int64_t bytesOfRow) { return bytesOfRow == 128 ? 1 : bytesOfRow == 64 ? 2 : 3; }

/// PTX with numbered operands: results, sums that become them, then others.
class GroupText {
public:
  GroupText(ImplicitLocOpBuilder &b, int64_t results, ArrayRef<Value> sums) : b(b), results(results) {
    for (int64_t i = 0; i < results; ++i)
      constraints += (i ? ",=&f" : "=&f"); // results are written while factors are still read
    for (int64_t i = 0; i < int64_t(sums.size()); ++i)
      constraints += "," + std::to_string(i);
    llvm::append_range(operands, sums);
  }
  void line(const Twine &instruction) { text += instruction.str() + "\n"; }
  std::string operand(Value v) {
    operands.push_back(v);
    constraints += v.getType().isInteger(64) ? ",l" : ",r";
    return "$" + std::to_string(results + operands.size() - 1);
  }
  static std::string list(ArrayRef<std::string> names) { return "{" + llvm::join(names, ", ") + "}"; }

  SmallVector<Value> emit() {
    SmallVector<Type> types(results, b.getF32Type());
    auto all = LLVM::LLVMStructType::getLiteral(b.getContext(), types);
    auto dialect = LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT);
    Value made = LLVM::InlineAsmOp::create(b, all, operands, text, constraints + ",~{memory}",
                                           /*has_side_effects=*/true, /*is_align_stack=*/false,
                                           LLVM::tailcallkind::TailCallKind::None, dialect, ArrayAttr())
                     .getResult(0);
    SmallVector<Value> values;
    for (int64_t i = 0; i < results; ++i)
      values.push_back(LLVM::ExtractValueOp::create(b, made, i));
    return values;
  }

private:
  ImplicitLocOpBuilder &b;
  int64_t results;
  SmallVector<Value> operands;
  std::string text, constraints;
};
} // namespace

Value strand::groupDescriptor(ImplicitLocOpBuilder &b, const Plane &plane, bool turned, int64_t firstLine, int64_t k) {
  constexpr int64_t unit = 16, window = 0x3ffff, rowsOfCore = 8;
  int64_t depth = k * depthOfGroup, row = turned ? depth : firstLine, column = turned ? firstLine : depth;
  int64_t width = plane.columnsOfPanel();
  int64_t offset = column / width * plane.bytesOfPanel() + row * plane.bytesOfRow() + column % width * 2;
  int64_t panels = turned ? plane.bytesOfPanel() / unit : 1, rows = rowsOfCore * plane.bytesOfRow() / unit;
  IndexMath i32{b, b.getLoc(), b.getI32Type()}, i64{b, b.getLoc(), b.getI64Type()};
  Value address = LLVM::PtrToIntOp::create(b, b.getI32Type(), plane.pointer);
  Value begin = i32.div(arith::AndIOp::create(b, address, i32.of(window)), i32.of(unit));
  Value low = arith::ExtUIOp::create(b, b.getI64Type(), i32.add(begin, offset / unit | panels << 16));
  return arith::OrIOp::create(b, low, i64.of(rows << 32 | swizzleOf(plane.bytesOfRow()) << 62));
}

// One text, so that nothing comes between: what stands in front of it wrote the sums and words, what stands behind it
// has the results.
SmallVector<Value> strand::multiplyGroup(ImplicitLocOpBuilder &b, const GroupProduct &product, ArrayRef<Value> sums) {
  int64_t each = product.columns / 2, steps = product.steps.size() / product.blocks;
  GroupText text(b, product.blocks * each, sums);
  text.line("{");
  if (sums.empty()) {
    text.line(".reg .pred p;");
    text.line("setp.ne.b32 p, 0, 0;");
  }
  // sums and words were written by the thread
  text.line("wgmma.fence.sync.aligned;");
  DenseMap<Value, std::string> seconds;
  for (auto [i, step] : llvm::enumerate(product.steps)) {
    SmallVector<std::string> results, words;
    for (int64_t j = 0; j < each; ++j)
      results.push_back("$" + std::to_string(int64_t(i) / steps * each + j));
    for (Value v : step.first)
      words.push_back(text.operand(v));
    std::string &second = seconds[step.second];
    if (second.empty())
      second = text.operand(step.second);
    bool inRegisters = words.size() > 1, isFirst = sums.empty() && int64_t(i) % steps == 0;
    text.line("wgmma.mma_async.sync.aligned.m64n" + Twine(product.columns) + "k16.f32.bf16.bf16 " +
              GroupText::list(results) + ", " + (inRegisters ? GroupText::list(words) : words[0]) + ", " + second +
              (isFirst ? ", p" : ", 1") + ", 1, 1" +
              (inRegisters ? "" : product.firstTurned ? ", 1" : ", 0") + (product.secondTurned ? ", 1;" : ", 0;"));
  }
  text.line("wgmma.commit_group.sync.aligned;");
  // what follows reads the sums, and others may write the planes behind the next barrier
  text.line("wgmma.wait_group.sync.aligned 0;");
  text.line("}");
  return text.emit();
}

void strand::fenceForGroups(ImplicitLocOpBuilder &b) {
  auto kind = NVVM::ProxyKindAttr::get(b.getContext(), NVVM::ProxyKind::async_shared);
  auto space = NVVM::SharedSpaceAttr::get(b.getContext(), NVVM::SharedSpace::shared_cta);
  NVVM::FenceProxyOp::create(b, kind, space);
}

bool TileCode::isOfGroup(const Factors &factors) const {
  return program.wgmma && at.warps == warpsOfGroup && factors.lines % linesOfGroup == 0 &&
         factors.columns <= mostColumnsOfGroup;
}

void TileCode::emitGroupProduct(const TileStep &step, const Factors &factors) {
  linalg::LinalgOp op = step.op;
  Value out = tileOf(op.getDpsInits()[0]), first = program.sourceOf(tileOf(factors.first->get())),
        second = program.sourceOf(tileOf(factors.second->get()));
  Value everywhere = held[out].everywhere;
  bool fromZero = everywhere && matchPattern(everywhere, m_AnyZeroFloat());
  SmallVector<Value> sums = fromZero ? SmallVector<Value>() : valuesOf(out);
  bool alongRows = factors.firstAlongRows;
  bool inRegisters = isHeldAlong(first, alongRows) || kept[first].contains(numberOfWords(alongRows, 0, 0));
  Plane firstPlane, secondPlane = planeOf(second);
  if (!inRegisters) {
    firstPlane = planeOf(first);
    planeOf(second); // is read behind a barrier that there may be in between
  }
  GroupProduct product{factors.columns, !alongRows, factors.depthIsRows, {}, factors.lines / linesOfGroup};
  SmallVector<Value> seconds;
  for (int64_t k = 0; k < factors.depth / depthOfGroup; ++k)
    seconds.push_back(groupDescriptor(b, secondPlane, factors.depthIsRows, 0, k));
  for (int64_t f = 0; f < product.blocks; ++f)
    for (auto [k, descriptor] : llvm::enumerate(seconds)) {
      Words words = inRegisters ? firstFactor(first, alongRows, factors.lines, f, k)
                                : Words{groupDescriptor(b, firstPlane, !alongRows, f * linesOfGroup, k)};
      product.steps.push_back({words, descriptor});
    }
  put(out, multiplyGroup(b, product, sums));
}
