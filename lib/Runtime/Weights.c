// The model's weights, which lie in a section of their own and may be out of the reach of 32-bit offsets: this file is
// compiled for the medium code model.
#include "Program.h"

extern const char m_weights[] __attribute__((visibility("hidden")));

const void *modelWeights(void) { return m_weights; }
