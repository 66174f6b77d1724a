// Functions of the C library in a smaller form than the library's, for what is asked of them here.
//
// In the release binary they stand in for strtoul(3), strstr(3), gmtime_r(3) and timegm(3), see base/runtime_cut.cc:
// the resolver reads addresses and resolv.conf with them, mbedTLS looks for PEM's lines, certificates have dates. 3 kB
// less. Native builds and all tests but their own use the system's. Pure; any thread.
#pragma once

#include <cstdint>
#include <ctime>

namespace sleipnir::small_libc {

// The digits at the beginning of `text`, which are taken whole, as a number; too large a one is UINT64_MAX. Neither
// space nor sign is skipped. `base` 0: as C writes numbers (0x1f, 017, 15). `end`, where it is not nullptr: what
// follows.
uint64_t number(const char* text, char** end, int base);

// The first place of `wanted` in `text`; nullptr: nowhere. In time that grows with both: for lines and small files.
char* find_text(const char* text, const char* wanted);

// The date and time of a moment, UTC, and back; years 1 to 9999, fields within their ranges, no leap seconds.
// date_of() leaves tm_wday and tm_yday 0.
tm date_of(int64_t unix_seconds);
int64_t moment_of(const tm& date);

}  // namespace sleipnir::small_libc
