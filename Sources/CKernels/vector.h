// Sixteen floats at a time: two AVX2 registers, one AVX-512 register, four NEON registers.
#pragma once
#pragma clang diagnostic ignored "-Wpsabi"
#include <stdint.h>

#define LANES 16
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef double wide __attribute__((vector_size(128), aligned(8), may_alias));
typedef int32_t mask __attribute__((vector_size(64)));

// The loader picks the widest of these that the CPU has, once, when the program starts.
#if defined(__x86_64__)
#define KERNEL __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define KERNEL
#endif
#define INLINE static inline __attribute__((always_inline))

INLINE lanes load(const float *p) { return *(const lanes *)p; }
INLINE void store(float *p, lanes x) { *(lanes *)p = x; }
INLINE lanes splat(float x) { return x - (lanes){}; }
INLINE lanes larger(lanes x, lanes y) { return __builtin_elementwise_max(x, y); }
INLINE lanes smaller(lanes x, lanes y) { return __builtin_elementwise_min(x, y); }
INLINE lanes keep(mask m, lanes x) { return (lanes)((mask)x & m); }
INLINE lanes rectify(lanes x, lanes slope) { return larger(x, (lanes){}) + slope * smaller(x, (lanes){}); }
