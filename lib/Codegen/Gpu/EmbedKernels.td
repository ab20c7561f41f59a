def EmbedKernels : Pass<"strand-embed-kernels", "::mlir::ModuleOp"> {
  let summary = "code of the device as constants of the host";
  let description = [{
    Takes the `gpu.binary` that `gpu-module-to-binary` made of the kernels and leaves the constant `m_device`, a
    `strand_device_code` of `include/strand/abi.h`: the names of the kernels in the order of their numbers, and an image for
    each target, machine code or PTX. A module without kernels stays as it is.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let options = [Option<"prefix", "prefix", "std::string", "\"m\"", "what the C symbols begin with">];
}
