// GSA, keys and values in slots, each a gated memory, read one after the other with a softmax between.
//
//   K' = K Diag(a) + k (1 - a)^T, V' = Diag(a) V + (1 - a) v^T, y = V'^T softmax(K'^T q).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: gsa: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @gsa(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %as: tensor<?x5xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is a decayed sum of outer products: h0[i,j] = exp(g[j]) * h0[i,j] + k[i] * v[j]}}
  // expected-remark @below {{h1 is a decayed sum of outer products: h1[i,j] = exp(g[i]) * h1[i,j] + k[i] * v[j]}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %g = %as : tensor<?x5xf32>)
      carry(%K : tensor<4x5xf32>, %V : tensor<5x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %a = math.exp %g : tensor<5xf32>
    %one = arith.constant dense<1.0> : tensor<5xf32>
    %s = arith.subf %one, %a : tensor<5xf32>
    %eK = tensor.empty() : tensor<4x5xf32>
    %aK = linalg.broadcast ins(%a : tensor<5xf32>) outs(%eK : tensor<4x5xf32>) dimensions = [0]
    %0 = arith.mulf %aK, %K : tensor<4x5xf32>
    %e0 = tensor.empty() : tensor<4x5xf32>
    %ks1 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %s : tensor<4xf32>, tensor<5xf32>) outs(%e0 : tensor<4x5xf32>) {
    ^bb0(%aks1: f32, %bks1: f32, %oks1: f32):
      %mks1 = arith.mulf %aks1, %bks1 : f32
      linalg.yield %mks1 : f32
    } -> tensor<4x5xf32>
    %K1 = arith.addf %0, %ks1 : tensor<4x5xf32>
    %eV = tensor.empty() : tensor<5x3xf32>
    %aV = linalg.broadcast ins(%a : tensor<5xf32>) outs(%eV : tensor<5x3xf32>) dimensions = [1]
    %1 = arith.mulf %aV, %V : tensor<5x3xf32>
    %e1 = tensor.empty() : tensor<5x3xf32>
    %sv = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%s, %v : tensor<5xf32>, tensor<3xf32>) outs(%e1 : tensor<5x3xf32>) {
    ^bb0(%asv: f32, %bsv: f32, %osv: f32):
      %msv = arith.mulf %asv, %bsv : f32
      linalg.yield %msv : f32
    } -> tensor<5x3xf32>
    %V1 = arith.addf %1, %sv : tensor<5x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<5xf32>
    %2 = linalg.vecmat ins(%q, %K1 : tensor<4xf32>, tensor<4x5xf32>) outs(%c0 : tensor<5xf32>) -> tensor<5xf32>
    %3 = math.exp %2 : tensor<5xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %4 = linalg.vecmat ins(%3, %V1 : tensor<5xf32>, tensor<5x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    %c2 = arith.constant dense<0.0> : tensor<f32>
    %5 = linalg.reduce ins(%3 : tensor<5xf32>) outs(%c2 : tensor<f32>) dimensions = [0]
      (%in: f32, %acc: f32) {
        %sum = arith.addf %in, %acc : f32
        linalg.yield %sum : f32
      }
    %e3 = tensor.empty() : tensor<3xf32>
    %6 = linalg.broadcast ins(%5 : tensor<f32>) outs(%e3 : tensor<3xf32>) dimensions = [0]
    %y = arith.divf %4, %6 : tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %K1, %V1 : tensor<4x5xf32>, tensor<5x3xf32>
  }
  return %r : tensor<?x3xf32>
}
