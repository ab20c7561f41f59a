def Lanes : Pass<"strand-lanes", "::mlir::ModuleOp"> {
  let summary = "code of the device as code of the host, for the lane emulator";
  let description = [{
    Takes what `strand-kernels-to-nvvm` leaves, the code of one thread, and makes functions of the host of it that an
    emulator (lib/Check/Lanes.h) runs as the threads of a block. What threads do together becomes calls of the emulator:
    barriers, products of a warp, copies by the copy engine. So do the numbers of thread and block and the place of shared
    memory. In front of each load and store the emulator hears of its address, so that it finds what is read or written
    without a barrier between.
    A launch becomes

        strand_lane_launch(code, name, blocks, threads, bytes of shared memory, cells)

    This is how emitted kernels run where there is no GPU. Barriers of a kernel have numbers, from 0 on, by which the
    emulator can leave one out: a fault that it has to find.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::func::FuncDialect"];
}
