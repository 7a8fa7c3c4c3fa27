#pragma once

namespace ci_lambda::testing {

#ifndef __has_feature
#define __has_feature(feature) 0  // of clang alone, which compiles what has a sanitizer
#endif

/// AddressSanitizer or ThreadSanitizer is in it: a tenth of the speed, and what they see they see with less, too.
inline constexpr bool kWithSanitizer = __has_feature(thread_sanitizer) || __has_feature(address_sanitizer);

}  // namespace ci_lambda::testing
