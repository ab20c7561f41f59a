#include "lib/Codegen/Gpu/Wgmma.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
using namespace mlir;
using namespace strand;
namespace {

constexpr int64_t unit = 16; // of what descriptors name
constexpr const char *firstOfText = "first", *secondOfText = "second";

int64_t swizzleOf(int64_t bytesOfRow) { return bytesOfRow == 128 ? 1 : bytesOfRow == 64 ? 2 : 3; }

/// PTX with numbered operands: results, sums that become them, then others.
class GroupText {
public:
  GroupText(ImplicitLocOpBuilder &b, TileThread &at, ArrayRef<GroupProduct> products) : b(b), at(at) {
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
  void multiply(const GroupProduct &product, ArrayRef<GroupStep> steps, int64_t firstSum);

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
  TileThread &at;
  WordsInParts parts;
  int64_t results = 0;
  SmallVector<Value> operands;
  std::string text, constraints;

  DenseMap<Value, std::string> names; // of words and descriptors

  std::string operand(Value v) {
    std::string &known = names[v];
    if (known.empty()) {
      operands.push_back(v);
      constraints += ",r";
      known = "$" + std::to_string(results + operands.size() - 1);
    }
    return known;
  }
  /// A descriptor in the text's register `name`.
  std::string descriptor(const GroupFactor &factor, StringRef name) {
    std::string lower = operand(factor.values[0]);
    if (factor.behind) {
      line("add.s32 lower, " + lower + ", " + Twine(factor.behind) + ";");
      lower = "lower";
    }
    line("mov.b64 " + name + ", {" + lower + ", 0x" + llvm::utohexstr(factor.upper) + "};");
    return name.str();
  }
  static std::string list(ArrayRef<std::string> names) { return "{" + llvm::join(names, ", ") + "}"; }
};

/// The steps of 64 lines.
void GroupText::multiply(const GroupProduct &product, ArrayRef<GroupStep> steps, int64_t firstSum) {
  SmallVector<std::string> sums;
  for (int64_t j = 0; j < product.columns / 2; ++j)
    sums.push_back("$" + std::to_string(firstSum + j));
  for (auto [i, step] : llvm::enumerate(steps)) {
    SmallVector<std::string> words;
    bool inRegisters = step.first.isInRegisters();
    if (!inRegisters)
      words.push_back(descriptor(step.first, firstOfText));
    else if (step.first.pairs.empty())
      for (Value v : step.first.values)
        words.push_back(operand(v));
    for (const PairInParts &pair : step.first.pairs)
      words.push_back(operand(parts.of(at, pair)));
    std::string second = descriptor(step.second, secondOfText);
    bool isFirst = product.sums.empty() && i == 0;
    line("wgmma.mma_async.sync.aligned.m64n" + Twine(product.columns) + "k16.f32.bf16.bf16 " + list(sums) + ", " +
         (inRegisters ? list(words) : words[0]) + ", " + second + (isFirst ? ", p" : ", 1") + ", 1, 1" +
         (inRegisters           ? ""
          : product.firstTurned ? ", 1"
                                : ", 0") +
         (product.secondTurned ? ", 1;" : ", 0;"));
  }
}
} // namespace

GroupFactor strand::groupFactor(Value lower, const Plane &plane, bool turned, int64_t firstLine, int64_t k) {
  constexpr int64_t rowsOfCore = 8;
  int64_t depth = k * depthOfGroup, row = turned ? depth : firstLine, column = turned ? firstLine : depth;
  int64_t width = plane.columnsOfPanel();
  int64_t behind = column / width * plane.bytesOfPanel() + row * plane.bytesOfRow() + column % width * 2;
  return {{lower}, behind / unit, rowsOfCore * plane.bytesOfRow() / unit | swizzleOf(plane.bytesOfRow()) << 30};
}

Value strand::groupDescriptor(ImplicitLocOpBuilder &b, const Plane &plane, bool turned) {
  constexpr int64_t window = 0x3ffff;
  int64_t panels = turned ? plane.bytesOfPanel() / unit : 1;
  IndexMath i32{b, b.getLoc(), b.getI32Type()};
  Value address = LLVM::PtrToIntOp::create(b, b.getI32Type(), plane.pointer);
  // known here and not in front of the loop, so that descriptors do not take registers through all of it
  Value begin = pinned(b, i32.div(arith::AndIOp::create(b, address, i32.of(window)), i32.of(unit)));
  return i32.add(begin, panels << 16);
}

int64_t GroupProduct::numWords() const {
  DenseSet<Value> words;
  DenseSet<std::pair<Value, unsigned>> ofParts; // by the pair's first value
  for (ArrayRef<GroupStep> steps : blocks)
    for (const GroupStep &step : steps) {
      if (step.first.values.size() > 1)
        words.insert_range(step.first.values);
      for (const PairInParts &pair : step.first.pairs)
        ofParts.insert({pair.values.first, pair.number});
    }
  return words.size() + ofParts.size();
}

/// Some of a product's depth at a time, so that not all words have to be in registers at once.
static SmallVector<Value> multiplyInPieces(ImplicitLocOpBuilder &b, TileThread &at, GroupProduct product,
                                           int64_t mostWords) {
  SmallVector<SmallVector<GroupStep>> all = product.blocks;
  int64_t depth = all.front().back().k + 1, pieces = llvm::divideCeil(product.numWords(), mostWords),
          each = llvm::divideCeil(depth, pieces);
  for (int64_t from = 0; from < depth; from += each) {
    for (auto [steps, piece] : llvm::zip_equal(all, product.blocks)) {
      piece.clear();
      // products of parts follow each other; of all of them the same k
      for (int64_t k = from; k < std::min(depth, from + each); ++k)
        llvm::copy_if(steps, std::back_inserter(piece), [&](const GroupStep &step) { return step.k == k; });
    }
    product.sums = multiplyGroup(b, at, product);
  }
  return product.sums;
}

// One text, so that nothing comes between: what stands in front of it wrote the sums and words, what stands behind it
// has the results. Registers of products that are not waited for yet would have to be left alone by all code between.
SmallVector<Value> strand::multiplyGroup(ImplicitLocOpBuilder &b, TileThread &at, ArrayRef<GroupProduct> products) {
  GroupText text(b, at, products);
  text.line("{");
  if (llvm::any_of(products, [](const GroupProduct &p) { return p.sums.empty(); })) {
    text.line(".reg .pred p;");
    text.line("setp.ne.b32 p, 0, 0;");
  }
  // sums and words were written by the thread
  text.line(".reg .b32 lower;");
  text.line(".reg .b64 " + Twine(firstOfText) + ", " + secondOfText + ";");
  text.line("wgmma.fence.sync.aligned;");
  int64_t firstSum = 0;
  for (const GroupProduct &product : products)
    for (ArrayRef<GroupStep> steps : product.blocks) {
      text.multiply(product, steps, firstSum);
      firstSum += product.columns / 2;
    }
  text.line("wgmma.commit_group.sync.aligned;");
  // what follows reads the sums, and others may write the planes behind the next barrier
  text.line("wgmma.wait_group.sync.aligned 0;");
  text.line("}");
  return text.emit();
}

SmallVector<Value> strand::multiplyAll(ImplicitLocOpBuilder &b, TileThread &at, ArrayRef<GroupProduct> products) {
  constexpr int64_t mostWords = 64;
  SmallVector<Value> sums;
  while (!products.empty()) {
    int64_t words = products.front().numWords();
    size_t count = 1;
    while (count < products.size() && words + products[count].numWords() <= mostWords)
      words += products[count++].numWords();
    llvm::append_range(sums, words > mostWords ? multiplyInPieces(b, at, products.front(), mostWords)
                                               : multiplyGroup(b, at, products.take_front(count)));
    products = products.drop_front(count);
  }
  return sums;
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
  bool inRegisters =
      (isHeldAlong(first, alongRows) && !held[first].isParked) || kept[first].contains(numberOfWords(alongRows, 0, 0));
  Plane firstPlane, secondPlane = planeOf(second, Reader::group);
  if (!inRegisters) {
    firstPlane = planeOf(first, Reader::group);
    planeOf(second, Reader::group); // is read behind a barrier that there may be in between
  }
  GroupProduct product{factors.columns, !alongRows, factors.depthIsRows, {}, {}};
  Value descriptor = inRegisters ? Value() : groupDescriptor(b, firstPlane, !alongRows);
  Value ofSecond = groupDescriptor(b, secondPlane, factors.depthIsRows);
  for (int64_t f = 0; f < at.fragmentsOfThread(factors.lines); ++f) {
    SmallVector<GroupStep> &steps = product.blocks.emplace_back();
    for (int64_t k = 0; k < factors.depth / depthOfGroup; ++k) {
      GroupFactor lines;
      if (!inRegisters)
        lines = groupFactor(descriptor, firstPlane, !alongRows, f * linesOfGroup, k);
      else if (isHeldAlong(first, alongRows) && !held[first].pairs.empty())
        llvm::append_range(lines.pairs, stepOf<PairInParts>(first, held[first].pairs, f, k));
      else
        lines.values = firstFactor(first, alongRows, factors.lines, f, k);
      steps.push_back({k, lines, groupFactor(ofSecond, secondPlane, factors.depthIsRows, 0, k)});
    }
  }
  auto before = begun.find(out);
  if (before != begun.end() && !before->second.canGoOnWith(product)) {
    settle();
    before = begun.end();
  }
  if (before != begun.end()) {
    for (auto [steps, more] : llvm::zip_equal(before->second.blocks, product.blocks))
      llvm::append_range(steps, more);
  } else {
    Value everywhere = held[out].everywhere;
    if (!everywhere || !matchPattern(everywhere, m_AnyZeroFloat()))
      product.sums = valuesOf(out);
    held[out] = {};
    loaded.erase(out);
    begun.insert({out, std::move(product)});
  }
  for (Value factor : {first, second})
    if (auto place = places.find(factor); place != places.end())
      readByBegun.insert(place->second.number);
}

/// The products that were only noted, at once: their sums are used now, or what they read is written.
void TileCode::settle() {
  if (begun.empty())
    return;
  std::vector<GroupProduct> products;
  for (auto &[tile, product] : begun)
    products.push_back(product);
  auto tiles = begun.takeVector();
  read.insert_range(readByBegun); // since the last barrier
  readByBegun.clear();
  SmallVector<Value> sums = multiplyAll(b, at, products);
  ArrayRef<Value> rest = sums;
  for (auto &[tile, product] : tiles) {
    put(tile, llvm::to_vector(rest.take_front(product.numSums())));
    rest = rest.drop_front(product.numSums());
  }
}
