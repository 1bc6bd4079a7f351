#include "CKernels.h"
#include "vector.h"

// A tile of `rows` x 16 results stays in registers while k runs. Six rows fill AVX2's sixteen registers and NEON's
// thirty-two; AVX-512 has room for twelve, and needs eight or more to hide the latency of its multiply-adds.

// How many rows of a are worked on before going to the next panel, so that they stay in the second-level cache.
enum { block = 96 };

INLINE void tile(
    const int rows, const bool rectifies, const bool adds, const float *a, long a_stride, const float *panel,
    const float *added, float *c, long c_stride, long k, const lanes bias, const float *slope)
{
    lanes sum[12];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sum[r] = adds ? bias + load(added + r * c_stride) : bias;
    // Unrolled, so that the processor foresees the end of so few turns: a surprise would drain its pipelines.
#pragma clang loop unroll_count(8)
    for (long i = 0; i < k; i++) {
        lanes b = load(panel + LANES * i);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r] += splat(a[r * a_stride + i]) * b;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) store(c + r * c_stride, rectifies ? rectify(sum[r], load(slope)) : sum[r]);
}

// How many of the rows that are left the next tile takes. A tile of less than four waits for its own sums; so the last
// rows are shared out evenly.
INLINE long rows_of_tile(long left)
{
    switch (left) {
    case 7: case 8: return 4;
    case 9: case 13: return 5;
    default: return left < 6 ? left : 6;
    }
}

// Steps of k that are summed in float before their sum goes into the double one.
enum { run = 16 };

INLINE void tile_precise(
    const int rows, const float *a, long a_stride, const float *panel, float *c, long c_stride, long k, long columns,
    bool accumulate)
{
    wide total[6] = {};
    for (long top = 0; top < k; top += run) {
        const long end = top + run < k ? top + run : k;
        lanes sum[6] = {};
        for (long i = top; i < end; i++) {
            lanes b = load(panel + LANES * i);
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) sum[r] += splat(a[r * a_stride + i]) * b;
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) total[r] += __builtin_convertvector(sum[r], wide);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        float *target = c + r * c_stride;
        if (columns == LANES) {
            if (accumulate) total[r] += __builtin_convertvector(load(target), wide);
            store(target, __builtin_convertvector(total[r], lanes));
        } else {
            for (long j = 0; j < columns; j++) target[j] = (float)(total[r][j] + (accumulate ? target[j] : 0));
        }
    }
}

KERNEL void kernel_product_precise(
    const float *a, long a_stride, const float *panels, float *c, long c_stride, long m, long n, long k,
    bool accumulate)
{
    for (long top = 0; top < m; top += block) {
        long end = top + block < m ? top + block : m;
        for (long j = 0; j < n; j += LANES) {
            const float *panel = panels + j * k;
            long columns = n - j < LANES ? n - j : LANES;
#define TILE(rows) \
    tile_precise(rows, a + i * a_stride, a_stride, panel, c + i * c_stride + j, c_stride, k, columns, accumulate)
            long i = top;
            for (; i + 6 <= end; i += 6) TILE(6);
            for (; i < end; i++) TILE(1);
#undef TILE
        }
    }
}

// One panel's sixteen columns of c, for at most a block of rows.
INLINE void strip(
    const bool rectifies, const bool adds, bool wide, const float *a, long a_stride, const float *panel,
    const float *added, float *c, long c_stride, long m, long k, const float *bias, const float *slope)
{
    const lanes start = bias ? load(bias) : (lanes){};
#define TILE(rows) \
    tile( \
        rows, rectifies, adds, a + i * a_stride, a_stride, panel, adds ? added + i * c_stride : 0, c + i * c_stride, \
        c_stride, k, start, slope)
    long i = 0;
    if (wide) for (; i + 12 <= m; i += 12) TILE(12);
    for (long rows; i < m; i += rows) {
        rows = rows_of_tile(m - i);
        switch (rows) {
        case 6: TILE(6); break;
        case 5: TILE(5); break;
        case 4: TILE(4); break;
        case 3: TILE(3); break;
        case 2: TILE(2); break;
        case 1: TILE(1); break;
        }
    }
#undef TILE
}

KERNEL void kernel_product(
    const float *a, long a_stride, const float *panels, float *c, long c_stride, long m, long n, long k,
    const float *bias, const float *slope, const float *added)
{
#if defined(__x86_64__)
    const bool wide = __builtin_cpu_supports("avx512f");
#else
    const bool wide = false;
#endif
    float edge[block * LANES];
    for (long top = 0; top < m; top += block) {
        const long rows = top + block < m ? block : m - top;
        for (long j = 0; j < n; j += LANES) {
            const long columns = n - j < LANES ? n - j : LANES, stride = columns < LANES ? LANES : c_stride;
            float *target = c + top * c_stride + j, *place = target;
            const float *from = added ? added + top * c_stride + j : 0;
            // A last panel of fewer columns works on a copy.
            if (columns < LANES) {
                if (added)
                    for (long i = 0; i < rows; i++)
                        for (long x = 0; x < columns; x++) edge[i * LANES + x] = from[i * c_stride + x];
                from = place = edge;
            }
#define STRIP(rectifies, adds) \
    strip( \
        rectifies, adds, wide, a + top * a_stride, a_stride, panels + j * k, from, place, stride, rows, k, \
        bias ? bias + j : 0, slope ? slope + j : 0)
            if (slope && added) STRIP(true, true);
            else if (slope) STRIP(true, false);
            else if (added) STRIP(false, true);
            else STRIP(false, false);
#undef STRIP
            if (columns < LANES)
                for (long i = 0; i < rows; i++)
                    for (long x = 0; x < columns; x++) target[i * c_stride + x] = edge[i * LANES + x];
        }
    }
}

// Rows of the result that are worked on together, and positions summed before the result is touched again.
enum { depth = 256 };

INLINE void tile_transposed(
    const int rows, const float *a, long a_stride, const float *b, long b_stride, float *c, long c_stride, long p)
{
    lanes sum[12] = {};
    for (long i = 0; i < p; i++) {
        lanes x = load(b + i * b_stride);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r] += splat(a[i * a_stride + r]) * x;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) store(c + r * c_stride, load(c + r * c_stride) + sum[r]);
}

KERNEL void kernel_product_transposed(
    const float *a, long a_stride, const float *b, long b_stride, float *c, long p, long n, long k)
{
    for (long top = 0; top < p; top += depth) {
        long count = p - top < depth ? p - top : depth;
        for (long j = 0; j < k; j += LANES) {
#define TILE(rows) \
    tile_transposed(rows, a + top * a_stride + i, a_stride, b + top * b_stride + j, b_stride, c + i * k + j, k, count)
            long i = 0;
            for (; i + 6 <= n; i += 6) TILE(6);
            switch (n - i) {
            case 5: TILE(5); break;
            case 4: TILE(4); break;
            case 3: TILE(3); break;
            case 2: TILE(2); break;
            case 1: TILE(1); break;
            }
#undef TILE
        }
    }
}
