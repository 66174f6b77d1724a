// format_text: what vsnprintf(3) does for the few conversions that are used here, and nothing for the others.
//
//   %s %.*s %.Ns   texts        %c   a character       %%
//   %d %u %x %X    numbers, with hh, h, l, ll, z or j before; flags `-` and `0`; a width
//
// The release binary has this in the place of the C library's (base/runtime_cut.cc), which is 10 kB and, on ARM, half a
// floating point library more. Native builds and all tests but its own use the system's. Pure; any thread.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace sleipnir {

// Writes at most `room` bytes, a NUL among them unless room is 0. Returns how long the whole text is, without the NUL.
// An unknown conversion ends the text there: CHECK would need this very function.
size_t format_text(char* out, size_t room, const char* format, va_list arguments);

}  // namespace sleipnir
