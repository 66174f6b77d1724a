// joined: one text out of several. Not for the record path: it allocates.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace sleipnir {

std::string joined(std::initializer_list<std::string_view> pieces);

}  // namespace sleipnir
