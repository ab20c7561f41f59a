// RUN: strand-opt %s -strand-register-tiles | FileCheck %s --implicit-check-not=wgmma.mma --implicit-check-not=fence
// RUN: strand-opt %s -strand-register-tiles=wgmma | FileCheck %s --check-prefix=GROUP --implicit-check-not=mma.sync --implicit-check-not=ldmatrix
// RUN: strand-opt %s -strand-register-tiles=shared-limit=512 2>&1 | FileCheck %s --check-prefix=LIMIT --implicit-check-not=strand.shared
// LIMIT: remark: tiles are not kept in registers: they take {{[0-9]+}} bytes of shared memory, and a block may take 512

// State = 0.5 state + k^T v, y = q state: rows come by copies of 16 bytes, the next ones while these are multiplied. The
// state stays in registers, transposed, so that it is a first factor where it is; a warp holds 16 of its 64 columns.

// With wgmma the copy engine brings rows: values in boxes of 64 columns, of their heads' 128. One thread begins the mbarriers,
// and one of the first warp sends a round: 3 tiles of 16384 bytes in all. A descriptor holds the address / 16 and for rows of 64
// bytes (32 keys) swizzle 2 and 512 bytes from 8 rows to the next: 2 << 62 | 32 << 32.
// GROUP-LABEL: func @carried
// GROUP:       scf.forall
// GROUP:       memref.alloc() {alignment = 1024 : i64, strand.shared}
// GROUP:       %[[MAP:.*]] = tile.boxes %arg2 {box = array<i64: 64, 64>, columns = 128 : i64} : memref<?x2x64xbf16> -> !llvm.ptr
// GROUP-NEXT:  %[[AT:.*]] = llvm.ptrtoint %[[MAP]] : !llvm.ptr to i64
// GROUP:       tile.boxes %arg1 {box = array<i64: 64, 32>, columns = 64 : i64} : memref<?x2x32xbf16> -> !llvm.ptr
// GROUP:       tile.boxes %arg0
// GROUP-COUNT-2: "mbarrier.init.shared::cta.b64 [$0], 1;\0A", "r,~{memory}"
// GROUP:       nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// GROUP-NEXT:  gpu.barrier
// the first round
// GROUP:       %[[ANY:.*]] = arith.cmpi slt, %c0, %{{.*}} : index
// GROUP-NEXT:  scf.if %[[ANY]] {
// GROUP:         %[[WARP:.*]] = arith.cmpi ult, %{{.*}}, %{{.*}} : i32
// GROUP-NEXT:    scf.if %[[WARP]] {
// GROUP:           llvm.inline_asm {{.*}}elect.sync leader|p, 0xffffffff;\0A@p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 16384;\0A@p cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [$1], [$2, {$3, $4}], [$0];\0A{{.*}}[$9], [$10, {$11, $12}], [$0];\0A}\0A", "r,r,l,r,r,r,l,r,r,r,l,r,r,~{memory}"
// GROUP:       scf.for
// GROUP:         gpu.barrier
// GROUP-NOT:     cp.async.wait
// the next round
// GROUP:         mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 16384;
// GROUP:         llvm.inline_asm {{.*}}await:\0Ambarrier.try_wait.parity.shared::cta.b64 p, [$0], $1;\0A@!p bra await;\0A}\0A", "r,r,~{memory}"
// The lower words of descriptors. Rows of q are columns of y.
// GROUP:       llvm.ptrtoint
// GROUP:       arith.constant 65536 : i32
// v and k of the state, turned
// GROUP:       llvm.ptrtoint
// Both products begin together. That of y: words of the state, rounded; sums from zero. 16 of its depth are 32 bytes. Of
// descriptors, swizzles of 64 and 128 bytes and 8 rows from 512 and 1024 bytes on.
// GROUP:       llvm.inline_asm {{.*}}setp.ne.b32 p, 0, 0;\0A.reg .b32 lower;\0A.reg .b64 first, second;\0Awgmma.fence.sync.aligned;\0A
// GROUP-SAME:  mov.b64 second, {$68, 0x80000020};\0A
// GROUP-SAME:  wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {$0, {{[^}]*}}, $31}, {$64, $65, $66, $67}, second, p, 1, 1, 0;\0A
// GROUP-SAME:  add.s32 lower, $68, 2;\0Amov.b64 second, {lower, 0x80000020};\0A
// GROUP-SAME:  wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {$0, {{[^}]*}}, $31}, {$69, $70, $71, $72}, second, 1, 1, 1, 0;\0A
// GROUP-SAME:  mov.b64 first, {$73, 0x40000040};\0Amov.b64 second, {$74, 0x80000020};\0A
// GROUP-SAME:  wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {$32, {{[^}]*}}, $47}, first, second, 1, 1, 1, 1, 1;\0A
// GROUP-SAME:  add.s32 lower, $73, 384;\0Amov.b64 first, {lower, 0x40000040};\0Aadd.s32 lower, $74, 192;\0A
// GROUP-SAME:  first, second, 1, 1, 1, 1, 1;\0Awgmma.commit_group.sync.aligned;\0Awgmma.wait_group.sync.aligned 0;\0A
// GROUP-SAME:  =&f,32,33,{{.*}},46,47,r,r,r,r,r,r,r,r,r,r,r,~{memory}"

