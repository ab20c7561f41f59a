// Rows in bf16 where they are multiplied. Gates stay, and so do matrices and products that have no rows.
// RUN: strand-opt %s -strand-narrow-rows | FileCheck %s

#x = affine_map<(t, o, i) -> (t, i)>
#w = affine_map<(t, o, i) -> (o, i)>
#y = affine_map<(t, o, i) -> (t, o)>

// CHECK-LABEL: @product
// CHECK: %[[X:.*]] = arith.truncf %{{.*}} : tensor<?x32xf32> to tensor<?x32xbf16>
// CHECK: linalg.generic {{.*}} ins(%[[X]], %{{.*}} : tensor<?x32xbf16>, tensor<16x32xbf16>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: bf16, %[[B:.*]]: bf16, %[[C:.*]]: f32):
// CHECK-DAG: %[[P:.*]] = arith.extf %[[A]] : bf16 to f32
// CHECK-DAG: %[[Q:.*]] = arith.extf %[[B]] : bf16 to f32
// CHECK: arith.mulf %[[P]], %[[Q]] : f32
func.func @product(%x: tensor<?x32xf32>, %w: tensor<16x32xbf16>, %zeros: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x32xf32>, tensor<16x32xbf16>) outs(%zeros : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %v = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %v : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// CHECK-LABEL: @no_rows
// CHECK-NOT: bf16
func.func @no_rows(%x: tensor<8x32xf32>, %w: tensor<16x32xf32>, %zeros: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x32xf32>, tensor<16x32xf32>) outs(%zeros : tensor<8x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// CHECK-LABEL: @factors
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<?x2x16xf32>, %[[V:[a-z0-9]+]]: tensor<?x2x16xf32>, %[[G:[a-z0-9]+]]: tensor<?x2xf32>
// CHECK-DAG: %[[Q16:.*]] = arith.truncf %[[Q]]
// CHECK-DAG: %[[V16:.*]] = arith.truncf %[[V]]
// CHECK-DAG: arith.extf %[[Q16]]
// CHECK-DAG: %[[V32:.*]] = arith.extf %[[V16]]
// CHECK: strand.linear_attention %{{.*}}, %{{.*}}, %[[V32]] gate %[[G]]
func.func @factors(%q: tensor<?x2x16xf32>, %v: tensor<?x2x16xf32>, %g: tensor<?x2xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.linear_attention %q, %q, %v gate %g offsets %offsets
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// States that are there already stay f32, with the numbers of those that came.
// CHECK-LABEL: @cache
// CHECK-COUNT-3: arith.truncf
// CHECK: %[[V:.*]] = arith.extf
// CHECK: strand.attention %{{.*}}, %{{.*}}, %[[V]] offsets %{{.*}} states(
// CHECK-SAME: tensor<?x8x2x16xf32>, tensor<?x8x2x16xf32>)
func.func @cache(%q: tensor<?x2x16xf32>, %offsets: tensor<?xi32>, %n: tensor<?xi32>, %k: tensor<?x8x2x16xf32>, %v: tensor<?x8x2x16xf32>, %slots: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y, %next:3 = strand.attention %q, %q, %q offsets %offsets states(%n, %k, %v) slots %slots {scale = 0.25 : f64, window = 8 : i64}
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x8x2x16xf32>, tensor<?x8x2x16xf32>, tensor<?xi32>) -> (tensor<?x2x16xf32>, tensor<?xi32>, tensor<?x8x2x16xf32>, tensor<?x8x2x16xf32>)
  return %y : tensor<?x2x16xf32>
}
