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
  GroupText(ImplicitLocOpBuilder &b, ArrayRef<GroupProduct> products) : b(b) {
    for (const GroupProduct &product : products)
      results += product.numSums();
    for (int64_t i = 0; i < results; ++i)
      constraints += (i ? ",=&f" : "=&f"); // results are written while factors are still read
    int64_t result = 0;
    for (const GroupProduct &product : products) {
      for (int64_t i = 0; i < int64_t(product.sums.size()); ++i)
        constraints += "," + std::to_string(result + i);
      llvm::append_range(operands, product.sums);
      result += product.numSums();
    }
  }
  void line(const Twine &instruction) { text += instruction.str() + "\n"; }
  void multiply(const GroupProduct &product, int64_t firstSum);

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
  int64_t results = 0;
  SmallVector<Value> operands;
  std::string text, constraints;

  std::string operand(Value v) {
    operands.push_back(v);
    constraints += v.getType().isInteger(64) ? ",l" : ",r";
    return "$" + std::to_string(results + operands.size() - 1);
  }
  static std::string list(ArrayRef<std::string> names) { return "{" + llvm::join(names, ", ") + "}"; }
};

void GroupText::multiply(const GroupProduct &product, int64_t firstSum) {
  int64_t each = product.columns / 2, steps = product.steps.size() / product.blocks;
  DenseMap<Value, std::string> seconds;
  for (auto [i, step] : llvm::enumerate(product.steps)) {
    SmallVector<std::string> sums, words;
    for (int64_t j = 0; j < each; ++j)
      sums.push_back("$" + std::to_string(firstSum + int64_t(i) / steps * each + j));
    for (Value v : step.first)
      words.push_back(operand(v));
    std::string &second = seconds[step.second];
    if (second.empty())
      second = operand(step.second);
    bool inRegisters = words.size() > 1, isFirst = product.sums.empty() && int64_t(i) % steps == 0;
    line("wgmma.mma_async.sync.aligned.m64n" + Twine(product.columns) + "k16.f32.bf16.bf16 " + list(sums) + ", " +
         (inRegisters ? list(words) : words[0]) + ", " + second + (isFirst ? ", p" : ", 1") + ", 1, 1" +
         (inRegisters ? "" : product.firstTurned ? ", 1" : ", 0") + (product.secondTurned ? ", 1;" : ", 0;"));
  }
}
} // namespace

Value strand::groupDescriptor(ImplicitLocOpBuilder &b, const Plane &plane, bool turned, int64_t firstLine, int64_t k) {
  constexpr int64_t unit = 16, window = 0x3ffff, rowsOfCore = 8;
  int64_t depth = k * depthOfGroup, row = turned ? depth : firstLine, column = turned ? firstLine : depth;
  int64_t width = plane.columnsOfPanel();
  int64_t offset = column / width * plane.bytesOfPanel() + row * plane.bytesOfRow() + column % width * 2;
  int64_t panels = turned ? plane.bytesOfPanel() / unit : 1, rows = rowsOfCore * plane.bytesOfRow() / unit;
  IndexMath i32{b, b.getLoc(), b.getI32Type()}, i64{b, b.getLoc(), b.getI64Type()};
  Value address = LLVM::PtrToIntOp::create(b, b.getI32Type(), plane.pointer);
  // known here and not in front of the loop, so that descriptors do not take registers through all of it
  Value begin = pinned(b, i32.div(arith::AndIOp::create(b, address, i32.of(window)), i32.of(unit)));
  Value low = arith::ExtUIOp::create(b, b.getI64Type(), i32.add(begin, offset / unit | panels << 16));
  return arith::OrIOp::create(b, low, i64.of(rows << 32 | swizzleOf(plane.bytesOfRow()) << 62));
}

// One text, so that nothing comes between: what stands in front of it wrote the sums and words, what stands behind it
// has the results. Registers of products that are not waited for yet would have to be left alone by all code between.
SmallVector<Value> strand::multiplyGroup(ImplicitLocOpBuilder &b, ArrayRef<GroupProduct> products) {
  GroupText text(b, products);
  text.line("{");
  if (llvm::any_of(products, [](const GroupProduct &p) { return p.sums.empty(); })) {
    text.line(".reg .pred p;");
    text.line("setp.ne.b32 p, 0, 0;");
  }
  // sums and words were written by the thread
  text.line("wgmma.fence.sync.aligned;");
  int64_t firstSum = 0;
  for (const GroupProduct &product : products) {
    text.multiply(product, firstSum);
    firstSum += product.numSums();
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
  bool alongRows = factors.firstAlongRows;
  bool inRegisters = isHeldAlong(first, alongRows) || kept[first].contains(numberOfWords(alongRows, 0, 0));
  Plane firstPlane, secondPlane = planeOf(second, Reader::group);
  if (!inRegisters) {
    firstPlane = planeOf(first, Reader::group);
    planeOf(second, Reader::group); // is read behind a barrier that there may be in between
  }
  GroupProduct product{factors.columns, !alongRows, factors.depthIsRows, {}, at.fragmentsOfThread(factors.lines), {}};
  SmallVector<Value> seconds;
  for (int64_t k = 0; k < factors.depth / depthOfGroup; ++k)
    seconds.push_back(groupDescriptor(b, secondPlane, factors.depthIsRows, 0, k));
  for (int64_t f = 0; f < product.blocks; ++f)
    for (auto [k, descriptor] : llvm::enumerate(seconds)) {
      Words words = inRegisters ? firstFactor(first, alongRows, factors.lines, f, k)
                                : Words{groupDescriptor(b, firstPlane, !alongRows, f * linesOfGroup, k)};
      product.steps.push_back({words, descriptor});
    }
  if (begun.contains(out))
    settle();
  Value everywhere = held[out].everywhere;
  if (!everywhere || !matchPattern(everywhere, m_AnyZeroFloat()))
    product.sums = valuesOf(out);
  held[out] = {};
  loaded.erase(out);
  for (Value factor : {first, second})
    if (auto place = places.find(factor); place != places.end())
      readByBegun.insert(place->second.number);
  begun.insert({out, std::move(product)});
}

/// The products that were only noted, at once: their sums are used now, or what they read is written.
void TileCode::settle() {
  if (begun.empty())
    return;
  SmallVector<GroupProduct> products;
  for (auto &[tile, product] : begun)
    products.push_back(product);
  auto tiles = begun.takeVector();
  read.insert_range(readByBegun); // since the last barrier
  readByBegun.clear();
  SmallVector<Value> sums = multiplyGroup(b, products);
  ArrayRef<Value> rest = sums;
  for (auto &[tile, product] : tiles) {
    put(tile, llvm::to_vector(rest.take_front(product.numSums())));
    rest = rest.drop_front(product.numSums());
  }
}
