// The labels of the one stream that all pushes go to, as the beginning of the push body.
//
//   {"streams":[{"stream":{"function_name":"...",...},"values":[     entries     ]}]}
//
// Made once at start from what Lambda and the configuration say; read-only afterwards, so both threads may read it.
// Names and values are checked against Loki's rules by the configuration; here they are only put in order.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/name_value.h"

namespace sleipnir {

// What Lambda tells about the function. An empty value leaves its label out.
struct FunctionIdentity {
  std::string_view function_name = {};
  std::string_view function_version = {};
  std::string_view region = {};
  std::string_view account_id = {};
};

// Loki's default limit (max_label_names_per_series); service_name does not count towards it. An entry of a stream with
// more is refused: the configuration sees to it.
inline constexpr size_t kLabelCountMax = 15;

// `{"streams":[{"stream":{...},"values":[`. Built-in labels first (function_name, function_version, region, account_id,
// source, service_name), then the custom ones in the order given. service_name is the custom label of that name, else
// the function's name. Labels with an empty value are left out, as Loki would.
// REQUIRES: custom labels as Config has them, none of them twice or with another built-in one's name.
[[nodiscard]] std::string build_push_prefix(const FunctionIdentity& function, std::span<const NameValue> custom);

// The same prefix with a label request_id added as the last one. Returns its bytes in `out`, 0 when it does not fit.
// An empty id gives the plain prefix. REQUIRES: a prefix that build_push_prefix() made.
[[nodiscard]] size_t write_prefix_with_request_id(std::string_view push_prefix, std::string_view request_id,
                                                  std::span<char> out);

// How much longer than the plain prefix that can be, for an id of this many bytes.
size_t request_id_label_bytes_max(size_t request_id_bytes);

// Closes the body that push_prefix began; at most PushText::kSuffixBytesMax.
inline constexpr std::string_view kPushSuffix = "]}]}";

}  // namespace sleipnir
