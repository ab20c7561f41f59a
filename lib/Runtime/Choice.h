// How probable a token is, as a whole number: what Sample.c computes and, on a device, the functions of strand-choice.
// Sums of whole numbers do not depend on the order of their terms, so both choose the same token whatever adds them up.
//
//   x       (largest logit - logit) * scale, in f64, where scale = 2^32 log2(e) / temperature; at most mostDistance
//   n, f    its whole part and its 32 bits behind the point
//   weight  2^(weightBits - n) * 2^-f, rounded down; 2^-f in 32 bits is c0 - f (c1 - f (c2 - ...)), to 2e-9 of it
#ifndef STRAND_CHOICE_H
#define STRAND_CHOICE_H
#include <stdint.h>

// c0, c1 ... times 2^32.
#define STRAND_POWER_TERMS {4294967296, 2977044458, 1031764650, 238385494, 41298234, 5702267, 632021, 46333}
enum { STRAND_DISTANCE_BITS = 32, STRAND_MOST_DISTANCE = 41 };
enum { STRAND_SHARE_BITS = 32 }; // of strand_choice.top_p
#define STRAND_WHOLE (INT64_C(1) << STRAND_SHARE_BITS)

// Bits of the largest weight: 40, or less where the weights of so many tokens would not add up in 63 bits.
static inline int strand_weight_bits(int64_t vocabulary) {
  int bits = 40;
  while (bits > 32 && vocabulary > INT64_C(1) << (63 - bits))
    --bits;
  return bits;
}

#endif
