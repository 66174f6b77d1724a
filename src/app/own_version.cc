#include "app/own_version.h"

#include "version.h"

namespace sleipnir {

std::string_view version_text() {
  return SLEIPNIR_VERSION;
}

}  // namespace sleipnir
