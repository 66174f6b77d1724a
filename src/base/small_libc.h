// Functions of the C library in a smaller form than the library's, for what is asked of them here.
//
// In the release binary they stand in for strtoul(3) and strstr(3), as base/date.h does for gmtime_r(3) and timegm(3),
// see base/runtime_cut.cc: libc++ names the former, mbedTLS looks for PEM's lines, certificates have dates. 3 kB less.
// Native builds and all tests but their own use the system's. Pure; any thread.
#pragma once

#include <cstdint>

namespace sleipnir::small_libc {

// The digits at the beginning of `text`, which are taken whole, as a number; too large a one is UINT64_MAX. Neither
// space nor sign is skipped. `base` 0: as C writes numbers (0x1f, 017, 15). `end`, where it is not nullptr: what
// follows.
uint64_t number(const char* text, char** end, int base);

// The first place of `wanted` in `text`; nullptr: nowhere. In time that grows with both: for lines and small files.
char* find_text(const char* text, const char* wanted);

// What an error of the system is called. Those that sockets, files and memory bring; all others are "unknown error".
const char* error_text(int os_error);

}  // namespace sleipnir::small_libc
