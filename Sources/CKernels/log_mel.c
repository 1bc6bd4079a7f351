#include "CKernels.h"
#include "vector.h"

// The even and the odd places of two vectors: real and imaginary parts.
#define EVEN(x, y) __builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(x, y) __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)

INLINE float total(lanes x)
{
    float sums[8];
    for (int i = 0; i < 8; i++) sums[i] = x[i] + x[i + 8];
    for (int width = 4; width > 0; width /= 2)
        for (int i = 0; i < width; i++) sums[i] += sums[i + width];
    return sums[0];
}

KERNEL void kernel_window(const float *x, const double *window, double *out, long count)
{
    for (long i = 0; i < count; i += LANES)
        *(wide *)(out + i) = __builtin_convertvector(load(x + i), wide) * *(const wide *)(window + i);
}

KERNEL void kernel_power(const double *spectrum, float *power, long count)
{
    for (long i = 0; i < count; i += LANES, spectrum += 2 * LANES) {
        wide low = *(const wide *)spectrum, high = *(const wide *)(spectrum + LANES);
        wide real = EVEN(low, high), imaginary = ODD(low, high);
        store(power + i, __builtin_convertvector(real * real + imaginary * imaginary, lanes));
    }
}

KERNEL void kernel_mel_bands(
    const float *power, const int32_t *first_bins, const int32_t *offsets, const float *weights, float *out, long stride,
    long bands)
{
    for (long band = 0; band < bands; band++) {
        const float *bins = power + first_bins[band] - offsets[band];
        lanes sum = {};
        for (long i = offsets[band]; i < offsets[band + 1]; i += LANES) sum += load(weights + i) * load(bins + i);
        out[band * stride] = total(sum);
    }
}

// 10 log10(x) for normal x > 0, to half a unit of the last place of 100.
//
// With x = 2^e m, m in [sqrt(1/2), sqrt(2)), and s = (m - 1) / (m + 1): ln m = 2 (s + s^3/3 + s^5/5 + ...), where s^2 < 0.03
// makes the first term left out 2e-9 of the sum. 10 log10(2) is split so that e times its first part is exact.
INLINE lanes decibels(lanes x)
{
    const int32_t root = 0x3f3504f3;  // the bits of sqrt(1/2)
    mask exponent = ((mask)x - root) >> 23;
    lanes m = (lanes)((mask)x - (exponent << 23)), e = __builtin_convertvector(exponent, lanes);
    lanes s = (m - 1) / (m + 1), q = s * s;
    lanes series = s + s * q * (1.0f / 3 + q * (1.0f / 5 + q * (1.0f / 7 + q * (1.0f / 9))));
    return 3.009765625f * e + (5.34331664e-4f * e + 8.68588964f * series);
}

KERNEL void kernel_decibels(float *x, long count, float least, float added)
{
    long i = 0;
    for (; i + LANES <= count; i += LANES) store(x + i, decibels(larger(load(x + i), splat(least)) + splat(added)));
    for (; i < count; i++) x[i] = decibels(larger(splat(x[i]), splat(least)) + splat(added))[0];
}
