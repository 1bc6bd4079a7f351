// CRC-32C (Castagnoli), reflected polynomial 0x82F63B78.
// Source: G. Castagnoli et al., "Optimization of cyclic redundancy-check codes with 24 and 32 parity bits", 1993;
// the machine instructions are described in the Intel SDM (CRC32) and the Arm ARM (CRC32CX).
#include "CSupport.h"
#include <string.h>

static uint32_t table[256];

__attribute__((constructor)) static void fill_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; bit++) remainder = remainder >> 1 ^ (remainder & 1 ? 0x82F63B78u : 0);
        table[byte] = remainder;
    }
}

static uint32_t portable(uint32_t state, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) state = state >> 8 ^ table[(state ^ bytes[i]) & 0xff];
    return state;
}

uint32_t auscult_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
    return ~portable(~crc, bytes, count);
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t hardware(uint32_t state, const uint8_t *bytes, size_t count) {
    uint64_t wide = state;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    state = (uint32_t)wide;
    for (; count > 0; bytes++, count--) state = _mm_crc32_u8(state, *bytes);
    return state;
}

static int has_hardware(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

__attribute__((target("+crc"))) static uint32_t hardware(uint32_t state, const uint8_t *bytes, size_t count) {
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        state = __crc32cd(state, word);
    }
    for (; count > 0; bytes++, count--) state = __crc32cb(state, *bytes);
    return state;
}

static int has_hardware(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else
#define hardware portable
static int has_hardware(void) { return 0; }
#endif

uint32_t auscult_crc32c(uint32_t crc, const void *bytes, size_t count) {
    return has_hardware() ? ~hardware(~crc, bytes, count) : auscult_crc32c_portable(crc, bytes, count);
}
