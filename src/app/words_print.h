// What the words print. Unbuffered, so that nothing of the C library's streams is in the program.
#pragma once

namespace sleipnir {

// To stdout, whole. What cannot be written (a closed pipe) is given up.
[[gnu::format(printf, 1, 2)]] void print(const char* format, ...);

// The same to stderr.
[[gnu::format(printf, 1, 2)]] void print_error(const char* format, ...);

}  // namespace sleipnir
