// A function whose ops may be split over time, but whose reverse scan needs all of a sequence at once: strand-check asked
// for forms with state, which it has not.
// RUN: strand-check %s --levels=1,0 | FileCheck %s --implicit-check-not=wrong

// CHECK: backwards: 2 forms right
func.func @backwards(%q: tensor<?x2x1xf32>, %k: tensor<?x2x1xf32>, %v: tensor<?x2x7xf32>, %x: tensor<?x33xf32>,
                     %offsets: tensor<?xi32>) -> (tensor<?x2x7xf32>, tensor<?x33xf32>) {
  %y = strand.linear_attention %q, %k, %v offsets %offsets
      : (tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x7xf32>, tensor<?xi32>) -> tensor<?x2x7xf32>
  %z = strand.scan reverse rows(%row = %x : tensor<?x33xf32>) carry(%h : tensor<33xf32>) offsets %offsets : tensor<?xi32>
       -> tensor<?x33xf32> {
    %0 = arith.addf %row, %h : tensor<33xf32>
    %1 = math.tanh %0 : tensor<33xf32>
    strand.yield %1 : tensor<33xf32> next %1 : tensor<33xf32>
  }
  return %y, %z : tensor<?x2x7xf32>, tensor<?x33xf32>
}
