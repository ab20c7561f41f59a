// Taking coefficients apart: into factors over fewer indices, and into logarithms.
#pragma once
#include "lib/Analysis/StepReader.h"

namespace strand {
/// The factors of `t` in groups that bound indices join, each with its bound indices.
SmallVector<algebra::Term> joinedFactors(algebra::Algebra &A, const algebra::Term &t);

/// `p` as c times factors that no bound index joins, those of equal free indices multiplied into one; leaves that hold
/// more than one free index are opened as long as that leaves a single product. Nothing if `p` is a sum.
std::optional<SmallVector<algebra::Poly>> separateFactors(algebra::Algebra &A, StepReader &reader,
                                                          const algebra::Poly &p);

/// `p` as a product of two, the second of which has all that depends on `second` and nothing that depends on `first`.
std::optional<std::pair<algebra::Poly, algebra::Poly>>
splitProduct(algebra::Algebra &A, StepReader &reader, const algebra::Poly &p, algebra::Var first, algebra::Var second);

/// log p, if p is plainly positive: a product of exponentials, logistic functions, 1 less those, and positive numbers.
/// It is written so that no exponential overflows.
std::optional<algebra::Poly> logarithmOf(algebra::Algebra &A, StepReader &reader, const algebra::Poly &p);
} // namespace strand
