#include "CKernels.h"
#include "vector.h"

// `count` neighbouring outputs of sixteen channels; all their inputs lie inside the row, and each is loaded once. `rows`
// stand at the middle input of the first output.
INLINE void inside(
    const int count, const int stride, const float *const rows[3], const float *weights, float *out, long channels,
    const float *bias, const float *slope)
{
    lanes sum[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) sum[i] = bias ? load(bias) : (lanes){};
#pragma clang loop unroll(full)
    for (int row = 0; row < 3; row++) {
        lanes w[3];
#pragma clang loop unroll(full)
        for (int tap = 0; tap < 3; tap++) w[tap] = load(weights + (3 * row + tap) * channels);
#pragma clang loop unroll(full)
        for (int x = 0; x < stride * (count - 1) + 3; x++) {
            lanes in = load(rows[row] + (x - 1) * channels);
#pragma clang loop unroll(full)
            for (int tap = 0; tap < 3; tap++) {
                const int i = (x - tap) / stride;
                if (x >= tap && (x - tap) % stride == 0 && i < count) sum[i] += w[tap] * in;
            }
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++)
        store(out + i * channels, slope ? rectify(sum[i], load(slope)) : sum[i]);
}

// One output at the left or right edge, where some inputs are padding.
INLINE void edge(
    const float *const rows[3], const float *weights, float *out, long column, long width, long channels, long stride,
    long c, const float *bias, const float *slope)
{
    lanes sum = bias ? load(bias + c) : (lanes){};
    for (int tap = 0; tap < 9; tap++) {
        long x = column * stride + tap % 3 - 1;
        if (x >= 0 && x < width)
            sum += load(weights + tap * channels + c) * load(rows[tap / 3] + x * channels + c);
    }
    store(out + column * channels + c, slope ? rectify(sum, load(slope + c)) : sum);
}

KERNEL void kernel_depthwise_row(
    const float *above, const float *middle, const float *below, const float *weights, float *out, long width,
    long out_width, long channels, long stride, const float *bias, const float *slope)
{
    const float *const rows[3] = {above, middle, below};
    const long last = (width - 2) / stride + 1 < out_width ? (width - 2) / stride + 1 : out_width;
    const long end = width < 2 ? 1 : last;
    // Channels run innermost: columns of one block of channels would all fall into the same few sets of the cache.
#define INSIDE(count, stride) \
    for (long c = 0; c < channels; c += LANES) { \
        const long at = x * (stride) * channels + c; \
        const float *const here[3] = {above + at, middle + at, below + at}; \
        inside( \
            count, stride, here, weights + c, out + x * channels + c, channels, bias ? bias + c : 0, \
            slope ? slope + c : 0); \
    }
#define EDGE \
    for (long c = 0; c < channels; c += LANES) edge(rows, weights, out, x, width, channels, stride, c, bias, slope);
    long x = 0;
    EDGE
    x = 1;
    if (stride == 1) {
        for (; x + 4 <= end; x += 4) INSIDE(4, 1)
        for (; x < end; x++) INSIDE(1, 1)
    } else {
        for (; x + 4 <= end; x += 4) INSIDE(4, 2)
        for (; x < end; x++) INSIDE(1, 2)
    }
    for (; x < out_width; x++) EDGE
#undef INSIDE
#undef EDGE
}

KERNEL void kernel_depthwise_row_gradient(
    const float *dy, const float *weights, float *dx, long width, long out_width, long channels, long stride)
{
    for (long x = 0; x < width; x++)
        for (int tap = 0; tap < 3; tap++) {
            long scaled = x + 1 - tap, column = scaled / stride;
            if (scaled < 0 || scaled % stride != 0 || column >= out_width) continue;
            const float *g = dy + column * channels, *w = weights + tap * channels;
            float *target = dx + x * channels;
            for (long c = 0; c < channels; c += LANES)
                store(target + c, load(target + c) + load(g + c) * load(w + c));
        }
}

KERNEL void kernel_depthwise_weight_gradient(
    const float *x, const float *dy, float *dw, long width, long out_width, long channels, long stride)
{
    for (long c = 0; c < channels; c += LANES) {
        lanes left = load(dw + c), centre = load(dw + channels + c), right = load(dw + 2 * channels + c);
        for (long column = 0; column < out_width; column++) {
            const float *in = x + column * stride * channels + c;
            lanes g = load(dy + column * channels + c);
            if (column > 0) left += g * load(in - channels);
            centre += g * load(in);
            if (column * stride + 1 < width) right += g * load(in + channels);
        }
        store(dw + c, left);
        store(dw + channels + c, centre);
        store(dw + 2 * channels + c, right);
    }
}
