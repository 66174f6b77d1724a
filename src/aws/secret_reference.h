// SecretReference: a value that says where the value is: in Secrets Manager or in SSM's Parameter Store. Pure.
//
//   arn:aws:secretsmanager:eu-west-1:123456789012:secret:loki-Ab12Cd#password
//   secretsmanager:loki#password          by name, in the function's region
//   arn:aws:ssm:eu-west-1:123456789012:parameter/loki/password
//   ssm:/loki/password
//
// Behind `#`: the member of a secret that is a JSON object.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/text_store.h"

namespace sleipnir {

enum class SecretStore : uint8_t { kSecretsManager, kParameterStore };

struct SecretReference {
  SecretStore store = SecretStore::kSecretsManager;
  std::string_view id;      // as the service takes it
  std::string_view region;  // of an ARN; empty: the function's own
  std::string_view member;  // empty: the whole of it
};

// Nothing if the text is no reference, and so is the value itself. Views into it.
std::optional<SecretReference> parse_secret_reference(std::string_view text);

// The service's name in signatures and host names, and the value of X-Amz-Target.
std::string_view service_name(SecretStore store);
std::string_view request_target(SecretStore store);
// What asks for it.
BorrowedText request_body(const SecretReference& reference, TextStore& texts);

// The value in an answer with status 200, without line breaks at its end. The error quotes nothing of it.
Result<BorrowedText> secret_in_answer(const SecretReference& reference, std::string_view answer, TextStore& texts);
// What went wrong by an answer with another status: "AccessDeniedException: User ... is not authorized".
BorrowedText failure_in_answer(int status, std::string_view answer, TextStore& texts);

}  // namespace sleipnir
