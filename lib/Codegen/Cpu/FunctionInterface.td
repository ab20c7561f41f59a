def FunctionInterface : Pass<"strand-function-interface", "::mlir::ModuleOp"> {
  let summary = "C functions of one shape around functions on buffers";
  let description = [{
    For each private function marked `strand.entry = "name"`, on buffers of identity layout and without results:

    ```c
    void name_call(strand_rt_ctx *ctx, void *const *buffers, const int64_t *sizes, void *scratch);
    int64_t name_scratch(int64_t rows, int64_t sequences); /* bytes of scratch of a call */
    ```

    `buffers` holds a pointer for each argument of the function, and `sizes` the dynamic dimensions of all of them, both in
    the order of the arguments; `strand.scratch` and the `strand.input = "ctx"` of strand-outline-tasks are not counted.
    So a program that learns of a function at run time calls it without making a call frame by hand. Nothing is checked.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
}
