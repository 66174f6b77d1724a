// NameValue: a label or a request header as configuration hands it on.
//
// Made at start, read-only afterwards, so any thread may read it. Not for the record path.
#pragma once

#include <string>

namespace sleipnir {

struct NameValue {
  std::string name;
  std::string value;

  bool operator==(const NameValue&) const = default;
};

}  // namespace sleipnir
