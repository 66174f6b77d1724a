// JSON strings decoded and escaped whole, each result a text of its own in a store. Not for the record path: they
// allocate.
#pragma once

#include <string_view>

#include "base/text_store.h"

namespace sleipnir {

// What the inside of a JSON string stands for.
BorrowedText decoded_json(std::string_view inside, TextStore& texts);
// The inside of a JSON string that stands for these bytes.
BorrowedText escaped_json(std::string_view plain, TextStore& texts);

}  // namespace sleipnir
