// Just enough DER to find a certificate's subject: a walk over tags and lengths that builds nothing.
//
// Pure; any bytes are fine. Used by the trust store, which looks at 150 certificates and wants one of them.
// Source: X.690 (definite lengths), RFC 5280 section 4.1 (the order of TBSCertificate).
#pragma once

#include <cstddef>
#include <span>

namespace sleipnir {

using Bytes = std::span<const unsigned char>;

// The bytes that the outermost element of `der` occupies, header included, as its header says; 0 when there is no
// valid header. `der` may be shorter than that.
size_t der_element_bytes(Bytes der);

// The subject of the certificate that begins at `certificate`, as raw DER with its header; empty when the bytes are
// no certificate or end before the end of the subject. The rest of the certificate need not be there.
Bytes certificate_subject(Bytes certificate);

}  // namespace sleipnir
