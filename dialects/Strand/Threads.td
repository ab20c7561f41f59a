#ifndef STRAND_THREADS_TD
#define STRAND_THREADS_TD
include "dialects/Strand/Dialect.td"

def Strand_ThreadsOp : Strand_Op<"threads"> {
  let summary = "how many threads a call has";
  let description = [{
    At least 1. What lowerings ask to divide work at run time; no meaning depends on it.

    ```mlir
    %n = strand.threads : index
    ```
  }];
  let results = (outs Index:$threads);
  let assemblyFormat = "attr-dict `:` type($threads)";
}
#endif
