// RUN: strand-opt %s | strand-opt | FileCheck %s
// CHECK-LABEL: func.func @how_many()
// CHECK-NEXT:    strand.threads : index
func.func @how_many() -> index {
  %n = strand.threads : index
  return %n : index
}
