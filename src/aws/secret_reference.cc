#include "aws/secret_reference.h"

#include <array>

#include "base/fixed_text.h"
#include "base/joined.h"
#include "base/json_check.h"
#include "base/json_decode.h"
#include "base/json_fields.h"
#include "base/json_text.h"

namespace sleipnir {

namespace {

std::string decoded(std::string_view inside) {
  // No escape is shorter than what it stands for.
  std::string text(inside.size(), '\0');
  size_t bytes = 0;
  append_json_text(inside, {text.data(), bytes, text.size()});
  text.resize(bytes);
  return text;
}

// The text of a member: a string decoded, a number or the like as it is spelt.
std::optional<std::string> member_text(std::string_view object, std::string_view key) {
  if (!is_json_object(object)) return std::nullopt;
  JsonFields<PlainJson> fields(object);
  for (JsonField field; fields.next(field);) {
    if (decoded(field.key) == key) return field.is_string ? decoded(field.value) : std::string(field.value);
  }
  return std::nullopt;
}

}  // namespace

std::optional<SecretReference> parse_secret_reference(std::string_view text) {
  SecretReference reference;
  const size_t hash = text.find('#');
  if (hash != std::string_view::npos) reference.member = text.substr(hash + 1);
  text = text.substr(0, hash);
  reference.id = text;
  if (text.starts_with("arn:")) {
    // arn : partition : service : region : account : what
    std::array<std::string_view, 4> parts;
    std::string_view rest = text;
    for (std::string_view& part : parts) {
      const size_t colon = rest.find(':');
      if (colon == std::string_view::npos) return std::nullopt;
      part = rest.substr(0, colon);
      rest.remove_prefix(colon + 1);
    }
    reference.region = parts[3];
    if (parts[2] == "ssm") {
      reference.store = SecretStore::kParameterStore;
    } else if (parts[2] != "secretsmanager") {
      return std::nullopt;
    }
    return reference;
  }
  const size_t colon = text.find(':');
  const std::string_view store = text.substr(0, colon);
  if (colon == std::string_view::npos || (store != "ssm" && store != "secretsmanager")) return std::nullopt;
  if (store == "ssm") reference.store = SecretStore::kParameterStore;
  reference.id = text.substr(colon + 1);
  if (reference.id.empty()) return std::nullopt;
  return reference;
}

std::string_view service_name(SecretStore store) {
  return store == SecretStore::kParameterStore ? "ssm" : "secretsmanager";
}

std::string_view request_target(SecretStore store) {
  return store == SecretStore::kParameterStore ? "AmazonSSM.GetParameter" : "secretsmanager.GetSecretValue";
}

std::string request_body(const SecretReference& reference) {
  std::string id(reference.id.size() * kJsonGrowthMax, '\0');
  id.resize(escape_json(reference.id, id).written);
  return reference.store == SecretStore::kParameterStore ? joined({"{\"Name\":\"", id, "\",\"WithDecryption\":true}"})
                                                         : joined({"{\"SecretId\":\"", id, "\"}"});
}

Result<std::string> secret_in_answer(const SecretReference& reference, std::string_view answer) {
  std::optional<std::string> value;
  if (reference.store == SecretStore::kParameterStore) {
    const std::string_view parameter = is_json_object(answer) ? json_field(answer, "Parameter").value : "";
    value = member_text(parameter, "Value");
  } else {
    value = member_text(answer, "SecretString");
  }
  if (!value) return Error::make("its answer has no text in it");
  if (!reference.member.empty()) {
    value = member_text(*value, reference.member);
    if (!value) {
      return Error::make("it is no JSON object with the member %.*s", static_cast<int>(reference.member.size()),
                         reference.member.data());
    }
  }
  while (value->ends_with('\n') || value->ends_with('\r')) value->pop_back();
  if (value->empty()) return Error::make("it is empty");
  return std::move(*value);
}

std::string failure_in_answer(int status, std::string_view answer) {
  std::string type = member_text(answer, "__type").value_or("");
  type = type.substr(type.find('#') + 1);
  std::optional<std::string> message = member_text(answer, "message");
  if (!message) message = member_text(answer, "Message");
  if (type.empty()) type = Error::make("status %d", status).text();
  if (message) type.append(": ").append(message->substr(0, 200));
  // For a log line: one line, printable.
  for (char& c : type) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return type;
}

}  // namespace sleipnir
