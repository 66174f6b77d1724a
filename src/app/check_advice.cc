#include "app/check_advice.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "loki/answer_text.h"

namespace sleipnir {

namespace {

constexpr std::string_view kOwnPath = "/loki/api/v1/push";

const char* next_hop(const Config& config, const CheckNames& names) {
  return (config.proxy ? names.proxy : names.endpoint).c_str();
}

// For %.*s.
int width(std::string_view text) {
  return static_cast<int>(text.size());
}

void say_credentials(Finding& finding, const Config& config) {
  if (config.authorization.empty()) {
    finding.fix("no credentials were sent: set LOKI_USERNAME and LOKI_PASSWORD, or LOKI_AUTH_TOKEN");
  } else {
    finding.fix("check %s%s", config.authorization_source.c_str(),
                config.tenant_id.empty() ? "" : ", and whether they may write as LOKI_TENANT_ID says");
  }
}

void say_path(Finding& finding, const Config& config, const char* endpoint) {
  const BorrowedText path = config.endpoint->path;
  if (path == kOwnPath) {
    finding.fix("check %s: what answers there is not Loki", endpoint);
  } else {
    finding.fix("%s leads to the path %s; Loki itself has %s, which is added to a URL without a path", endpoint,
                path.c_str(), kOwnPath.data());
  }
}

// What a gateway says in a page of its own: the title is all there is in it.
std::string_view title_or_all(std::string_view words) {
  constexpr std::string_view kTitle = "<title>";
  const size_t begin = find_phrase(words, kTitle);
  const size_t end = find_phrase(words, "</title>");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return words;
  return words.substr(begin + kTitle.size(), end - begin - kTitle.size());
}

// By Loki's own words: what it has against a line that it could read.
const char* refused_line(std::string_view words) {
  struct Rule {
    std::string_view phrase;
    const char* fix;
  };
  static constexpr Rule kRules[] = {
      {"ssl certificate", "set LOKI_CLIENT_CERT_FILE and LOKI_CLIENT_KEY_FILE: the gateway asks who we are"},
      {"plain http request", "put https:// into the URL: TLS is spoken on that port"},
      {"timestamp too", "set this machine's clock, or Loki's: they disagree by more than Loki takes"},
      {"too far behind", "set this machine's clock: it is more than an hour behind what the stream has already"},
      {"label names", "set fewer labels (LOKI_LABELS), or raise Loki's max_label_names_per_series"},
      {"required labels", "add the labels that this Loki requires to LOKI_LABELS"},
      {"label name too long", "set shorter names in LOKI_LABELS"},
      {"label value too long", "set shorter values in LOKI_LABELS"},
      {"structured metadata", "raise the limits that Loki names, or set LOKI_STRUCTURED_METADATA=false"},
      {"ingestion blocked", "ask who runs this Loki: it takes nothing from this tenant"},
      {"org id", "set LOKI_TENANT_ID to one tenant"},
      {"tenant id", "correct LOKI_TENANT_ID"},
  };
  for (const Rule& rule : kRules) {
    if (has_phrase(words, rule.phrase)) return rule.fix;
  }
  return "look the words up in Loki's limits_config: records like this one would be dropped as rejected";
}

}  // namespace

void Finding::found(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  found_ = {};
  append_line(found_, format, arguments);
  va_end(arguments);
}

void Finding::fix(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fix_ = {};
  append_line(fix_, format, arguments);
  va_end(arguments);
}

// Put behind what is there, on a line of its own.
void Finding::append_line(BorrowedText& text, const char* format, va_list arguments) {
  char line[700];
  vsnprintf(line, sizeof(line), format, arguments);
  text = texts_.keep({text, text.empty() ? "" : "\n", line});
}

void Finding::add_fix(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  append_line(fix_, format, arguments);
  va_end(arguments);
}

void say_name_failure(Finding& finding, const Config& config, const CheckNames& names, const char* failure) {
  finding.found("%s", failure);
  finding.fix("correct the host in %s; in a VPC, see that it has a resolver and knows the name",
              next_hop(config, names));
}

void say_connect_failure(Finding& finding, const Config& config, const CheckNames& names, const char* address,
                         int os_error) {
  const char* const name = next_hop(config, names);
  if (os_error == 0) {
    finding.found("no answer from %s within %lld ms (LOKI_CONNECT_TIMEOUT_MS)", address,
                  static_cast<long long>(config.connect_timeout.count()));
    finding.fix(
        "check the port in %s, firewalls and security groups; in a VPC, the route (a NAT gateway for addresses "
        "outside)",
        name);
    return;
  }
  finding.found("%s: %s", address, strerror(os_error));
  finding.fix("check host and port in %s: %s", name,
              os_error == ECONNREFUSED ? "nothing listens there" : "there is no way to there");
}

void say_failure(Finding& finding, std::string_view failure) {
  const size_t end = failure.find("; ");
  const std::string_view what = failure.substr(0, end);
  finding.found("%.*s", width(what), what.data());
  if (end == std::string_view::npos) return;
  const std::string_view change = failure.substr(end + 2);
  finding.fix("%.*s", width(change), change.data());
}

void say_push_failure(Finding& finding, const Config& config, const CheckNames& names, int status,
                      std::string_view location, const Verdict& verdict) {
  const std::string_view words = title_or_all(verdict.words.view());
  const char* const endpoint = names.endpoint.c_str();
  finding.found("Loki answered %d%s%.*s", status, words.empty() ? "" : ": ", width(words), words.data());
  if (has_phrase(words, "no org id")) {
    finding.fix("set LOKI_TENANT_ID: this Loki has several tenants and wants to be told which");
  } else if (status >= 300 && status <= 399) {
    finding.found("Loki answered %d, redirecting to %.*s", status, width(location), location.data());
    finding.fix("set %s to where Loki is: redirects are not followed", endpoint);
  } else if (status == 401 || status == 403) {
    say_credentials(finding, config);
  } else if (status == 404 || status == 405) {
    say_path(finding, config, endpoint);
  } else if (status == 407) {
    finding.fix("put user:password@ into %s", names.proxy.c_str());
  } else if (status == 200) {
    finding.found("a web page answered (200, text/html)");
    finding.fix("%s leads to a login page, a proxy or Grafana itself; set it to Loki", endpoint);
  } else if (status == 429) {
    finding.fix("raise the limit that Loki names (limits_config), or send less: records wait until there is room");
  } else if (status == 413) {
    finding.fix("raise what the gateway in front of Loki takes (nginx: client_max_body_size)");
  } else if (status == 502 || status == 503 || status == 504) {
    finding.fix("look at Loki and its gateway: the way there is right, but nobody is at home");
  } else if (status == 408 || status >= 500) {
    finding.fix("look at Loki's own log: the push arrived there");
  } else {
    finding.fix("%s", refused_line(words));
  }
}

}  // namespace sleipnir
