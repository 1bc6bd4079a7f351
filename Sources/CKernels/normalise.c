#include "CKernels.h"
#include "vector.h"

// Rows that are summed before their sum is added to the others': the rounding of a long sum grows with its length.
enum { sum_rows = 16 };

INLINE void activate_rows(
    const int rows, const float *y, float *a, long channels, const float *centre, const float *scale,
    const float *shift, const float *slope)
{
    for (long c = 0; c < channels; c += LANES) {
        const lanes m = load(centre + c), s = load(scale + c), b = load(shift + c);
        const lanes p = slope ? load(slope + c) : splat(1);
#pragma clang loop unroll(full)
        for (int row = 0; row < rows; row++) {
            lanes z = s * (load(y + row * channels + c) - m) + b;
            store(a + row * channels + c, slope ? rectify(z, p) : z);
        }
    }
}

KERNEL void kernel_activate(
    const float *y, float *a, long rows, long channels, const float *centre, const float *scale, const float *shift,
    const float *slope)
{
    long row = 0;
    for (; row + 4 <= rows; row += 4)
        activate_rows(4, y + row * channels, a + row * channels, channels, centre, scale, shift, slope);
    for (; row < rows; row++)
        activate_rows(1, y + row * channels, a + row * channels, channels, centre, scale, shift, slope);
}

KERNEL void kernel_moments(const float *y, long rows, long channels, const float *origin, float *sums, float *squares)
{
    for (long c = 0; c < channels; c += LANES) {
        const lanes zero = load(origin + c);
        lanes sum = load(sums + c), square = load(squares + c);
        for (long top = 0; top < rows; top += sum_rows) {
            const long end = top + sum_rows < rows ? top + sum_rows : rows;
            lanes s = {}, q = {};
            for (long row = top; row < end; row++) {
                lanes x = load(y + row * channels + c) - zero;
                s += x;
                q += x * x;
            }
            sum += s;
            square += q;
        }
        store(sums + c, sum);
        store(squares + c, square);
    }
}

KERNEL void kernel_activate_gradient(
    float *g, const float *y, long rows, long channels, const float *centre, const float *scale, const float *shift,
    const float *slope, const float *inverse, float *sums, float *products, float *slopes)
{
    for (long c = 0; c < channels; c += LANES) {
        const lanes m = load(centre + c), a = load(scale + c), b = load(shift + c), i = load(inverse + c);
        const lanes s = slope ? load(slope + c) : splat(1);
        lanes sum = load(sums + c), product = load(products + c), below = slope ? load(slopes + c) : (lanes){};
        for (long top = 0; top < rows; top += sum_rows) {
            const long end = top + sum_rows < rows ? top + sum_rows : rows;
            lanes block_sum = {}, block_product = {}, block_below = {};
            for (long row = top; row < end; row++) {
                lanes x = load(y + row * channels + c) - m, dz = load(g + row * channels + c);
                if (slope) {
                    lanes z = a * x + b;
                    mask positive = z > 0;
                    block_below += dz * smaller(z, (lanes){});
                    dz = keep(positive, dz) + keep(~positive, s * dz);
                    store(g + row * channels + c, dz);
                }
                block_sum += dz;
                block_product += dz * x;
            }
            sum += block_sum;
            product += i * block_product;
            below += block_below;
        }
        store(sums + c, sum);
        store(products + c, product);
        if (slope) store(slopes + c, below);
    }
}

KERNEL void kernel_combine(
    const float *g, const float *y, float *dy, long rows, long channels, const float *centre, const float *p,
    const float *q, const float *r)
{
    for (long row = 0; row < rows; row++, g += channels, y += channels, dy += channels)
        for (long c = 0; c < channels; c += LANES)
            store(dy + c, load(p + c) * load(g + c) + load(q + c) * (load(y + c) - load(centre + c)) + load(r + c));
}

KERNEL void kernel_largest(const float *a, float *out, long rows, long channels)
{
    for (long c = 0; c < channels; c += LANES) {
        lanes best = load(a + c);
        for (long row = 1; row < rows; row++) best = larger(best, load(a + row * channels + c));
        store(out + c, best);
    }
}

KERNEL void kernel_largest_gradient(const float *a, const float *g, float *da, long rows, long channels)
{
    for (long c = 0; c < channels; c += LANES) {
        lanes best = load(a + c), left = load(g + c);
        for (long row = 1; row < rows; row++) best = larger(best, load(a + row * channels + c));
        for (long row = 0; row < rows; row++) {
            mask hit = load(a + row * channels + c) == best;
            store(da + row * channels + c, load(da + row * channels + c) + keep(hit, left));
            left = keep(~hit, left);
        }
    }
}
