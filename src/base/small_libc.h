// The C library's texts for errors of the system, those that are met here.
//
// In the release binary they stand in for strerror(3), see base/runtime_cut.cc. Native builds and all tests but its own
// use the system's. Pure; any thread.
#pragma once

namespace sleipnir::small_libc {

// What an error of the system is called. Those that sockets, files and memory bring; all others are "unknown error".
const char* error_text(int os_error);

}  // namespace sleipnir::small_libc
