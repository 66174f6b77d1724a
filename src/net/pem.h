// PEM text: where a certificate begins in it, and the base64 after that.
//
// Pure; any bytes are fine. Lenient where people are: the markers need not stand on lines of their own, white space
// of any kind may stand between the digits, so a PEM squeezed into one line of an environment variable works.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sleipnir {

inline constexpr std::string_view kPemCertificate = "-----BEGIN CERTIFICATE-----";

// Where the next kPemCertificate begins at or after `from`; npos if there is none.
size_t find_pem_certificate(std::string_view text, size_t from);

// Decodes base64 from the beginning of `text` until `out` is full or something comes that is neither a base64 digit
// nor white space. Returns the bytes decoded. `out` may begin where `text` begins: decoding never overtakes reading.
size_t decode_base64(std::string_view text, std::span<unsigned char> out);

}  // namespace sleipnir
