#include "events/decoders.hpp"

namespace ci_lambda {

Result<EventBody> decode_ecr(const Envelope& envelope, const Json& event) {
    // Scans and pull-through caches have the same source and similar details. In the region that an image is replicated
    // to, there is no "ECR Image Action" of it (ECR user guide, "Events from Amazon ECR").
    if (envelope.detail_type != "ECR Image Action" && envelope.detail_type != "ECR Replication Action")
        return other_kind(envelope);
    TRY_ASSIGN(const Json* const detail, require_detail(event));
    EcrImageAction body;
    TRY_ASSIGN(body.action, require_string(*detail, "action-type", "detail.action-type"));
    TRY_ASSIGN(body.result, require_string(*detail, "result", "detail.result"));
    TRY_ASSIGN(body.repository, require_string(*detail, "repository-name", "detail.repository-name"));
    body.tag = find_string(*detail, "image-tag");
    body.digest = find_string(*detail, "image-digest");
    body.manifest_media_type = find_string(*detail, "manifest-media-type");
    body.artifact_media_type = find_string(*detail, "artifact-media-type");
    body.source_region = find_string(*detail, "source-region");
    body.source_account = find_string(*detail, "source-account");
    return body;
}

}  // namespace ci_lambda
