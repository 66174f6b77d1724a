// libdeflate's checksum without its second copy for AVX: the same instructions, encoded without some moves.
#include "../lib/lib_common.h"

#ifdef ARCH_X86_64
#include "../lib/x86/cpu_features.h"
#undef HAVE_AVX
#define HAVE_AVX(features) 0
#endif

#include "crc32_small_fallback.h"
