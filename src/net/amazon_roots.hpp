#pragma once

#include <string_view>

namespace ci_lambda {

/// The root certificates of Amazon Trust Services, as PEM: Amazon Root CA 1 to 4 and Starfield Services Root CA G2 (AWS
/// security blog, "How to prepare for AWS's move to its own certificate authority"). Taken from Debian's package
/// ca-certificates; a unit test compares them. The first one expires at the end of 2037.
///
/// Loading these five costs a fraction of what a whole system bundle of ~140 roots does, at every cold start.
[[nodiscard]] std::string_view amazon_roots_pem();

}  // namespace ci_lambda
