// Identity: as whom a push is sent: its Authorization, its tenant, its further headers.
//
// Composed from the credentials in the contract's order, the first that applies: an Authorization in LOKI_HEADERS; a
// token; LOKI_USER with LOKI_API_KEY (basic); LOKI_API_KEY (bearer); LOKI_USERNAME with LOKI_PASSWORD (basic); the user
// info of the endpoint (basic). Pure: runs at start, and again when a secret was fetched. Any thread.
#pragma once

#include "app/config_problems.h"

namespace sleipnir {

struct RequestIdentity {
  BorrowedText authorization;  // the header's value; empty: none
  BorrowedText source;         // the variables it comes from: "LOKI_USERNAME and LOKI_PASSWORD"
  BorrowedText tenant_id;      // X-Scope-OrgID; empty: none
  HeaderList headers;
};

// What could break out of a header, or what Loki could not take, is refused with a line and counts as not given; what
// is given but not used is named. `endpoint` may be null. Borrowed: the credentials' texts, and what is composed in
// `texts`.
RequestIdentity compose_identity(const Credentials& credentials, const Endpoint* endpoint, Problems& problems,
                                 TextStore& texts);

}  // namespace sleipnir
