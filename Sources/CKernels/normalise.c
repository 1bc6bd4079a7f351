#include "CKernels.h"
#include "vector.h"

KERNEL void kernel_activate(
    const float *y, float *a, long rows, long channels, const float *scale, const float *shift, const float *slope)
{
    for (long row = 0; row < rows; row++, y += channels, a += channels)
        for (long c = 0; c < channels; c += LANES) {
            lanes z = load(scale + c) * load(y + c) + load(shift + c);
            store(a + c, slope ? rectify(z, load(slope + c)) : z);
        }
}

KERNEL void kernel_moments(const float *y, long rows, long channels, const float *origin, float *sums, float *squares)
{
    for (long c = 0; c < channels; c += LANES) {
        lanes zero = load(origin + c), sum = {}, square = {};
        for (long row = 0; row < rows; row++) {
            lanes x = load(y + row * channels + c) - zero;
            sum += x;
            square += x * x;
        }
        store(sums + c, load(sums + c) + sum);
        store(squares + c, load(squares + c) + square);
    }
}

KERNEL void kernel_activate_gradient(
    float *g, const float *y, long rows, long channels, const float *scale, const float *shift, const float *slope,
    const float *inverse, const float *offset, float *sums, float *products, float *slopes)
{
    for (long c = 0; c < channels; c += LANES) {
        const lanes a = load(scale + c), b = load(shift + c), i = load(inverse + c), o = load(offset + c);
        const lanes s = slope ? load(slope + c) : splat(1);
        lanes sum = {}, product = {}, below = {};
        for (long row = 0; row < rows; row++) {
            lanes x = load(y + row * channels + c), da = load(g + row * channels + c);
            lanes z = a * x + b, dz = da;
            if (slope) {
                mask positive = z > 0;
                below += da * smaller(z, (lanes){});
                dz = keep(positive, da) + keep(~positive, s * da);
                store(g + row * channels + c, dz);
            }
            sum += dz;
            product += dz * (i * x + o);
        }
        store(sums + c, load(sums + c) + sum);
        store(products + c, load(products + c) + product);
        if (slope) store(slopes + c, load(slopes + c) + below);
    }
}

KERNEL void kernel_combine(
    const float *g, const float *y, float *dy, long rows, long channels, const float *p, const float *q, const float *r)
{
    for (long row = 0; row < rows; row++, g += channels, y += channels, dy += channels)
        for (long c = 0; c < channels; c += LANES)
            store(dy + c, load(p + c) * load(g + c) + load(q + c) * load(y + c) + load(r + c));
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
