def DeriveAdvance : Pass<"strand-derive-advance", "::mlir::ModuleOp"> {
  let summary = "from functions over whole sequences to functions that carry state";
  let description = [{
    In: `@forward(%tokens, %offsets) -> logits` and private functions, in which ops that implement StreamOpInterface begin
    every sequence at their initial values. Out: each such op takes its state and returns the next one, and so does each
    function around it: behind its old operands one for each carried value, then `%slots`; behind its old results the
    next values in the same order. `@forward` is renamed to the private `@advance`, whose arguments say what they are
    (see strand-c-interface), as do the carried values of a function marked `strand.entry` (see
    strand-function-interface).

    A function marked `strand.whole` stays as it is: its calls hold whole sequences. It calls nothing that carries state.

    A carried value is named by the path of calls and ops to it, as in `layers.0.linear_recurrence.h`: each step is
    `strand.name` of the call or op, else its callee or mnemonic, made unique by a number.

    Everything that is not such an op must treat each row by itself: dimension 0 of its rows is parallel and the identity
    in all maps. The first op that does not is an error that says what to use instead. Recursion, and a stateful op
    inside a region, are errors.
  }];
  let dependentDialects = ["::strand::StrandDialect"];
}
