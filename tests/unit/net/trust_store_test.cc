#include "net/trust_store.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "net/pem.h"
#include "support/temporary_file.h"
#include "support/test_certificates.h"

namespace sleipnir {

namespace {

using test::kRootOne;
using test::kRootRsassaPss;
using test::kRootTwo;
using test::kRootVersion1;
using test::TemporaryFile;

using Buffer = std::vector<unsigned char>;
constexpr const char* kNoBundles[] = {nullptr};

// The certificate, decoded independently of the store's own windows.
Buffer der_of(std::string_view pem) {
  const size_t begin = find_pem_certificate(pem, 0);
  Buffer out(pem.size());
  out.resize(decode_base64(pem.substr(begin + kPemCertificate.size()), out));
  return out;
}

std::vector<Buffer> find(TrustStore& store, Bytes subject) {
  std::vector<Buffer> found;
  const auto take = [](void* context, Bytes certificate) {
    static_cast<std::vector<Buffer>*>(context)->emplace_back(certificate.begin(), certificate.end());
    return true;
  };
  const size_t count = store.find(subject, take, &found);
  CHECK(count == found.size());
  return found;
}

// What the store finds under the certificate's own subject.
std::vector<Buffer> find_same(TrustStore& store, std::string_view pem) {
  const Buffer der = der_of(pem);
  const Bytes subject = certificate_subject(der);
  REQUIRE_FALSE(subject.empty());
  return find(store, subject);
}

bool finds(TrustStore& store, std::string_view pem) {
  const std::vector<Buffer> found = find_same(store, pem);
  return found.size() == 1 && found[0] == der_of(pem);
}

std::string all_kinds() {
  return std::string(kRootOne).append(kRootVersion1).append(kRootRsassaPss).append(kRootTwo);
}

}  // namespace

TEST_CASE("trust_store_finds_every_certificate_of_the_systems_bundle_by_its_own_subject") {
  TrustStore store;
  const char* const bundle = store.system_bundle();
  if (bundle == nullptr) SKIP("no CA bundle on this system");
  std::ifstream file(bundle);
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  size_t count = 0;
  for (size_t at = 0; (at = find_pem_certificate(text, at)) != std::string_view::npos; at++) {
    const std::string_view pem = std::string_view(text).substr(at);
    const Buffer der = der_of(pem.substr(0, pem.find("-----END")));
    const std::vector<Buffer> found = find(store, certificate_subject(der));
    CHECK(std::find(found.begin(), found.end(), der) != found.end());
    count++;
  }
  CHECK(count > 50);
  CHECK(store.roots() == count);
}

TEST_CASE("trust_store_finds_in_file_text_and_system_bundle_alike") {
  const TemporaryFile system(kRootOne);
  const TemporaryFile added(kRootTwo);
  const char* const bundles[] = {"/nowhere/at/all", system.path().c_str()};
  TrustStore store(bundles);
  CHECK(static_cast<bool>(store.add_file(added.path())));
  CHECK(static_cast<bool>(store.add_text(kRootVersion1)));
  CHECK(finds(store, kRootOne));
  CHECK(finds(store, kRootTwo));
  CHECK(finds(store, kRootVersion1));
  CHECK(find_same(store, kRootRsassaPss).empty());
  CHECK(store.system_bundle() == system.path());
}

TEST_CASE("trust_store_reads_old_and_unusual_certificates") {
  TrustStore store(kNoBundles);
  REQUIRE(static_cast<bool>(store.add_text(all_kinds())));
  CHECK(store.roots() == 4);
  for (const std::string_view pem : {kRootOne, kRootVersion1, kRootRsassaPss, kRootTwo}) CHECK(finds(store, pem));
}

TEST_CASE("trust_store_gives_all_of_one_name_and_stops_when_told") {
  TrustStore store(kNoBundles);
  REQUIRE(static_cast<bool>(store.add_text(std::string(kRootOne).append(kRootTwo).append(kRootOne))));
  CHECK(find_same(store, kRootOne).size() == 2);
  size_t calls = 0;
  const Buffer der = der_of(kRootOne);
  store.find(
      certificate_subject(der), [](void* context, Bytes) { return ++*static_cast<size_t*>(context) > 1; }, &calls);
  CHECK(calls == 1);
}

TEST_CASE("trust_store_is_not_stopped_by_garbage") {
  const std::string garbage[] = {
      "# a comment with ----- hyphens\n",
      "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
      "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nthis is not base64 at all!\n-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nMIP///8wg////6ADAgEC\n-----END CERTIFICATE-----\n",
      std::string(kRootTwo.substr(0, 200)) + "\n",
      std::string(100000, '-') + "\n",
      std::string(20000, '\0'),
      "-----BEGIN CERTIFICATE-----",
  };
  for (const std::string& before : garbage) {
    for (const std::string& after : garbage) {
      TrustStore store(kNoBundles);
      REQUIRE(static_cast<bool>(store.add_text(before + std::string(kRootOne) + after)));
      CHECK(finds(store, kRootOne));
    }
  }
}

TEST_CASE("trust_store_finds_a_certificate_at_every_place_relative_to_its_window") {
  constexpr size_t kWindow = 16384;
  for (size_t at = kWindow - 5200; at<kWindow + 40; at += at> kWindow - 1000 ? 1 : 37) {
    INFO("at " << at);
    std::string text(at, 'x');
    text.append(kRootOne).append(kRootTwo);
    TrustStore store(kNoBundles);
    REQUIRE(static_cast<bool>(store.add_text(text)));
    CHECK(finds(store, kRootOne));
    CHECK(finds(store, kRootTwo));
  }
}

TEST_CASE("trust_store_understands_a_pem_in_one_line") {
  std::string text(all_kinds());
  std::replace(text.begin(), text.end(), '\n', ' ');
  TrustStore store(kNoBundles);
  REQUIRE(static_cast<bool>(store.add_text(text)));
  CHECK(finds(store, kRootRsassaPss));
  CHECK(finds(store, kRootTwo));
}

TEST_CASE("trust_store_says_what_is_wrong_with_a_file") {
  TrustStore store(kNoBundles);
  const TemporaryFile empty;
  const TemporaryFile other("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  const TemporaryFile damaged(kRootOne.substr(0, 100));
  const auto error = [&store](const std::string& path) {
    const Status status = store.add_file(path);
    REQUIRE_FALSE(static_cast<bool>(status));
    CHECK(std::string(status.error().text()).find(path) != std::string::npos);
    return std::string(status.error().text());
  };
  CHECK(error("/nowhere/ca.pem").ends_with("No such file or directory"));
  CHECK(error("/tmp").ends_with("Is a directory"));
  CHECK(error(empty.path()).find("no certificate in it") != std::string::npos);
  CHECK(error(other.path()).find("no certificate in it") != std::string::npos);
  CHECK(error(damaged.path()).find("damaged") != std::string::npos);
  // None of them left anything, and the place for a file is still free.
  CHECK(store.roots() == 0);
  const TemporaryFile good(kRootOne);
  CHECK(static_cast<bool>(store.add_file(good.path())));
}

TEST_CASE("trust_store_without_any_bundle_finds_nothing") {
  TrustStore store(kNoBundles);
  CHECK(find_same(store, kRootOne).empty());
  CHECK(store.system_bundle() == nullptr);
}

TEST_CASE("trust_store_skips_a_bundle_without_certificates") {
  const TemporaryFile empty;
  const TemporaryFile good(kRootOne);
  const char* const bundles[] = {empty.path().c_str(), good.path().c_str()};
  TrustStore store(bundles);
  CHECK(finds(store, kRootOne));
  CHECK(store.system_bundle() == good.path());
}

TEST_CASE("trust_store_notices_that_a_file_has_changed") {
  TemporaryFile file(std::string(kRootOne).append(kRootTwo));
  const char* const bundles[] = {file.path().c_str()};
  TrustStore store(bundles);
  CHECK(finds(store, kRootTwo));
  file.write(std::string("now with a comment\n").append(kRootTwo).append(kRootOne));
  CHECK(finds(store, kRootTwo));
  CHECK(finds(store, kRootOne));
  file.write(kRootOne);
  CHECK(find_same(store, kRootTwo).empty());
  CHECK(finds(store, kRootOne));
  CHECK(store.roots() == 1);
}

TEST_CASE("trust_store_reads_the_system_bundle_anew_after_forgetting_it") {
  TemporaryFile file(kRootOne);
  const char* const bundles[] = {file.path().c_str()};
  TrustStore store(bundles);
  CHECK(finds(store, kRootOne));
  file.write(kRootTwo);
  CHECK(find_same(store, kRootTwo).empty());
  store.forget_system();
  CHECK(finds(store, kRootTwo));
}

TEST_CASE("trust_store_counts_what_does_not_fit") {
  std::string text;
  for (size_t i = 0; i < TrustStore::kRootsMax + 3; i++) text.append(kRootOne);
  text.append(kRootTwo);
  TrustStore store(kNoBundles);
  REQUIRE(static_cast<bool>(store.add_text(text)));
  CHECK(store.roots() == TrustStore::kRootsMax);
  CHECK(store.beyond() == 4);
  CHECK(find_same(store, kRootTwo).empty());
}

TEST_CASE("trust_store_does_not_give_a_certificate_that_is_cut_short") {
  // Its subject can be read, the rest is missing.
  TrustStore store(kNoBundles);
  REQUIRE(
      static_cast<bool>(store.add_text(std::string(kRootOne.substr(0, 500)).append("\n-----END CERTIFICATE-----\n"))));
  CHECK(store.roots() == 1);
  CHECK(find_same(store, kRootOne).empty());
}

}  // namespace sleipnir
