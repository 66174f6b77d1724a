#include "loki/labels.h"

#include <cstring>

#include "base/json_text.h"

namespace sleipnir {

namespace {

constexpr std::string_view kBehindLabels = R"(},"values":[)";

constexpr std::string_view kSource = "lambda";
constexpr std::string_view kServiceName = "service_name";

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const size_t begin = out.size();
  out.resize(begin + text.size() * kJsonGrowthMax);
  const JsonCopied copied = escape_json(text, std::span(out).subspan(begin));
  out.resize(begin + remove_replacements(std::span(out).subspan(begin, copied.written)));
  out += '"';
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!out.ends_with('{')) out += ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

}  // namespace

std::string build_push_prefix(const FunctionIdentity& function, std::span<const NameValue> custom) {
  std::string_view service_name = function.function_name;
  for (const NameValue& label : custom) {
    if (label.name == kServiceName && !label.value.empty()) service_name = label.value;
  }
  std::string prefix = R"({"streams":[{"stream":{)";
  append_label(prefix, "function_name", function.function_name);
  append_label(prefix, "function_version", function.function_version);
  append_label(prefix, "region", function.region);
  append_label(prefix, "account_id", function.account_id);
  append_label(prefix, "source", kSource);
  append_label(prefix, kServiceName, service_name);
  for (const NameValue& label : custom) {
    if (label.name != kServiceName) append_label(prefix, label.name, label.value);
  }
  return prefix.append(kBehindLabels);
}

namespace {

// The label `source` is always there, so a further one always follows a comma.
constexpr std::string_view kRequestIdLabel = R"(,"request_id":")";

}  // namespace

size_t request_id_label_bytes_max(size_t request_id_bytes) {
  return kRequestIdLabel.size() + request_id_bytes * kJsonGrowthMax + 1;
}

size_t write_prefix_with_request_id(std::string_view push_prefix, std::string_view request_id, std::span<char> out) {
  size_t bytes = 0;
  const auto append = [&](std::string_view text) {
    if (out.size() - bytes < text.size()) return false;
    memcpy(out.data() + bytes, text.data(), text.size());
    bytes += text.size();
    return true;
  };
  const size_t labels_end = push_prefix.size() - kBehindLabels.size();
  if (!append(push_prefix.substr(0, labels_end))) return 0;
  if (!request_id.empty()) {
    if (!append(kRequestIdLabel)) return 0;
    const JsonCopied copied = escape_json(request_id, out.subspan(bytes));
    bytes += remove_replacements(out.subspan(bytes, copied.written));
    if (copied.stop != JsonStop::kEnd || !append("\"")) return 0;
  }
  return append(kBehindLabels) ? bytes : 0;
}

}  // namespace sleipnir
