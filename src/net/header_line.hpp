#pragma once

#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace ci_lambda {

/// Takes in one line of an answer's head, as libcurl hands it over: a header is added to `headers`; a status line
/// drops what came before, which belonged to an interim answer (1xx); anything else is passed over.
void read_header_line(std::string_view line, std::vector<HttpHeader>& headers);

}  // namespace ci_lambda
