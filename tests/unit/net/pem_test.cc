#include "net/pem.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace sleipnir {

namespace {

std::string decoded(std::string_view text, size_t bytes_max = 100) {
  std::vector<unsigned char> out(bytes_max);
  const size_t bytes = decode_base64(text, out);
  return {out.begin(), out.begin() + static_cast<ptrdiff_t>(bytes)};
}

}  // namespace

TEST_CASE("pem_decodes_base64_whatever_white_space_stands_in_it") {
  CHECK(decoded("") == "");
  CHECK(decoded("Zg==") == "f");
  CHECK(decoded("Zm8=") == "fo");
  CHECK(decoded("Zm9v") == "foo");
  CHECK(decoded("Zm9vYmFy") == "foobar");
  const std::string text = "Zm9vYmFyIGJheg==";
  for (size_t at = 0; at <= text.size(); at++) {
    for (const char* space : {"\n", "\r\n", " ", " \t\n\n"}) {
      INFO("white space at " << at);
      CHECK(decoded(text.substr(0, at) + space + text.substr(at)) == "foobar baz");
    }
  }
}

TEST_CASE("pem_decoding_ends_at_what_is_no_base64") {
  CHECK(decoded("Zm9v-----END") == "foo");
  CHECK(decoded("Zm9vYm*y") == "foob");
  CHECK(decoded("\x80Zm9v") == "");
  CHECK(decoded(std::string("Zm9v\0YmFy", 9)) == "foo");
}

TEST_CASE("pem_decoding_ends_when_there_is_no_room") {
  for (size_t room = 0; room <= 11; room++)
    CHECK(decoded("Zm9vYmFyIGJheg==", room) == std::string("foobar baz").substr(0, room));
}

TEST_CASE("pem_decodes_in_place") {
  std::string text = "Zm9v\nYmFy IGJheg==";
  const size_t bytes = decode_base64(text, {reinterpret_cast<unsigned char*>(text.data()), text.size()});
  CHECK(text.substr(0, bytes) == "foobar baz");
}

TEST_CASE("pem_finds_each_marker") {
  const std::string text = "- --\n-----BEGIN CERTIFICATE----- ------BEGIN CERTIFICATE-----x-----BEGIN CERTIFICATE----";
  CHECK(find_pem_certificate(text, 0) == 5);
  CHECK(find_pem_certificate(text, 6) == 34);
  CHECK(find_pem_certificate(text, 35) == std::string_view::npos);
  CHECK(find_pem_certificate(text, 1000) == std::string_view::npos);
  CHECK(find_pem_certificate("", 0) == std::string_view::npos);
}

}  // namespace sleipnir
