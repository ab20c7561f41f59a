// A model: the C interface that strandc would write into a program, in memory.
#include "lib/Api/Code.h"
#include "lib/Jit/Jit.h"
using namespace strand;
using llvm::Expected;
namespace {

/// Writes into memory that is large enough.
class MemoryStream final : public llvm::raw_ostream {
public:
  explicit MemoryStream(const Memory &memory) : to(memory.as<>()) { SetUnbuffered(); }

private:
  char *to;
  uint64_t at = 0;
  void write_impl(const char *bytes, size_t count) override {
    memcpy(to + at, bytes, count);
    at += count;
  }
  uint64_t current_pos() const override { return at; }
};

class ModelCode final : public Code {
public:
  ModelCode(JitModule code, Memory weights, const strand_schema &schema, strand_advance_fn *advance,
            strand_sizes_fn *sizes)
      : code(std::move(code)), weights(std::move(weights)), advance(advance), sizes(sizes) {
    facts = schema;
    in = {{"tokens", STRAND_VALUE_ROWS, {STRAND_CODE_INT, 32, 1}, 0, {}}};
    out = {{"logits", STRAND_VALUE_ROWS, {STRAND_CODE_FLOAT, 32, 1}, 1, {schema.vocabulary}}};
  }

  bool alwaysHasState() const override { return true; }
  bool givesLastRows() const override { return facts.last_rows; }
  int64_t scratchBytes(int64_t sequences, int64_t rows, const void *) const override {
    strand_sizes s;
    return sizes(sequences, rows, 0, 0, &s) == STRAND_OK ? s.scratch_bytes : -1;
  }
  int32_t run(const CodeCall &c) const override {
    return advance(threads.get(), weights.as<>(), c.state, c.slots, static_cast<const int32_t *>(c.inputs[0]),
                   c.offsets, c.sequences, c.rows, c.flags, c.scratch, static_cast<float *>(c.outputs[0]));
  }

private:
  JitModule code;
  Memory weights;
  strand_advance_fn *advance;
  strand_sizes_fn *sizes;
};
} // namespace

Expected<std::shared_ptr<Code>> strand::makeModelCode(mlir::MLIRContext &context, const CompileOptions &options,
                                                      Input &input) {
  PlacedWeights placed;
  CompileReport report;
  if (llvm::Error e = lowerModel(context, options, input, placed, report))
    return std::move(e);
  auto code = JitModule::compile(*input.module, {report.target, "", options.level, {}, true, !options.reproducible});
  if (!code)
    return code.takeError();
  auto schema = code->lookup(options.prefix + "_schema");
  auto advance = code->function<strand_advance_fn>(options.prefix + "_advance");
  auto sizes = code->function<strand_sizes_fn>(options.prefix + "_sizes");
  if (llvm::Error e = llvm::joinErrors(llvm::joinErrors(schema.takeError(), advance.takeError()), sizes.takeError()))
    return std::move(e);
  Memory weights;
  if (!weights.allocate(blockBytes(placed)))
    return llvm::createStringError("no memory for the weights: " + llvm::Twine(blockBytes(placed)) +
                                   " bytes are needed");
  MemoryStream stream(weights);
  writeBlock(placed, stream);
  return std::make_shared<ModelCode>(std::move(*code), std::move(weights), *static_cast<strand_schema *>(*schema),
                                     *advance, *sizes);
}
