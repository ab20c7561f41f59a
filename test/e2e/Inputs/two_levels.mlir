// A model on two levels. Bytes go through one layer; where its first channel is positive a boundary fires, and the rows
// at the boundaries go through a layer of their own, whose last row so far is added to each byte. Nothing here is said
// about steps, slots or how many boundaries fire in a call.
#row = affine_map<(r, d) -> (r, d)>
#perrow = affine_map<(r, d) -> (r)>
#each = affine_map<(r) -> (r)>

// x + h, with h = decay * h + W x
func.func private @layer(%x: tensor<?x64xf32>, %offsets: tensor<?xi32>, %decay: tensor<64xf32>,
    %w: tensor<64x64xf32>) -> tensor<?x64xf32> attributes {no_inline} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%rows) : tensor<?x64xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %u = linalg.generic {indexing_maps = [affine_map<(r, n, k) -> (r, k)>, affine_map<(r, n, k) -> (n, k)>,
      affine_map<(r, n, k) -> (r, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x64xf32>, tensor<64x64xf32>) outs(%z : tensor<?x64xf32>) {
    ^bb0(%a: f32, %b: f32, %s: f32):
      %p = arith.mulf %a, %b : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  } -> tensor<?x64xf32>
  %h = strand.linear_recurrence decay(%decay) input(%u) offsets %offsets
    {indexing_maps = [affine_map<(t, d) -> (d)>, affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, d)>]}
    : (tensor<64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %y = arith.addf %x, %h : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %tokens, %c0 : tensor<?xi32>
  %embed = strand.weight "embed" : tensor<64x64xf32>
  %outer_decay = strand.weight "outer.decay" : tensor<64xf32>
  %outer_w = strand.weight "outer.w" : tensor<64x64xf32>
  %inner_decay = strand.weight "inner.decay" : tensor<64xf32>
  %inner_w = strand.weight "inner.w" : tensor<64x64xf32>
  %e = tensor.empty(%rows) : tensor<?x64xf32>
  %x = linalg.generic {indexing_maps = [#perrow, #row], iterator_types = ["parallel", "parallel"]}
      ins(%tokens : tensor<?xi32>) outs(%e : tensor<?x64xf32>) {
    ^bb0(%id: i32, %o: f32):
      %k = arith.index_cast %id : i32 to index
      %d = linalg.index 1 : index
      %v = tensor.extract %embed[%k, %d] : tensor<64x64xf32>
      linalg.yield %v : f32
  } -> tensor<?x64xf32>
  %bytes = call @layer(%x, %offsets, %outer_decay, %outer_w) {strand.name = "outer"}
    : (tensor<?x64xf32>, tensor<?xi32>, tensor<64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>

  %first = tensor.extract_slice %bytes[0, 0] [%rows, 1] [1, 1] : tensor<?x64xf32> to tensor<?xf32>
  %m = tensor.empty(%rows) : tensor<?xi1>
  %fires = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]}
      ins(%first : tensor<?xf32>) outs(%m : tensor<?xi1>) {
    ^bb0(%a: f32, %o: i1):
      %f = arith.cmpf ogt, %a, %zero : f32
      linalg.yield %f : i1
  } -> tensor<?xi1>
  %kept, %inner_offsets = strand.compact %bytes, %fires offsets %offsets
    : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?xi32>)
  %segments = call @layer(%kept, %inner_offsets, %inner_decay, %inner_w) {strand.name = "inner"}
    : (tensor<?x64xf32>, tensor<?xi32>, tensor<64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
  %last = strand.expand %segments, %fires inner_offsets %inner_offsets offsets %offsets
    : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x64xf32>
  %y = arith.addf %bytes, %last : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
