#include "events/decoders.hpp"

namespace ci_lambda {

Result<EventBody> decode_ssm(const Envelope& envelope, const Json& event) {
    if (envelope.detail_type != "Parameter Store Change") return other_kind(envelope);
    TRY_ASSIGN(const Json* const detail, require_detail(event));
    ParameterChange body;
    TRY_ASSIGN(body.operation, require_string(*detail, "operation", "detail.operation"));
    TRY_ASSIGN(body.name, require_string(*detail, "name", "detail.name"));
    body.failed = find(*detail, "exception") != nullptr;
    return body;
}

}  // namespace ci_lambda
