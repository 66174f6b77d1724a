#include "app/config_identity.h"

#include <algorithm>
#include <array>
#include <span>

#include "app/config_values.h"
#include "base/ascii.h"
#include "base/limits.h"
#include "loki/push_request.h"
#include "net/basic_auth.h"

namespace sleipnir {

namespace {

// Source: Loki's tenant rules (X-Scope-OrgID); anything else is answered with 400.
constexpr size_t kTenantBytesMax = 150;
constexpr std::string_view kTenantOthers = "!-_.*'()";
// What a request's head needs beside path and configured headers: fixed headers, host, lengths.
constexpr size_t kHeadReservedBytes = 1 * kKiB;
static_assert(kHeadReservedBytes < kPushHeadBytesMax / 2);

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

bool begins_with(std::string_view text, std::string_view word) {
  return equal_ignoring_case(text.substr(0, word.size()), word);
}

BorrowedText bearer(BorrowedText token, TextStore& texts) {
  if (begins_with(token, "Bearer ") || begins_with(token, "Basic ")) return token;
  return texts.keep({"Bearer ", token});
}

// The credential, or nothing (with a line) if it cannot be one.
BorrowedText checked(std::string_view variable, BorrowedText value, Problems& problems) {
  if (!has_control(value)) return value;
  problems.error(
      "%s contains a line break or another control character (often a newline at its end) and is not used; set it "
      "again without",
      Shown(variable).text());
  return {};
}

BorrowedText checked_user(std::string_view variable, BorrowedText value, Problems& problems) {
  if (value.find(':') == std::string_view::npos) return checked(variable, value, problems);
  problems.error(
      "%s contains a colon, which basic authorization cannot carry in a user name, and is not used; put the "
      "password into LOKI_PASSWORD",
      Shown(variable).text());
  return {};
}

bool valid_tenant(std::string_view tenant) {
  return tenant.size() <= kTenantBytesMax && tenant != "." && tenant != ".." &&
         std::all_of(tenant.begin(), tenant.end(),
                     [](char c) { return is_letter_or_digit(c) || kTenantOthers.find(c) != std::string_view::npos; });
}

// LOKI_HEADERS: Authorization and X-Scope-OrgID into their fields, what is refused with a line.
void take_headers(std::string_view json, RequestIdentity& identity, Problems& problems, TextStore& texts) {
  JsonTexts members(json, texts);
  if (!members.is_object()) {
    problems.error("LOKI_HEADERS is no JSON object such as {\"X-Team\":\"logs\"} and is not used");
    return;
  }
  for (NameValue header; members.next(header);) {
    if (members.refused()) {
      problems.error("LOKI_HEADERS: the value of %s is no text; this header is not sent", Shown(header.name).text());
    } else if (!is_valid_header({header.name, header.value})) {
      problems.error(
          "LOKI_HEADERS: %s has a name or a value with characters that no header may contain (line breaks, "
          "control characters, spaces in the name); this header is not sent",
          Shown(header.name).text());
    } else if (is_reserved_header(header.name)) {
      problems.error("LOKI_HEADERS: %s is set by Sleipnir itself; this header is not sent", Shown(header.name).text());
    } else if (header.value.empty()) {
      problems.warning("LOKI_HEADERS: %s is empty; this header is not sent", Shown(header.name).text());
    } else if (equal_ignoring_case(header.name, "authorization")) {
      identity.authorization = header.value;
    } else if (equal_ignoring_case(header.name, "x-scope-orgid")) {
      identity.tenant_id = header.value;
    } else if (std::any_of(identity.headers.begin(), identity.headers.end(),
                           [&](const NameValue& earlier) { return equal_ignoring_case(earlier.name, header.name); })) {
      problems.warning("LOKI_HEADERS: %s stands there twice; the first one is sent", Shown(header.name).text());
    } else if (!identity.headers.add(header)) {
      problems.error("LOKI_HEADERS: %s is one too many, as %zu are possible; this header is not sent",
                     Shown(header.name).text(), kHeadersMax);
    }
  }
}

void check_tenant(std::string_view variable, RequestIdentity& identity, Problems& problems) {
  if (valid_tenant(identity.tenant_id)) return;
  problems.error(
      "%s=%s is no tenant Loki takes and is not sent; accepted: letters, digits and !-_.*'(), at most 150 bytes",
      Shown(variable).text(), Shown(identity.tenant_id).text());
  identity.tenant_id = {};
}

// Picks the first credential that applies, and knows which ones were then left over.
class Choice {
 public:
  Choice(const Credentials& credentials, const Endpoint* endpoint, Problems& problems, TextStore& texts)
      : problems_(problems),
        texts_(texts),
        credentials_(credentials),
        token_(checked(credentials.token_variable, credentials.token, problems)),
        user_(credentials.user.empty() ? BorrowedText() : checked_user("LOKI_USER", credentials.user, problems)),
        api_key_(checked("LOKI_API_KEY", credentials.api_key, problems)),
        username_(credentials.username_variable == "LOKI_USER"
                      ? user_
                      : checked_user(credentials.username_variable, credentials.username, problems)),
        password_(checked("LOKI_PASSWORD", credentials.password, problems)),
        url_(endpoint != nullptr && endpoint->has_user_info ? endpoint : nullptr) {}

