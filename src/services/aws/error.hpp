#pragma once

#include "base/result.hpp"
#include "net/http.hpp"
#include "services/aws/service.hpp"

namespace ci_lambda {

/// Turns an answer that is not a success into an error. The code and the words come from AWS JSON
/// (`{"__type":"prefix#Name:uri","message":..}`), from REST-JSON (the header `x-amzn-errortype`), from the XML of S3
/// and of the query protocol (`<Code>`, `<Message>`), or from that protocol's JSON
/// (`{"Error":{"Code":..,"Message":..}}`); of anything else, such as a proxy's page, it says the beginning.
[[nodiscard]] Error aws_error(const AwsService& service, const HttpResponse& response);

}  // namespace ci_lambda
