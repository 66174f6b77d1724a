// Where a test has texts put together that it compares at once: they live as long as the program.
#pragma once

#include "base/text_store.h"

namespace sleipnir::test {

inline TextStore& texts() {
  static TextStore store;
  return store;
}

}  // namespace sleipnir::test
