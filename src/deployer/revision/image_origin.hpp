#pragma once

#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "services/ecr/api.hpp"

namespace ci_lambda {

/// What an image says of where it comes from, by its OCI annotations or labels (image-spec, annotations.md): free text
/// of whoever built it, or its base. What it does not say is empty.
struct ImageOrigin {
    std::string commit;   ///< `org.opencontainers.image.revision`
    std::string source;   ///< `org.opencontainers.image.source`
    std::string version;  ///< `org.opencontainers.image.version`
};

/// Annotations say it of this very image, and cost less; labels may be its base's. Fills in what could be read also
/// where it fails.
Status find_origin(EcrApi& ecr, const EcrRepository& repository, const std::string& digest, ImageOrigin& origin,
                   Deadline deadline);

}  // namespace ci_lambda
