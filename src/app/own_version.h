// Our own version, for those who introduce us (User-Agent, --version). Read-only.
#pragma once

#include <string_view>

namespace sleipnir {

// "0.1.0".
std::string_view version_text();

}  // namespace sleipnir
