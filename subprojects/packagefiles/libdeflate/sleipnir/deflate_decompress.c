// libdeflate's decompressor without its second copy for processors with BMI2, 3 kB: it reads what the spool kept, and rarely.
#include "../lib/lib_common.h"

#ifdef ARCH_X86_64
#include "../lib/x86/cpu_features.h"
#undef HAVE_BMI2
#define HAVE_BMI2(features) 0
#define get_x86_cpu_features() 0
#endif

#include "deflate_decompress_of_one_loop.h"
