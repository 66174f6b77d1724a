#include "loki/labels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/json_text.h"

namespace sleipnir {

namespace {

constexpr std::string_view kBehindLabels = R"(},"values":[)";

constexpr std::string_view kSource = "lambda";
constexpr std::string_view kServiceName = "service_name";
constexpr std::string_view kRequestId = "request_id";

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const size_t begin = out.size();
  out.resize(begin + text.size() * kJsonGrowthMax);
  const JsonCopied copied = escape_json(text, std::span(out).subspan(begin));
  out.resize(begin + remove_replacements(std::span(out).subspan(begin, copied.written)));
  out += '"';
}

// Collects what will be labels, in order, under the rules of the header.
class LabelList {
 public:
  explicit LabelList(size_t count_max) : count_max_(count_max) {}

  void add_built_in(Label label) {
    if (!label.value.empty()) labels_.push_back(label);
    built_in_count_ = labels_.size();
  }

  void add_custom(Label label, std::vector<DroppedLabel>& dropped) {
    if (label.value.empty()) return;
    const auto same = std::find_if(labels_.begin(), labels_.end(), [&](Label l) { return l.name == label.name; });
    if (same != labels_.end()) {
      const bool built_in = static_cast<size_t>(same - labels_.begin()) < built_in_count_;
      drop(label, built_in ? DroppedLabel::Why::kBuiltIn : DroppedLabel::Why::kRepeated, dropped);
    } else if (counted() >= count_max_) {
      drop(label, DroppedLabel::Why::kTooMany, dropped);
    } else {
      labels_.push_back(label);
    }
  }

  std::span<const Label> labels() const { return labels_; }

 private:
  size_t counted() const {
    return static_cast<size_t>(
        std::count_if(labels_.begin(), labels_.end(), [](Label l) { return l.name != kServiceName; }));
  }

  static void drop(Label label, DroppedLabel::Why why, std::vector<DroppedLabel>& dropped) {
    dropped.push_back({.name = std::string(label.name), .why = why});
  }

  size_t count_max_;
  size_t built_in_count_ = 0;
  std::vector<Label> labels_;
};

}  // namespace

StreamLabels build_stream_labels(const FunctionIdentity& function, std::string_view service_name,
                                 std::span<const Label> custom, RequestIdLabel request_id) {
  StreamLabels made;
  // A custom service_name stands in for the variable, so it is taken out of the custom ones here.
  const auto is_service_name = [](const Label& label) { return label.name == kServiceName && !label.value.empty(); };
  const auto custom_service_name = std::find_if(custom.begin(), custom.end(), is_service_name);
  const bool use_custom = service_name.empty() && custom_service_name != custom.end();
  if (use_custom) service_name = custom_service_name->value;
  if (service_name.empty()) service_name = function.function_name;

  const bool reserve = request_id == RequestIdLabel::kReserve;
  LabelList list(kLabelCountMax - (reserve ? 1 : 0));
  list.add_built_in({"function_name", function.function_name});
  list.add_built_in({"function_version", function.function_version});
  list.add_built_in({"region", function.region});
  list.add_built_in({"account_id", function.account_id});
  list.add_built_in({"source", kSource});
  list.add_built_in({kServiceName, service_name});
  for (const Label& label : custom) {
    if (use_custom && &label == &*custom_service_name) continue;
    if (reserve && label.name == kRequestId) {
      made.dropped.push_back({.name = std::string(label.name), .why = DroppedLabel::Why::kBuiltIn});
      continue;
    }
    list.add_custom(label, made.dropped);
  }

  made.push_prefix = R"({"streams":[{"stream":{)";
  bool first = true;
  for (const Label& label : list.labels()) {
    if (!first) made.push_prefix += ',';
    first = false;
    append_json_string(made.push_prefix, label.name);
    made.push_prefix += ':';
    append_json_string(made.push_prefix, label.value);
  }
  made.push_prefix += kBehindLabels;
  return made;
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