  // The header's value. `given`: what LOKI_HEADERS said.
  BorrowedText take(BorrowedText given) {
    if (!given.empty()) return use("LOKI_HEADERS", "", given);
    if (!token_.empty()) return use(credentials_.token_variable, "", bearer(token_, texts_));
    if (!user_.empty() && !api_key_.empty()) {
      return use("LOKI_USER", "LOKI_API_KEY", basic_authorization(user_, api_key_, texts_));
    }
    if (!api_key_.empty()) return use("LOKI_API_KEY", "", bearer(api_key_, texts_));
    if (!username_.empty() && !password_.empty()) {
      return use(credentials_.username_variable, "LOKI_PASSWORD", basic_authorization(username_, password_, texts_));
    }
    if (!username_.empty() || !password_.empty()) {
      problems_.warning("%s is set without %s, so it is not used",
                        Shown(username_.empty() ? "LOKI_PASSWORD" : credentials_.username_variable).text(),
                        username_.empty() ? "LOKI_USERNAME" : "LOKI_PASSWORD or LOKI_API_KEY");
      username_ = password_ = {};
    }
    if (url_ != nullptr) return use(kUrl, "", basic_authorization(url_->user, url_->password, texts_));
    return {};
  }

  // "LOKI_USERNAME and LOKI_PASSWORD"; empty: no authorization is sent.
  BorrowedText source() const { return joined_names(used(), texts_); }

  void note_unused() const {
    if (used().empty()) return;
    std::array<std::string_view, 6> unused;
    size_t count = 0;
    const auto look = [&](std::string_view name, bool given) {
      if (given && name != used_[0] && name != used_[1]) unused[count++] = name;
    };
    look(credentials_.token_variable, !token_.empty());
    look("LOKI_USER", !user_.empty());
    look("LOKI_API_KEY", !api_key_.empty());
    if (credentials_.username_variable != "LOKI_USER") look(credentials_.username_variable, !username_.empty());
    look("LOKI_PASSWORD", !password_.empty());
    look(kUrl, url_ != nullptr);
    if (count == 0) return;
    problems_.warning("authorization comes from %s; %s %s not used, remove what is not meant", source().c_str(),
                      joined_names(std::span(unused).first(count), texts_).c_str(), count == 1 ? "is" : "are");
  }

 private:
  static constexpr std::string_view kUrl = "the user info in the endpoint";

  BorrowedText use(std::string_view first, std::string_view second, BorrowedText value) {
    used_ = {first, second};
    return value;
  }
  std::span<const std::string_view> used() const {
    return std::span(used_).first(used_[0].empty() ? 0 : used_[1].empty() ? 1 : 2);
  }

  Problems& problems_;
  TextStore& texts_;
  const Credentials& credentials_;
  const BorrowedText token_;
  const BorrowedText user_;
  const BorrowedText api_key_;
  BorrowedText username_;
  BorrowedText password_;
  const Endpoint* const url_;
  std::array<std::string_view, 2> used_;  // the second is empty where one does
};

// The head of a push has a fixed room: beyond it the configured headers go first.
void check_head_bytes(const Endpoint* endpoint, RequestIdentity& identity, Problems& problems) {
  size_t bytes = kHeadReservedBytes + identity.authorization.size() + identity.tenant_id.size();
  if (endpoint != nullptr) bytes += endpoint->path.size() + endpoint->host_header.size();
  if (bytes > kPushHeadBytesMax) {
    problems.error("the credential (%zu bytes) does not fit into a request of %zu bytes and is not sent",
                   identity.authorization.size(), kPushHeadBytesMax);
    bytes -= identity.authorization.size();
    identity.authorization = {};
  }
  for (size_t i = 0; i < identity.headers.size(); i++) {
    bytes += identity.headers[i].name.size() + identity.headers[i].value.size() + sizeof(": \r\n");
    if (bytes <= kPushHeadBytesMax) continue;
    problems.error("LOKI_HEADERS: from %s on the headers do not fit into a request of %zu bytes and are not sent",
                   Shown(identity.headers[i].name).text(), kPushHeadBytesMax);
    identity.headers.cut(i);
  }
}

}  // namespace

RequestIdentity compose_identity(const Credentials& credentials, const Endpoint* endpoint, Problems& problems,
                                 TextStore& texts) {
  RequestIdentity identity;
  if (!credentials.headers.empty()) take_headers(credentials.headers, identity, problems, texts);

  if (!identity.tenant_id.empty()) {
    if (!credentials.tenant_id.empty() && credentials.tenant_id != identity.tenant_id) {
      problems.warning("LOKI_HEADERS and LOKI_TENANT_ID name different tenants; the one in LOKI_HEADERS is used");
    }
    check_tenant("LOKI_HEADERS: X-Scope-OrgID", identity, problems);
  } else {
    identity.tenant_id = credentials.tenant_id;
    check_tenant("LOKI_TENANT_ID", identity, problems);
  }

  Choice choice(credentials, endpoint, problems, texts);
  identity.authorization = choice.take(identity.authorization);
  identity.source = choice.source();
  choice.note_unused();
  if (!identity.authorization.empty() && endpoint != nullptr && !endpoint->tls && !endpoint->is_loopback()) {
    problems.warning(
        "%s: the credential goes over plain http to %s, where anybody in between can read it; use https://",
        identity.source.c_str(), Shown(endpoint->host).text());
  }
  check_head_bytes(endpoint, identity, problems);
  return identity;
}

}  // namespace sleipnir
