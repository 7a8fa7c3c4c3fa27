#pragma once

#include <curl/curl.h>

namespace ci_lambda {

/// libcurl's process-wide set-up, once, before its first use. Only for .cpp files that use libcurl themselves.
inline void global_curl_init() {
    static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)once;
}

}  // namespace ci_lambda
