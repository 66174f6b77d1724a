#include "net/tls_context.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support/temporary_file.h"
#include "support/test_certificates.h"

namespace sleipnir {

namespace {

using test::TemporaryFile;

constexpr const char* kNoBundles[] = {nullptr};

std::string creation_error(const TlsOptions& options) {
  const auto context = TlsContext::create(options, kNoBundles);
  REQUIRE_FALSE(static_cast<bool>(context));
  return context.error().text();
}

std::string preparation_error(const TlsOptions& options) {
  const auto context = TlsContext::create(options, kNoBundles);
  REQUIRE(static_cast<bool>(context));
  const Status prepared = context.value()->prepare();
  REQUIRE_FALSE(static_cast<bool>(prepared));
  return prepared.error().text();
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("tls_context_names_the_variable_and_the_file_that_is_wrong") {
  const TemporaryFile certificate(test::kRootOne);
  const TemporaryFile other("not a pem\n");
  CHECK(contains(creation_error({.ca_file = "/nowhere/ca.pem"}), "LOKI_CA_FILE: /nowhere/ca.pem cannot be read"));
  CHECK(contains(creation_error({.ca_file = other.path()}), other.path() + ": no certificate in it"));
  CHECK(contains(creation_error({.ca_pem = "x"}), "LOKI_CA_PEM"));
  CHECK(contains(creation_error({.client_cert_file = certificate.path()}), "LOKI_CLIENT_KEY_FILE"));
  CHECK(contains(creation_error({.client_key_file = certificate.path()}), "LOKI_CLIENT_CERT_FILE"));
  CHECK(contains(creation_error({.client_cert_file = "/nowhere/a", .client_key_file = certificate.path()}),
                 "LOKI_CLIENT_CERT_FILE: /nowhere/a cannot be read"));
  CHECK(contains(creation_error({.client_cert_file = certificate.path(), .client_key_file = "/nowhere/b"}),
                 "LOKI_CLIENT_KEY_FILE: /nowhere/b cannot be read"));
  CHECK(contains(preparation_error({.client_cert_file = other.path(), .client_key_file = other.path()}),
                 "LOKI_CLIENT_CERT_FILE: " + other.path()));
  CHECK(contains(preparation_error({.client_cert_file = certificate.path(), .client_key_file = other.path()}),
                 "LOKI_CLIENT_KEY_FILE: " + other.path()));
}

TEST_CASE("tls_context_names_the_variable_whose_text_is_wrong_and_shows_none_of_it") {
  const TemporaryFile certificate(test::kRootOne);
  const std::string text(test::kRootOne);
  CHECK(contains(creation_error({.client_cert_pem = text}), "LOKI_CLIENT_KEY_FILE"));
  CHECK(contains(creation_error({.client_key_pem = text}), "LOKI_CLIENT_CERT_FILE"));
  CHECK(preparation_error({.client_cert_pem = "secret", .client_key_pem = "secret"}) ==
        "LOKI_CLIENT_CERT: no certificate in it, or a damaged one (PEM is wanted)");
  CHECK(preparation_error({.client_cert_file = certificate.path(), .client_key_pem = "secret"}) ==
        "LOKI_CLIENT_KEY: no private key in it, or of a kind not known (PEM, RSA or EC, is wanted)");
}

TEST_CASE("tls_context_takes_a_ca_text_with_written_out_newlines") {
  std::string text;
  for (const char c : test::kRootOne) {
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  const auto context = TlsContext::create({.ca_pem = text}, kNoBundles);
  REQUIRE(static_cast<bool>(context));
  CHECK(context.value()->roots().roots() == 1);
}

TEST_CASE("tls_context_initialises_nothing_before_it_is_prepared") {
  const TemporaryFile certificate(test::kRootOne);
  const auto context = TlsContext::create({.ca_file = certificate.path()}, kNoBundles);
  REQUIRE(static_cast<bool>(context));
  CHECK(tls_memory_peak() == 0);
  REQUIRE(static_cast<bool>(context.value()->prepare()));
  CHECK(static_cast<bool>(context.value()->prepare()));
}

TEST_CASE("tls_contexts_may_exist_side_by_side_and_one_after_the_other") {
  for (int i = 0; i < 3; i++) {
    auto first = TlsContext::create({}, kNoBundles);
    auto second = TlsContext::create({.insecure_skip_verify = true}, kNoBundles);
    REQUIRE(static_cast<bool>(first.value()->prepare()));
    REQUIRE(static_cast<bool>(second.value()->prepare()));
    first.value().reset();
    CHECK(static_cast<bool>(second.value()->prepare()));
  }
}

TEST_CASE("tls_context_has_no_session_for_a_peer_it_does_not_know") {
  const auto context = TlsContext::create({}, kNoBundles);
  CHECK(context.value()->session({.host = "a", .port = 1}) == nullptr);
  context.value()->forget_session({.host = "a", .port = 1});
  context.value()->reset();
  CHECK(context.value()->session({.host = "a", .port = 1}) == nullptr);
}

}  // namespace sleipnir
