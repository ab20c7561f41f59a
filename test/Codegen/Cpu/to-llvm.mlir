// RUN: strand-opt %s -strand-to-llvm -reconcile-unrealized-casts | FileCheck %s
// RUN: strand-opt %s -strand-to-llvm -reconcile-unrealized-casts | mlir-translate --mlir-to-llvmir -o /dev/null

// One conversion for all: a loop on blocks, vectors of a buffer, arithmetic on indices, a function that LLVM knows and one
// that the C library has, a buffer that a struct was made of, a call by name and by address.
// CHECK-NOT:   unrealized_conversion_cast
// CHECK-DAG:   llvm.func @erff(f32) -> f32
// CHECK-LABEL: llvm.func @body(
// CHECK:         llvm.load {{.*}} -> vector<4xf32>
// CHECK:         llvm.intr.fmuladd
// CHECK:         llvm.intr.fabs
// CHECK:         llvm.call @erff(
// CHECK:         llvm.store
// CHECK-LABEL: llvm.func @loop(
// CHECK:         llvm.mlir.constant(24 : index) : i64
// CHECK:         llvm.br ^bb1
// CHECK:         llvm.cond_br
// CHECK:         llvm.call @body(
// CHECK:         llvm.mlir.addressof @body
func.func private @body(%x: memref<?xf32>, %i: index) {
  %v = vector.load %x[%i] : memref<?xf32>, vector<4xf32>
  %w = vector.fma %v, %v, %v : vector<4xf32>
  vector.store %w, %x[%i] : memref<?xf32>, vector<4xf32>
  %s = memref.load %x[%i] : memref<?xf32>
  %a = math.absf %s : f32
  %t = math.erf %a : f32
  memref.store %t, %x[%i] : memref<?xf32>
  return
}
func.func @loop(%p: !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>) -> ((memref<?xf32>, index) -> ()) {
  %x = builtin.unrealized_conversion_cast %p : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<?xf32>
  %zero = arith.constant 0 : index
  %end = arith.constant 24 : index
  cf.br ^head(%zero : index)
^head(%i: index):
  %more = arith.cmpi slt, %i, %end : index
  cf.cond_br %more, ^do, ^done
^do:
  %at = affine.apply affine_map<(d0) -> (2 * d0)>(%i)
  call @body(%x, %at) : (memref<?xf32>, index) -> ()
  %one = index.constant 1
  %next = arith.addi %i, %one : index
  cf.br ^head(%next : index)
^done:
  %f = constant @body : (memref<?xf32>, index) -> ()
  return %f : (memref<?xf32>, index) -> ()
}
