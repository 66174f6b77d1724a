// A wire entry read back with another JSON parser, for tests and fuzz targets.
#pragma once

#include <yyjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sleipnir::test {

struct WireEntry {
  std::string time;
  std::string line;
  bool has_metadata = false;
  std::vector<std::pair<std::string, std::string>> metadata;

  // The value of a key, or "" where there is none.
  std::string operator[](std::string_view key) const {
    for (const auto& [name, value] : metadata) {
      if (name == key) return value;
    }
    return "";
  }
};

inline std::string text_of(yyjson_val* value) {
  return {yyjson_get_str(value), yyjson_get_len(value)};
}

// `["time","line"],` or `["time","line",{"name":"value"}],`; none for anything else.
inline std::optional<WireEntry> read_wire_entry(std::string_view wire) {
  if (wire.empty() || wire.back() != ',') return {};
  wire.remove_suffix(1);
  yyjson_doc* const doc = yyjson_read(wire.data(), wire.size(), YYJSON_READ_NOFLAG);
  if (doc == nullptr) return {};
  std::optional<WireEntry> entry;
  yyjson_val* const root = yyjson_doc_get_root(doc);
  yyjson_val* const time = yyjson_arr_get(root, 0);
  yyjson_val* const line = yyjson_arr_get(root, 1);
  yyjson_val* const metadata = yyjson_arr_get(root, 2);
  if (yyjson_is_str(time) && yyjson_is_str(line) && yyjson_arr_size(root) <= 3) {
    entry =
        WireEntry{.time = text_of(time), .line = text_of(line), .has_metadata = metadata != nullptr, .metadata = {}};
    yyjson_obj_iter iter = yyjson_obj_iter_with(metadata);
    while (yyjson_val* const key = yyjson_obj_iter_next(&iter)) {
      yyjson_val* const value = yyjson_obj_iter_get_val(key);
      if (!yyjson_is_str(value)) {
        yyjson_doc_free(doc);
        return {};
      }
      entry->metadata.emplace_back(text_of(key), text_of(value));
    }
  }
  yyjson_doc_free(doc);
  return entry;
}

}  // namespace sleipnir::test
