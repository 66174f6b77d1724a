#include "loki/push_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/ascii.h"
#include "base/joined.h"

namespace sleipnir {

namespace {

constexpr std::array<std::string_view, 12> kReserved = {
    "connection", "content-encoding", "content-length",    "content-type", "expect", "keep-alive",
    "te",         "trailer",          "transfer-encoding", "upgrade",      "host",   "proxy-connection",
};

bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return is_letter_or_digit(c) || kOthers.find(c) != std::string_view::npos;
}

bool is_value_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

bool is_usable(const HeaderField& field) {
  return is_valid_header(field) && !is_reserved_header(field.name);
}

void append_field(std::string& out, const HeaderField& field) {
  if (!is_valid_header(field)) return;
  out.append(joined({field.name, ": ", field.value, "\r\n"}));
}

}  // namespace

bool is_reserved_header(std::string_view name) {
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view r) { return equal_ignoring_case(name, r); });
}

bool is_valid_header(const HeaderField& field) {
  return !field.name.empty() && std::all_of(field.name.begin(), field.name.end(), is_token_character) &&
         std::all_of(field.value.begin(), field.value.end(), is_value_character);
}

PushRequestHead::PushRequestHead(const PushTarget& target) {
  fixed_ = joined({"POST ", target.path, " HTTP/1.1\r\n"});
  append_field(fixed_, {"Host", target.host});
  append_field(fixed_, {"Content-Type", "application/json"});
  const std::string agent = joined({"sleipnir/", target.version});
  const HeaderField own[] = {
      {"User-Agent", agent}, {"X-Scope-OrgID", target.tenant_id}, {"Authorization", target.authorization}};
  for (const HeaderField& field : own) {
    const bool replaced = std::any_of(target.extra.begin(), target.extra.end(), [&](const NameValue& extra) {
      return is_usable({extra.name, extra.value}) && equal_ignoring_case(extra.name, field.name);
    });
    if (!replaced && !field.value.empty()) append_field(fixed_, field);
  }
  for (const NameValue& extra : target.extra) {
    const HeaderField field{extra.name, extra.value};
    if (is_usable(field)) append_field(fixed_, field);
  }
}

size_t PushRequestHead::write(std::span<char> out, size_t body_bytes, ContentEncoding encoding) const {
  char variable[kVariableBytesMax];
  size_t bytes = 0;
  const auto append = [&](std::string_view text) {
    memcpy(variable + bytes, text.data(), text.size());
    bytes += text.size();
  };
  if (encoding == ContentEncoding::kGzip) append("Content-Encoding: gzip\r\n");
  append("Content-Length: ");
  bytes = static_cast<size_t>(std::to_chars(variable + bytes, variable + sizeof(variable), body_bytes).ptr - variable);
  append("\r\n\r\n");
  if (out.size() < fixed_.size() + bytes) return 0;
  memcpy(out.data(), fixed_.data(), fixed_.size());
  memcpy(out.data() + fixed_.size(), variable, bytes);
  return fixed_.size() + bytes;
}

}  // namespace sleipnir
