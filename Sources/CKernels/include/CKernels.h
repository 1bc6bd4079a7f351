// Vector loops that want run-time CPU dispatch. Each has a plain Swift twin in Tensors that tests it.
//
// Activations lie with their channels last: [rows][columns][channels] or [time][channels]. Channel counts are multiples of
// 16 except where a kernel says otherwise. No pointer may overlap another that is written. No function keeps state or
// takes a lock: any thread may call any of them.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// MARK: Matrix products (product.c)

// c[m][n] = added[m][n] + a[m][k] * b[k][n] + bias[n], then max(x, 0) + slope[n] * min(x, 0).
// b is packed in panels [ceil(n / 16)][k][16] whose columns beyond n are zero. added, bias and slope may be NULL. added may
// be c, and its rows are as far apart; bias and slope are as long as the panels are wide. Any m, n, k.
void kernel_product(
    const float *a, long a_stride, const float *panels, float *c, long c_stride, long m, long n, long k,
    const float *bias, const float *slope, const float *added);

// c = (accumulate ? c : 0) + a * b likewise, its sums in double every 16 steps of k: what is left is little more than the
// rounding of the result.
void kernel_product_precise(
    const float *a, long a_stride, const float *panels, float *c, long c_stride, long m, long n, long k,
    bool accumulate);

// c[n][k] += sum over p of a[p][n] * b[p][k]. k is a multiple of 16.
void kernel_product_transposed(
    const float *a, long a_stride, const float *b, long b_stride, float *c, long p, long n, long k);

// MARK: Winograd convolution over time, kernel 3, four outputs per tile (winograd.c)

// values[6][tiles][channels] from x[(tiles / dilation) * 4 * dilation + 2 * dilation][channels].
// Tile t reads rows start, start + dilation, ... where start = (t / dilation) * 4 * dilation + t % dilation.
void kernel_winograd_input(const float *x, float *values, long tiles, long channels, long dilation);

// y[rows][channels] from products[6][tiles][channels], four rows per tile; rows beyond `rows` are dropped.
// Then y = max(y + bias, 0) where bias is not NULL.
void kernel_winograd_output(
    const float *products, float *y, long rows, long tiles, long channels, long dilation, const float *bias);

// values[6][tiles][channels] from dy[(tiles / dilation) * 4 * dilation][channels]: the transpose of the output transform.
void kernel_winograd_gradient(const float *dy, float *values, long tiles, long channels, long dilation);

// MARK: Depthwise 3x3, padding 1 (depthwise.c)

// out[out_width][channels] from three input rows of [width][channels]; weights[9][channels]; bias and slope may be NULL.
void kernel_depthwise_row(
    const float *above, const float *middle, const float *below, const float *weights, float *out, long width,
    long out_width, long channels, long stride, const float *bias, const float *slope);

// dx[width][channels] += what one output row dy[out_width][channels] returns through one row of weights[3][channels].
void kernel_depthwise_row_gradient(
    const float *dy, const float *weights, float *dx, long width, long out_width, long channels, long stride);

// dw[3][channels] += the products of one input row x[width][channels] with one output row dy[out_width][channels].
void kernel_depthwise_weight_gradient(
    const float *x, const float *dy, float *dw, long width, long out_width, long channels, long stride);

// MARK: Normalisation and activation (normalise.c)

// a = max(z, 0) + slope * min(z, 0) with z = scale * (y - centre) + shift; without slope a = z. a may be y.
void kernel_activate(
    const float *y, float *a, long rows, long channels, const float *centre, const float *scale, const float *shift,
    const float *slope);

// sums[channels] += y - origin, squares[channels] += (y - origin)^2.
void kernel_moments(const float *y, long rows, long channels, const float *origin, float *sums, float *squares);

// The way back through kernel_activate, in place: g becomes dL/dz. With xhat = inverse * (y - centre):
// sums += g, products += g * xhat and, where there is a slope, slopes += the sum of dL/da * z over z < 0.
void kernel_activate_gradient(
    float *g, const float *y, long rows, long channels, const float *centre, const float *scale, const float *shift,
    const float *slope, const float *inverse, float *sums, float *products, float *slopes);

// dy = p * g + q * (y - centre) + r, per channel. dy may be g or y.
void kernel_combine(
    const float *g, const float *y, float *dy, long rows, long channels, const float *centre, const float *p,
    const float *q, const float *r);

// out[channels] = the largest of rows.
void kernel_largest(const float *a, float *out, long rows, long channels);

// da[row][channels] += g[channels] at the first row that holds the largest value.
void kernel_largest_gradient(const float *a, const float *g, float *da, long rows, long channels);

// MARK: Log-mel (log_mel.c)

// out[count] = x * window. count is a multiple of 16.
void kernel_window(const float *x, const double *window, double *out, long count);

// power[count] = re^2 + im^2 of spectrum[count][2]. count is a multiple of 16.
void kernel_power(const double *spectrum, float *power, long count);

// out[band * stride] = sum over i of weights[offsets[band] + i] * power[first_bins[band] + i], for each of the bands.
// A band has offsets[band + 1] - offsets[band] weights, a multiple of 16; the last ones may be zeros behind the spectrum.
void kernel_mel_bands(
    const float *power, const int32_t *first_bins, const int32_t *offsets, const float *weights, float *out, long stride,
    long bands);

// x[count] = 10 log10(max(x, least) + added), in place; what stands under the logarithm is at least 1.2e-38. Any count.
void kernel_decibels(float *x, long count, float least, float added);
