#pragma once

// Private to runtime/: what the Runtime API answers to `next`.

#include "base/result.hpp"
#include "net/http.hpp"
#include "runtime/runtime_api.hpp"

namespace ci_lambda {

/// The invocation in the answer to `next`. Fails (kServer, kProtocol) on an answer that holds none; a deadline that
/// cannot be read counts as none.
[[nodiscard]] Result<Invocation> read_invocation(HttpResponse answer);

}  // namespace ci_lambda
