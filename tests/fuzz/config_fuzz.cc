// The whole configuration from any environment: no crash, and what comes out is within the bounds the rest of the
// program relies on.
//
// Input: the entries of the environment, one a line; a byte 0x01 stands for a line break inside a value.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_texts.h"
#include "base/json_text.h"
#include "loki/labels.h"
#include "loki/push_request.h"

using namespace sleipnir;

namespace {

void require(bool condition) {
  if (!condition) abort();
}

std::vector<std::string> entries_of(std::string_view input) {
  std::vector<std::string> entries;
  while (!input.empty()) {
    const size_t end = std::min(input.find('\n'), input.size());
    std::string entry(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    // An entry is a C string: it ends at its first NUL.
    entry.resize(std::min(entry.find('\0'), entry.size()));
    std::replace(entry.begin(), entry.end(), '\x01', '\n');
    entries.push_back(std::move(entry));
  }
  return entries;
}

void check_numbers(const Config& config) {
  TextStore texts;
  for (const Variable& variable : variables()) {
    const Field& field = variable.field();
    uint64_t value = variable.range().least;
    if (field.kind == Field::Kind::kCount) value = config.*field.count;
    if (field.kind == Field::Kind::kPort) value = config.*field.port;
    if (field.kind == Field::Kind::kDuration) value = static_cast<uint64_t>((config.*field.duration).count());
    require(value >= variable.range().least && value <= variable.range().most);
    // Every choice has a word.
    if (field.kind == Field::Kind::kChoice && *variable.form() != '|') {
      require(!effective_text(config, variable, texts).empty());
    }
  }
  require(config.batch_bytes_max <= config.memory_limit_bytes / 4);
}

void check_labels(const Config& config) {
  const bool as_label = config.request_id_as == RequestIdAs::kLabel;
  std::set<std::string> names = {"function_name", "function_version", "region", "account_id", "source"};
  if (as_label) names.insert("request_id");
  for (const NameValue& label : config.labels) {
    const size_t wire = 6 * label.value.size();
    std::string out(wire, '\0');
    const JsonCopied copied = escape_json(label.value, out);
    require(copied.decoded == label.value.size());  // valid UTF-8: nothing had to be replaced
    require(!label.name.empty() && label.name.size() <= 1024 && label.value.size() <= 2048 && !label.value.empty());
    require(label.name.front() < '0' || label.name.front() > '9');
    for (const char c : label.name) require(c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'));
    require(names.insert(std::string(label.name)).second);
  }
  names.erase("service_name");
  require(names.size() <= kLabelCountMax);
}

void check_headers(const Config& config) {
  require(is_valid_header({"Authorization", config.authorization}));
  require(is_valid_header({"X-Scope-OrgID", config.tenant_id}));
  for (const NameValue& header : config.headers) {
    require(is_valid_header({header.name, header.value}) && !is_reserved_header(header.name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> entries = entries_of({reinterpret_cast<const char*>(data), size});
  std::vector<const char*> pointers;
  for (const std::string& entry : entries) pointers.push_back(entry.c_str());
  pointers.push_back(nullptr);

  const Config config = load_config({pointers.data()});
  check_numbers(config);
  check_labels(config);
  check_headers(config);
  for (const ConfigProblem& problem : config.problems) require(!problem.text.empty());
  require(config.endpoint || config.has_errors() || !config.extension_enabled);
  require(config.spool_dir.starts_with('/'));
  if (config.dead_letter) {
    const std::string_view path = config.dead_letter->endpoint.path;
    require(path.starts_with('/') && path.ends_with('/'));
    for (const char c : path) require(c > ' ' && c < 0x7F);
  }
  require((config.client_cert_file.empty() && config.credentials.client_cert.empty()) ==
          (config.client_key_file.empty() && config.credentials.client_key.empty()));
  return 0;
}
