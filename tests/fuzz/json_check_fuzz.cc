// is_json() says of any text what yyjson says, but for nesting deeper than we take; and of what it accepts as an
// object, JsonFields reaches the end.
#include "base/json_check.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "../unit/base/json_reference.h"
#include "base/json_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sleipnir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool ours = is_json(text);
  const auto brackets = std::count_if(text.begin(), text.end(), [](char c) { return c == '{' || c == '['; });
  const bool may_be_deep = static_cast<size_t>(brackets) > kJsonDepthMax;
  if (ours != test::parses_as_json(text) && (ours || !may_be_deep)) abort();
  if (is_json_object(text)) {
    JsonFields<PlainJson> fields(text);
    for (JsonField field; fields.next(field);) {
      if (!field.is_string && !is_json(field.value)) abort();
    }
    if (!fields.whole()) abort();
  }
  return 0;
}
