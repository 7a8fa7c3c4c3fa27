#pragma once

namespace ci_lambda {

/// libcurl's process-wide set-up, once, before its first use: for whoever uses libcurl directly.
void global_curl_init();

/// For CURLOPT_UPLOAD_BUFFERSIZE, in bytes: the least that libcurl takes. It allocates this much for each request and
/// sets all of it to zero, by default 64 KiB, for requests of ours that are smaller than two.
inline constexpr long kUploadBufferSize = 16 * 1024;

}  // namespace ci_lambda
