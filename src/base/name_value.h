// NameValue: a label or a request header as configuration hands it on.
//
// Made at start, read-only afterwards, so any thread may read it. Borrowed: both texts. Not for the record path.
#pragma once

#include "base/borrowed_text.h"

namespace sleipnir {

struct NameValue {
  BorrowedText name;
  BorrowedText value;

  bool operator==(const NameValue&) const = default;
};

}  // namespace sleipnir
