#pragma once

namespace ci_lambda {

/// libcurl's process-wide set-up, once, before its first use: for whoever uses libcurl directly.
void global_curl_init();

}  // namespace ci_lambda
