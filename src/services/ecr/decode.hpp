#pragma once

// Private to services/ecr: what ECR answers, turned into records.

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "services/ecr/api.hpp"

namespace ci_lambda {

/// One of DescribeImages' `imageDetails`.
[[nodiscard]] EcrImage read_image(const Json& detail);

/// One of BatchGetImage's `images`, whose manifest is a text. Fails (kProtocol) for one that is no manifest.
[[nodiscard]] Result<EcrManifest> read_manifest(const Json& image);

/// The config of an image, `text` as it was fetched. Fails (kProtocol) for what is none.
[[nodiscard]] Result<EcrImageConfig> read_config(std::string_view text);

/// One of BatchGetImage's `failures`; the code is ECR's failureCode. Without a name of what was asked for.
[[nodiscard]] Error read_failure_to_get(const Json& failure);

}  // namespace ci_lambda
