#include "aws/secret_reference.h"

#include <array>

#include "base/json_check.h"
#include "base/json_fields.h"
#include "base/kept_json.h"

namespace sleipnir {

namespace {

// The text of a member: a string decoded, a number or the like as it is spelt.
std::optional<BorrowedText> member_text(std::string_view object, std::string_view key, TextStore& texts) {
  if (!is_json_object(object)) return std::nullopt;
  JsonFields<PlainJson> fields(object);
  for (JsonField field; fields.next(field);) {
    if (decoded_json(field.key, texts) != key) continue;
    return field.is_string ? decoded_json(field.value, texts) : texts.keep({field.value});
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

BorrowedText request_body(const SecretReference& reference, TextStore& texts) {
  const bool parameter = reference.store == SecretStore::kParameterStore;
  return texts.keep({parameter ? "{\"Name\":\"" : "{\"SecretId\":\"", escaped_json(reference.id, texts),
                     parameter ? "\",\"WithDecryption\":true}" : "\"}"});
}

Result<BorrowedText> secret_in_answer(const SecretReference& reference, std::string_view answer, TextStore& texts) {
  std::optional<BorrowedText> value;
  if (reference.store == SecretStore::kParameterStore) {
    const std::string_view parameter = is_json_object(answer) ? json_field(answer, "Parameter").value : "";
    value = member_text(parameter, "Value", texts);
  } else {
    value = member_text(answer, "SecretString", texts);
  }
  if (!value) return Error::make("its answer has no text in it");
  if (!reference.member.empty()) {
    value = member_text(*value, reference.member, texts);
    if (!value) {
      return Error::make("it is no JSON object with the member %.*s", static_cast<int>(reference.member.size()),
                         reference.member.data());
    }
  }
  const std::string_view text = value->substr(0, value->find_last_not_of("\r\n") + 1);
  if (text.empty()) return Error::make("it is empty");
  return texts.keep({text});
}

BorrowedText failure_in_answer(int status, std::string_view answer, TextStore& texts) {
  std::string_view type = member_text(answer, "__type", texts).value_or("");
  type.remove_prefix(type.find('#') + 1);
  std::optional<BorrowedText> message = member_text(answer, "message", texts);
  if (!message) message = member_text(answer, "Message", texts);
  const Error status_text = Error::make("status %d", status);
  if (type.empty()) type = status_text.text();
  const std::string_view words = message ? message->substr(0, 200) : "";
  return texts.one_line(texts.keep({type, message ? ": " : "", words}));
}

}  // namespace sleipnir
