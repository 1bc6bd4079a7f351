// F(4, 3) with the interpolation points 0, 1, -1, 2, -2 and infinity.
//
// Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
#include "CKernels.h"
#include "vector.h"

INLINE long first_row(long tile, long dilation) { return tile / dilation * 4 * dilation + tile % dilation; }

KERNEL void kernel_winograd_input(const float *x, float *values, long tiles, long channels, long dilation)
{
    const long step = dilation * channels, plane = tiles * channels;
    for (long t = 0; t < tiles; t++) {
        const float *in = x + first_row(t, dilation) * channels;
        float *out = values + t * channels;
        for (long c = 0; c < channels; c += LANES) {
            lanes x0 = load(in + c), x1 = load(in + c + step), x2 = load(in + c + 2 * step);
            lanes x3 = load(in + c + 3 * step), x4 = load(in + c + 4 * step), x5 = load(in + c + 5 * step);
            lanes even = x4 - 4.0f * x2, odd = x3 - 4.0f * x1, near = x4 - x2, far = 2.0f * (x3 - x1);
            store(out + c, 4.0f * x0 - 5.0f * x2 + x4);
            store(out + c + plane, even + odd);
            store(out + c + 2 * plane, even - odd);
            store(out + c + 3 * plane, near + far);
            store(out + c + 4 * plane, near - far);
            store(out + c + 5 * plane, 4.0f * x1 - 5.0f * x3 + x5);
        }
    }
}

KERNEL void kernel_winograd_output(
    const float *products, float *y, long rows, long tiles, long channels, long dilation, const float *bias)
{
    const long plane = tiles * channels;
    for (long t = 0; t < tiles; t++) {
        const float *in = products + t * channels;
        const long first = first_row(t, dilation);
        for (long c = 0; c < channels; c += LANES) {
            lanes m1 = load(in + c + plane), m2 = load(in + c + 2 * plane);
            lanes m3 = load(in + c + 3 * plane), m4 = load(in + c + 4 * plane);
            lanes near = m1 + m2, far = m3 + m4, near_odd = m1 - m2, far_odd = m3 - m4;
            lanes out[4] = {
                load(in + c) + near + far,
                near_odd + 2.0f * far_odd,
                near + 4.0f * far,
                near_odd + 8.0f * far_odd + load(in + c + 5 * plane),
            };
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; j++) {
                long row = first + j * dilation;
                if (row >= rows) break;
                lanes x = out[j];
                if (bias) x = larger(x + load(bias + c), (lanes){});
                store(y + row * channels + c, x);
            }
        }
    }
}

KERNEL void kernel_winograd_gradient(const float *dy, float *values, long tiles, long channels, long dilation)
{
    const long step = dilation * channels, plane = tiles * channels;
    for (long t = 0; t < tiles; t++) {
        const float *in = dy + first_row(t, dilation) * channels;
        float *out = values + t * channels;
        for (long c = 0; c < channels; c += LANES) {
            lanes y0 = load(in + c), y1 = load(in + c + step);
            lanes y2 = load(in + c + 2 * step), y3 = load(in + c + 3 * step);
            lanes even = y0 + y2, odd = y1 + y3, far = y0 + 4.0f * y2, far_odd = 2.0f * y1 + 8.0f * y3;
            store(out + c, y0);
            store(out + c + plane, even + odd);
            store(out + c + 2 * plane, even - odd);
            store(out + c + 3 * plane, far + far_odd);
            store(out + c + 4 * plane, far - far_odd);
            store(out + c + 5 * plane, y3);
        }
    }
}
