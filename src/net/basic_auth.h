// Basic authorization (RFC 7617): the header value for a user and a password.
//
// For the push (Authorization) and for a proxy (Proxy-Authorization). Pure; used at start and when a secret changes.
#pragma once

#include <string_view>

#include "base/text_store.h"

namespace sleipnir {

// "Basic dXNlcjpwYXNz". The user must not contain a colon: the server could not tell where the password begins.
BorrowedText basic_authorization(std::string_view user, std::string_view password, TextStore& texts);

// RFC 4648 base64 with padding.
BorrowedText base64(std::string_view bytes, TextStore& texts);

}  // namespace sleipnir
