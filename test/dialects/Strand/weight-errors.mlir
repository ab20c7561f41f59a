// RUN: strand-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{C1: the shape of weight 'w' is not static: 'tensor<?x4xf32>'}}
%w = strand.weight "w" : tensor<?x4xf32>

// -----

// expected-error @below {{C2: panels of 32 want a type [panels, K, 32], not 'tensor<3x192x16xf32>'}}
%w = strand.weight "w" panel 32 : tensor<3x192x16xf32>

// -----

// expected-error @below {{C2: panels of 32 want a type [panels, K, 32], not 'tensor<192x32xf32>'}}
%w = strand.weight "w" panel 32 : tensor<192x32xf32>

// -----

// expected-error @below {{must be ranked tensor of 32-bit float or 64-bit float or bfloat16 type or 16-bit float or 32-bit signless integer values}}
%w = strand.weight "w" : tensor<4xi8>
