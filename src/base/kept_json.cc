#include "base/kept_json.h"

#include "base/json_decode.h"
#include "base/json_text.h"

namespace sleipnir {

BorrowedText decoded_json(std::string_view inside, TextStore& texts) {
  // No escape is shorter than what it stands for.
  char* const text = texts.room(inside.size());
  size_t bytes = 0;
  append_json_text(inside, {text, bytes, inside.size()});
  return {text, bytes};
}

BorrowedText escaped_json(std::string_view plain, TextStore& texts) {
  const size_t bytes_max = plain.size() * kJsonGrowthMax;
  char* const text = texts.room(bytes_max);
  return TextStore::close(text, text + escape_json(plain, {text, bytes_max}).written);
}

}  // namespace sleipnir
