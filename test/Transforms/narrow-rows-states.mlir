// RUN: strand-opt %s -strand-narrow-rows | FileCheck %s
// RUN: strand-opt %s -strand-narrow-rows -strand-derive-advance | FileCheck %s --check-prefix=STATE

// What is remembered is of the type of keys and values.
// CHECK-LABEL: @remembered
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<?x2x16xf32>, %[[K:[a-z0-9]+]]: tensor<?x2x16xf32>
// CHECK-DAG: %[[Q16:.*]] = arith.truncf %[[Q]]
// CHECK-DAG: %[[Q32:.*]] = arith.extf %[[Q16]]
// CHECK-DAG: %[[K16:.*]] = arith.truncf %[[K]]
// CHECK: strand.attention %[[Q32]], %[[K16]], %{{.*}} offsets
// CHECK-SAME: (tensor<?x2x16xf32>, tensor<?x2x16xbf16>, tensor<?x2x16xbf16>, tensor<?xi32>)
// STATE-LABEL: @remembered
// STATE: states({{.*}} tensor<?x8x2x16xbf16>, tensor<?x8x2x16xbf16>, tensor<?xi32>)
func.func @remembered(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.attention %q, %k, %k offsets %offsets {scale = 0.25 : f64, window = 8 : i64}
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}
