// libdeflate's checksum in one copy where the compiler was told of the processor (the release: PCLMULQDQ or ARM's CRC
// instructions, which every Lambda host has). Elsewhere it asks at run time, as upstream does, and leaves out AVX: the
// same instructions, encoded without some moves.
#include "../lib/lib_common.h"

#if defined(ARCH_X86_64)
#include "../lib/x86/cpu_features.h"
#undef HAVE_AVX
#define HAVE_AVX(features) 0
#ifdef __PCLMUL__
#define get_x86_cpu_features() 0
#endif
#elif defined(ARCH_ARM64) && defined(__ARM_FEATURE_CRC32)
#include "../lib/arm/cpu_features.h"
// Three streams of CRC instructions are faster than memory; folding by PMULL besides is 2 kB.
#undef HAVE_PMULL
#define HAVE_PMULL(features) 0
#define get_arm_cpu_features() 0
#endif

#include "crc32_small_fallback.h"
