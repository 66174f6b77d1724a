#include "base/result.h"

#include <cstdio>
#include <cstring>

namespace sleipnir {

Error Error::make(const char* format, ...) {
  Error error;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error.text_, sizeof(error.text_), format, arguments);
  va_end(arguments);
  return error;
}

Error Error::from_os(int os_error, const char* format, ...) {
  Error error;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error.text_, sizeof(error.text_), format, arguments);
  va_end(arguments);
  const size_t used = strlen(error.text_);
  snprintf(error.text_ + used, sizeof(error.text_) - used, ": %s", strerror(os_error));
  return error;
}

}  // namespace sleipnir
