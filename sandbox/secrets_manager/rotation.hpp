#pragma once

#include <string>

#include "sandbox/secrets_manager/operations.hpp"

namespace ci_lambda::sandbox {

/// What a rotation function brings about (user guide, "Rotation by Lambda function"): a new value as AWSPENDING, which
/// then becomes AWSCURRENT, each by a call of its own; last, Secrets Manager says that the rotation succeeded. Of a
/// JSON object only the member `password` is another one. The secret must have a value; `version` is the new one's id.
void rotate(SecretsContext& context, StoredSecret& secret, const std::string& version);

}  // namespace ci_lambda::sandbox