#two = affine_map<(i, j) -> (i, j)>
#three = affine_map<(r, c, j) -> (r, c, j)>
// CHECK-LABEL: func @carried
func.func @carried(%q: memref<?x2x32xbf16>, %k: memref<?x2x32xbf16>, %v: memref<?x2x64xbf16>, %y: memref<?x2x64xf32>, %rows: index) {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  // CHECK: scf.forall (%[[HEAD:.*]]) in (2)
  scf.forall (%h) in (2) {
    // CHECK: %[[STATE:.*]] = memref.alloc() : memref<32x64xf32>
    %state = memref.alloc() : memref<32x64xf32>
    linalg.fill ins(%zero : f32) outs(%state : memref<32x64xf32>)
    // CHECK: %[[SHARED:.*]] = memref.alloc() {alignment = 1024 : i64, strand.shared} : memref<{{[0-9]+}}xi8>
    // CHECK: scf.forall (%[[T:.*]]) in (128)
    // without rows the state is not even read: it may never have been written
    // CHECK-NOT: memref.load %[[STATE]]
    // CHECK: %[[ANY:.*]] = arith.cmpi slt, %c0, %arg4 : index
    // CHECK-NEXT: scf.if %[[ANY]] {
    // CHECK: memref.load %[[STATE]]
    // the first rows
    // CHECK: scf.if
    // CHECK: nvvm.cp.async.shared.global {{.*}}, 16, cache = cg
    // CHECK: nvvm.cp.async.commit.group
    // 32 x 64 over 4 warps is 16 numbers for each thread
    // CHECK: scf.for {{.*}} -> (f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, i32)
    // CHECK: llvm.inline_asm has_side_effects "mov.u32 $0, %tid.x;"
    // CHECK: nvvm.cp.async.wait.group 0
    // CHECK: gpu.barrier
    // the next rows
    // CHECK: scf.if
    // CHECK: nvvm.cp.async.shared.global
    // y: the state as words of bf16, rounded; rows as they lie
    // CHECK: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
    // CHECK: nvvm.mma.sync
    // the state: values turned round, keys turned round
    // CHECK: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>
    // CHECK: nvvm.mma.sync
    // CHECK: memref.store {{.*}} : memref<64x1x64xf32
    // CHECK: scf.yield
    // CHECK: memref.store %{{.*}}, %[[STATE]]
    // CHECK: {mapping = [#gpu.thread<x>]}
    scf.for %at = %c0 to %rows step %c64 {
      %qt = memref.subview %q[%at, %h, 0] [64, 1, 32] [1, 1, 1] : memref<?x2x32xbf16> to memref<64x1x32xbf16, strided<[64, 32, 1], offset: ?>>
      %kt = memref.subview %k[%at, %h, 0] [64, 1, 32] [1, 1, 1] : memref<?x2x32xbf16> to memref<64x1x32xbf16, strided<[64, 32, 1], offset: ?>>
      %vt = memref.subview %v[%at, %h, 0] [64, 1, 64] [1, 1, 1] : memref<?x2x64xbf16> to memref<64x1x64xbf16, strided<[128, 64, 1], offset: ?>>
      %yt = memref.subview %y[%at, %h, 0] [64, 1, 64] [1, 1, 1] : memref<?x2x64xf32> to memref<64x1x64xf32, strided<[128, 64, 1], offset: ?>>
      %narrow = memref.alloc() : memref<32x64xbf16>
      linalg.generic {indexing_maps = [#two, #two], iterator_types = ["parallel", "parallel"]} ins(%state : memref<32x64xf32>) outs(%narrow : memref<32x64xbf16>) {
      ^bb0(%s: f32, %o: bf16):
        %n = arith.truncf %s : f32 to bf16
        linalg.yield %n : bf16
      }
      linalg.fill ins(%zero : f32) outs(%yt : memref<64x1x64xf32, strided<[128, 64, 1], offset: ?>>)
      linalg.generic {indexing_maps = [affine_map<(r, u, j, i) -> (r, u, i)>, affine_map<(r, u, j, i) -> (i, j)>, affine_map<(r, u, j, i) -> (r, u, j)>],
                      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
          ins(%qt, %narrow : memref<64x1x32xbf16, strided<[64, 32, 1], offset: ?>>, memref<32x64xbf16>) outs(%yt : memref<64x1x64xf32, strided<[128, 64, 1], offset: ?>>) {
      ^bb0(%a: bf16, %b: bf16, %o: f32):
        %x = arith.extf %a : bf16 to f32
        %z = arith.extf %b : bf16 to f32
        %p = arith.mulf %x, %z : f32
        %s = arith.addf %o, %p : f32
        linalg.yield %s : f32
      }
      linalg.generic {indexing_maps = [#two], iterator_types = ["parallel", "parallel"]} outs(%state : memref<32x64xf32>) {
      ^bb0(%o: f32):
        %p = arith.mulf %o, %half : f32
        linalg.yield %p : f32
      }
      linalg.generic {indexing_maps = [affine_map<(i, j, u, r) -> (r, u, i)>, affine_map<(i, j, u, r) -> (r, u, j)>, affine_map<(i, j, u, r) -> (i, j)>],
                      iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
          ins(%kt, %vt : memref<64x1x32xbf16, strided<[64, 32, 1], offset: ?>>, memref<64x1x64xbf16, strided<[128, 64, 1], offset: ?>>) outs(%state : memref<32x64xf32>) {
      ^bb0(%a: bf16, %b: bf16, %o: f32):
        %x = arith.extf %a : bf16 to f32
        %z = arith.extf %b : bf16 to f32
        %p = arith.mulf %x, %z : f32
        %s = arith.addf %o, %p : f32
        linalg.yield %s : f32
      }
    }
  }
  return
}
