def CInterface : Pass<"strand-c-interface", "::mlir::ModuleOp"> {
  let summary = "the C functions of a compiled model around the private @advance";
  let description = [{
    Runs after `strand-arena`, before the conversion to the LLVM dialect; the ordinary conversions dissolve what it
    writes. Emits `m_advance`, `m_sizes` and `m_schema` as `include/strand/abi.h` says. The arguments of `@advance` are
    buffers of identity layout that say what they are:

      strand.input = "tokens" | "offsets" | "slots" | "logits" | "ctx"
      strand.weight = "name"   at a fixed offset from the weights (`weightLayout`)
      strand.state = "path"    at an offset from the head of the state block, slots in dimension 0; `strand.initial` is
                               what its elements are at first, 0 if absent; `strand.growth = "cache"`: cache rows in
                               dimension 1; `strand.growth = "count"`: an i32 a slot, the rows that its sequence has seen
      strand.scratch           the arena

    A private `@step` with the same marks, for calls with at most one row a sequence, is called for those, and a private
    `@last`, whose logits are sequences x vocabulary, where the flags of a call say STRAND_LAST_ROWS. Around the functions
    of `strand-choice`, where they are, there is `m_choose`. The module's
    attributes `strand.hash`, `strand.family`, `strand.cpu_features` and `strand.report` go into the schema. Private
    functions get internal linkage.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::func::FuncDialect"];
  let options = [
    Option<"prefix", "prefix", "std::string", "\"m\"", "what the C symbols begin with">,
    Option<"device", "device", "bool", "false", "the model runs on a GPU: what a call is given goes there first">,
  ];
}
