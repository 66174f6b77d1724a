#include "lambda/trace_rules.h"

#include "lambda/hex_rules.h"

namespace sleipnir {
namespace {

// 1-67aa0001-0123456789abcdef01234567
constexpr size_t kXRayBytes = 35;

bool is_xray_form(std::string_view text) {
  return text.size() == kXRayBytes && text[0] == '1' && text[1] == '-' && text[10] == '-' &&
         is_hex(text.substr(2, 8)) && is_hex(text.substr(11));
}

TraceId join_xray(std::string_view text) {
  TraceId id(text.substr(2, 8));
  id.append(text.substr(11));
  return id;
}

}  // namespace

TraceId trace_id_of_header(std::string_view tracing) {
  std::string_view root;
  bool sampled = false;
  while (!tracing.empty()) {
    const size_t semicolon = tracing.find(';');
    std::string_view pair = tracing.substr(0, semicolon);
    tracing.remove_prefix(semicolon == std::string_view::npos ? tracing.size() : semicolon + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with("Root=")) root = pair.substr(5);
    if (pair == "Sampled=1") sampled = true;
  }
  if (!sampled || !is_xray_form(root)) return {};
  return join_xray(root);
}

TraceId trace_id_of_field(std::string_view value) {
  if (is_xray_form(value)) return join_xray(value);
  if (value.size() != kTraceIdBytes || !is_hex(value)) return {};
  if (value.find_first_not_of('0') == std::string_view::npos) return {};
  return TraceId(value);
}

}  // namespace sleipnir
