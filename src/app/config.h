// Config: everything the environment says, checked and ready to use.
//
// Read once at start, before register, so load_config() does nothing but look at the environment: no file, no
// name resolution, no clock. It never fails: a bad value is replaced by its default (or clamped, or repaired) and
// leaves a ConfigProblem for the caller to log. Read-only afterwards, so any thread may read it.
//
// Its texts stand in the environment, or, where they are put together, in its store: nothing else in it is to be freed.
//
// The initial values below are the defaults: the help, `sleipnir config` and the README's table print them from here.
// Names, aliases, ranges and meanings stand in app/config_table.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fixed_list.h"
#include "base/log.h"
#include "base/name_value.h"
#include "base/text_store.h"
#include "batch/flush_policy.h"
#include "batch/record.h"
#include "lambda/invocation_sampler.h"
#include "lambda/record_rules.h"
#include "lambda/telemetry_decoder.h"
#include "loki/entry_writer.h"
#include "loki/labels.h"
#include "net/endpoint.h"

namespace sleipnir {

// The environment as execve(2) handed it over: `NAME=value` texts ended by a null pointer. Borrowed.
struct Environment {
  const char* const* entries = nullptr;
};

enum class InitializationType : uint8_t { kOnDemand, kProvisionedConcurrency, kSnapStart, kManagedInstances };

// Which telemetry is shipped. `platform` is subscribed in any case: the lifecycle needs it.
struct ShippedEvents {
  bool platform = true;
  bool function = true;
  bool extension = false;
};

// The credentials as the user wrote them; empty: not given. A value may name a secret that is fetched later:
// compose_identity() (app/config_identity.h) then runs again with the fetched one.
struct Credentials {
  BorrowedText headers;      // LOKI_HEADERS, JSON text
  BorrowedText tenant_id;    // LOKI_TENANT_ID
  BorrowedText token;        // LOKI_AUTH_TOKEN
  BorrowedText user;         // LOKI_USER alone: basic together with api_key
  BorrowedText api_key;      // LOKI_API_KEY
  BorrowedText username;     // LOKI_USERNAME, else LOKI_USER
  BorrowedText password;     // LOKI_PASSWORD
  BorrowedText client_cert;  // LOKI_CLIENT_CERT, PEM text
  BorrowedText client_key;   // LOKI_CLIENT_KEY, PEM text
  // Which alias gave the value, for lines about it. Names out of the table.
  std::string_view token_variable = "LOKI_AUTH_TOKEN";
  std::string_view username_variable = "LOKI_USERNAME";
};

// Where a service of AWS is, and the way to it (app/aws_call.h).
struct AwsService {
  std::string_view region;
  Endpoint endpoint;
  std::optional<Endpoint> proxy;
};

// So many variables may be references: app/config_secrets.cc.
inline constexpr size_t kSecretsMax = 8;

// A credential whose value is a reference (aws/secret_reference.h), and where it is fetched (app/secrets.h).
struct SecretSource {
  BorrowedText Credentials::* field = nullptr;
  const char* variable = "";
  BorrowedText reference;
  AwsService service;
};

enum class Severity : uint8_t {
  kError,    // a value the user set is not used, or something needed is missing
  kWarning,  // used, but clamped, repaired, ambiguous or risky
};

// One finding: names the variable, the bad value (unless secret), the accepted form and so the fix. One line.
struct ConfigProblem {
  Severity severity = Severity::kError;
  BorrowedText text;
};

// What Lambda itself tells by environment; views into it. Empty texts where it does not (outside Lambda).
struct LambdaEnvironment {
  std::string_view runtime_api;  // AWS_LAMBDA_RUNTIME_API: `host:port`, no scheme
  std::string_view function_name;
  std::string_view function_version;
  std::string_view region;
  uint32_t memory_mb = 0;  // 0: not told
  InitializationType initialization_type = InitializationType::kOnDemand;
  bool json_log_format = false;

  // For signed requests to other AWS services.
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token;
  std::string_view container_credentials_uri;    // AWS_CONTAINER_CREDENTIALS_FULL_URI (SnapStart)
  std::string_view container_credentials_token;  // AWS_CONTAINER_AUTHORIZATION_TOKEN
};

// The custom labels and service_name, which does not count towards Loki's limit.
using LabelList = FixedList<NameValue, kLabelCountMax + 1>;

// So many passes over each line at most.
inline constexpr size_t kMasksMax = 16;

// Beside our own. A guess: nobody has a tenth of it.
inline constexpr size_t kHeadersMax = 64;
using HeaderList = FixedList<NameValue, kHeadersMax>;

struct Config {
  Config();  // app/config_defaults.cc

  // What of the texts below does not stand in the environment.
  TextStore texts;

