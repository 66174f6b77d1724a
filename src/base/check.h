// CHECK(condition): our own invariant, or the process ends with a line that names the place.
//
// Data from outside (Lambda, Loki, the environment, a file) must never be able to reach one: an abort here
// takes the customer's invocation with it. Always on, in release builds too.
#pragma once

namespace sleipnir {

[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace sleipnir

// The release names the place alone: file and line lead to the condition, and its text would be kilobytes.
#ifdef NDEBUG
#define SLEIPNIR_CONDITION_TEXT(condition) ""
#else
#define SLEIPNIR_CONDITION_TEXT(condition) #condition
#endif

#define CHECK(condition)              \
  ((condition) ? static_cast<void>(0) \
               : ::sleipnir::check_failed(__FILE_NAME__, __LINE__, SLEIPNIR_CONDITION_TEXT(condition)))
