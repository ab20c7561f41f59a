#ifndef STRAND_SCAN_TD
#define STRAND_SCAN_TD
include "dialects/Strand/Dialect.td"

def Strand_Input : RankedTensorOf<[F64, F32, F16, BF16, I64, I32, I16, I8, I1]>; // rows x ..., of anything

def Strand_ScanOp : Strand_StreamOp<"scan", [IsolatedFromAbove, SingleBlock,
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface, ["goesBack"]>]> {
  let summary = "the general recurrence: a region that sees one row and the carried values";
  let description = [{
    For the rows t of each sequence, in order, or with `reverse` from the last to the first:

    ```
    (y[t], c) = region(x[t], w, c)            c is what `carry` says before the first row
    ```

    The region is one step. Its arguments are one row of each of `rows`, without dimension 0 (a row of `tensor<?xf32>`
    is a `tensor<f32>`); each of `with` as it is; each carried value of one sequence. `strand.yield` gives the rows of
    the results and the next carried values. The region sees nothing else, so whatever it needs is named in `with`.

    A carried value begins at 0, at a number (`= 1.0`), or at a tensor of its type (`= %h0`).

    What a step is worth knowing as (a diagonal recurrence, an outer product with decay) is found by
    strand-infer-structure, which puts the op for it in place of the scan. What stays a scan is a loop over the rows of
    each sequence, whose carried values stay where they are; or, if a step multiplies them by a matrix that is the same in
    every row, a loop over steps that all sequences take together (strand-step-together).

    Both ways at once (bidirectional) are two scans over the same rows, one of them `reverse`, and their results side by
    side. What is `reverse` has the whole-sequence form alone: strand-derive-advance refuses it by name. Where it
    would be an op with a matrix for a state, strand-infer-structure turns the rows around (`strand.turn`).

    Shapes: inputs rows x item; results rows x item; states slots x the carried value's shape. If a carried value
    begins at a tensor there is one more state, `begun`, slots, i32: 0 until the first row of a sequence.

    C1: there is an input, and inputs and results have one number of rows and items of static size. C2: a tensor in
    `with` has a static shape; what has rows is an input. C3: the region's arguments are those above; a carried value
    is a static tensor of f32, f64 or i32. C4: `initial` says for each carried value a number of its element type, or
    unit, with a tensor of its type in `inits`. C5: strand.yield gives a row of each result and a value for each
    carried value. C6: `reverse` excludes states: what comes after a cut would have to be known before it. C7: the
    operations of the region have no effects.

    A recurrent network with a dense matrix, and a running maximum:

    ```mlir
    %y = strand.scan rows(%x = %input : tensor<?x64xf32>) with(%u = %weight : tensor<64x64xf32>)
         carry(%h : tensor<64xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x64xf32> {
      %0 = linalg.vecmat ins(%h, %u : tensor<64xf32>, tensor<64x64xf32>) outs(%x : tensor<64xf32>) -> tensor<64xf32>
      %1 = math.tanh %0 : tensor<64xf32>
      strand.yield %1 : tensor<64xf32> next %1 : tensor<64xf32>
    }
    %m = strand.scan rows(%x = %input : tensor<?x64xf32>) carry(%c : tensor<64xf32> = -1.0e30)
         offsets %offsets : tensor<?xi32> -> tensor<?x64xf32> {
      %0 = arith.maximumf %c, %x : tensor<64xf32>
      strand.yield %0 : tensor<64xf32> next %0 : tensor<64xf32>
    }
    ```

    The second, with rows 1, 3, 2 of one sequence and 0 of another: 1, 3, 3 and 0.
  }];
  let arguments = (ins Variadic<Strand_Input>:$inputs, Variadic<AnyType>:$invariants, Variadic<AnyRankedTensor>:$inits,
                       Strand_Ints:$offsets, Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots,
                       ArrayAttr:$initial, UnitAttr:$reverse);
  let results = (outs Variadic<Strand_State>:$values); // outputs, then the next states
  let regions = (region SizedRegion<1>:$step);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// A row of each input; each invariant; each carried value.
    ::mlir::Block::BlockArgListType getRowArgs() { return getBody()->getArguments().take_front(getInputs().size()); }
    ::mlir::Block::BlockArgListType getInvariantArgs() {
      return getBody()->getArguments().slice(getInputs().size(), getInvariants().size());
    }
    ::mlir::Block::BlockArgListType getCarriedArgs() {
      return getBody()->getArguments().take_back(getInitial().size());
    }
    ::mlir::ResultRange getOutputs() { return (*this)->getResults().drop_back(getStates().size()); }
    ::strand::YieldOp getYield();
    /// `h`, or `h0`, `h1`, ... where there are several.
    std::string getCarriedName(unsigned i);
    /// Where carried value `i` begins: the tensor, if it is one.
    ::mlir::Value getInitialTensor(unsigned i);
    ::llvm::StringRef getReasonAgainstState();
    bool isFallback() { return true; }
  }];
}

def Strand_YieldOp : Strand_Op<"yield", [Terminator, AttrSizedOperandSegments]> {
  let summary = "what a region of this dialect gives back";
  let description = [{
    Values of one row, and behind `next` those that the next row begins with.

    ```mlir
    strand.yield %y : tensor<64xf32> next %h : tensor<64xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$outputs, Variadic<AnyType>:$next);
  let assemblyFormat = "($outputs^ `:` type($outputs))? (`next` $next^ `:` type($next))? attr-dict";
}
#endif