  // --- Where to, and as whom ---
  // The push endpoint, path complete. Missing: not given or not usable (problems says which).
  std::optional<Endpoint> endpoint;
  // Value of the Authorization header; empty: none is sent.
  BorrowedText authorization;
  // The variables it comes from, for people; empty: none.
  BorrowedText authorization_source;
  // Value of X-Scope-OrgID; empty: none is sent.
  BorrowedText tenant_id;
  // Further request headers. Never Authorization or X-Scope-OrgID (they went into the two above), never one that the
  // push itself sets (is_reserved_header() in loki/push_request.h). Names and values are safe to send.
  HeaderList headers;
  Credentials credentials;
  // Those of them that are references, something else standing in their place above. Then authorization and headers
  // are not what is sent.
  FixedList<SecretSource, kSecretsMax> secrets;
  // S3, and as the endpoint's path what all keys begin with; app/dead_letter.h.
  std::optional<AwsService> dead_letter;
  BorrowedText dead_letter_uri;  // as written, for people

  // --- What is sent ---
  // Custom labels in order, then `service_name` where it is known. Valid for Loki, without duplicates, none with the
  // name of a built-in one, and so few that the built-in ones fit in beside them: all of them are sent.
  LabelList labels;
  bool extract_request_id = true;
  RequestIdAs request_id_as = RequestIdAs::kMetadata;
  bool structured_metadata = true;
  ShippedEvents events;
  // Platform event types that are not shipped, full names separated by commas.
  BorrowedText drop_platform = "platform.telemetrySubscription,platform.extension";
  // Function records below it are not shipped. kUnknown: all are.
  Level min_level = Level::kUnknown;
  PlatformFormat platform_format = PlatformFormat::kJson;
  size_t max_line_bytes = 262144;         // longer lines are split
  FixedList<NameValue, kMasksMax> masks;  // patterns, and what is put in their places
  BorrowedText drop_match;                // lines with this in it are not shipped
  // Of the invocations that did not fail so many, of InvocationSampler::kAll, are shipped.
  uint32_t sample = InvocationSampler::kAll;

  // --- Batches and flushes ---
  size_t batch_entries_max = 0;              // 0: bytes alone decide
  size_t batch_bytes_max = size_t{1} << 20;  // uncompressed; never over a quarter of memory_limit_bytes
  FlushStrategy flush_strategy = FlushStrategy::kAdaptive;
  Milliseconds flush_interval{1000};
  size_t idle_flush_multiplier = 3;
  Milliseconds flush_budget{500};
  size_t dispatch_min_entries = 1;     // background flushes wait for this many
  size_t flush_attempts = 3;           // within one flush
  size_t critical_flush_attempts = 5;  // within the flush that ends an invocation, and at SHUTDOWN
  bool gzip = true;
  size_t compression_threshold_bytes = 1024;
  size_t compression_level = 1;  // libdeflate's, 1-9

  // --- Memory and disk ---
  size_t buffer_entries_max = 0;  // 0: bytes alone decide
  size_t memory_limit_bytes = size_t{8} << 20;
  static constexpr const char* kSpoolDir = "/tmp/sleipnir";
  BorrowedText spool_dir = kSpoolDir;
  size_t spool_bytes_max = size_t{64} << 20;  // 0: no spool

  // --- Network ---
  uint16_t listener_port = 4327;
  BorrowedText ca_file;  // added to the system's roots
  BorrowedText ca_pem;   // added to the system's roots, PEM text
  // Mutual TLS: a certificate and a key, or neither, here or in `credentials`, which come first.
  BorrowedText client_cert_file;
  BorrowedText client_key_file;
  BorrowedText tls_server_name;  // empty: the endpoint's host
  bool tls_insecure_skip_verify = false;
  // The proxy for the push endpoint, already cleared by NO_PROXY; its user info is basic authorization for CONNECT.
  std::optional<Endpoint> proxy;
  Milliseconds connect_timeout{2000};
  Milliseconds request_timeout{10000};

  // --- Ourselves ---
  LogLevel log_level = LogLevel::kWarn;
  bool extension_enabled = true;
  bool strict = false;

  LambdaEnvironment lambda;

  // Everything that was found. Empty: nothing to complain about.
  std::vector<ConfigProblem> problems;

  // False: register for no event, open no listener, wait in one /next.
  bool enabled() const { return extension_enabled && endpoint.has_value(); }
  bool has_errors() const;
  bool request_id_is_label() const { return extract_request_id && request_id_as == RequestIdAs::kLabel; }
};

// Never fails. Takes microseconds. Borrowed: `environment` outlives the result.
Config load_config(Environment environment);

}  // namespace sleipnir
