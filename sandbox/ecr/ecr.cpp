#include "sandbox/ecr/ecr.hpp"

#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/result.hpp"
#include "sandbox/aws/dispatch.hpp"
#include "sandbox/ecr/operations.hpp"

namespace ci_lambda::sandbox {

Ecr::Ecr(EcrOptions options, Ids& ids, const Clock& clock)
    : host_(options.state.host()),
      state_(std::move(options.state)),
      ids_(ids),
      clock_(clock),
      on_event_(std::move(options.on_event)) {}

template <typename Change>
auto Ecr::change(Change change_state) {
    return change_and_tell(mutex_, on_event_, [&](std::vector<std::string>& events) {
        EcrContext context{.state = state_, .ids = ids_, .now = clock_.now(), .events = events};
        return change_state(context);
    });
}

AwsAnswer Ecr::handle(std::string_view operation, std::string_view body) {
    return answer_request(
        find_ecr_operation(operation), "ECR", operation, body, [&](const auto& known, const auto& request) {
            return to_answer(change([&](EcrContext& context) { return known.run(context, request); }));
        });
}

AwsResult<Push> Ecr::push(const std::string& repository, const std::string& tag) {
    return change([&](EcrContext& context) -> AwsResult<Push> {
        TRY_ASSIGN(auto* found, repository_named(context.state, repository));
        return push_new_image(context, *found, tag);
    });
}

AwsResult<Push> Ecr::replicate(const std::string& repository, const std::string& tag, const std::string& region) {
    return change([&](EcrContext& context) -> AwsResult<Push> {
        TRY_ASSIGN(auto* found, repository_named(context.state, repository));
        return replicate_new_image(context, *found, tag, region);
    });
}

std::optional<ImageCopy> Ecr::copy(const std::string& repository, const std::string& digest) {
    const std::scoped_lock lock(mutex_);
    const auto found = state_.repositories.find(repository);
    return found == state_.repositories.end() ? std::nullopt : copy_of(found->second, digest);
}

void Ecr::receive(const std::string& repository, ImageCopy image, const std::string& tag, const Site& from) {
    change([&](EcrContext& context) {
        receive_copy(context, repository, std::move(image), tag, from);
        return true;
    });
}

std::vector<std::string> Ecr::repositories() {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, repository] : state_.repositories) names.push_back(name);
    return names;
}

void Ecr::listen_at(std::string address) {
    const std::scoped_lock lock(mutex_);
    state_.address = std::move(address);
}

std::optional<std::string> Ecr::blob(const std::string& repository, const std::string& digest) {
    const std::scoped_lock lock(mutex_);
    const auto found = state_.repositories.find(repository);
    if (found == state_.repositories.end()) return std::nullopt;
    const auto blob = found->second.blobs.find(digest);
    return blob == found->second.blobs.end() ? std::nullopt : std::optional(blob->second);
}

ImageRegistry::Resolved Ecr::resolve(const std::string& image) {
    const std::scoped_lock lock(mutex_);
    const auto parts = parse_image(image);
    if (parts.registry != state_.host()) return {};
    const auto found = state_.repositories.find(std::string(parts.repository));
    if (found == state_.repositories.end()) return {.is_ours = true, .digest = {}};
    const auto& repository = found->second;
    const auto* manifest = !parts.digest.empty()
                               ? repository.with_digest(parts.digest)
                               : repository.with_tag(parts.tag.empty() ? "latest" : std::string(parts.tag));
    return {.is_ours = true, .digest = manifest == nullptr ? "" : manifest->digest};
}

void Ecr::replace(const std::string& image) {
    const std::scoped_lock lock(mutex_);
    const auto parts = parse_image(image);
    if (parts.registry != state_.host() || !parts.digest.empty()) return;
    const auto found = state_.repositories.find(std::string(parts.repository));
    if (found == state_.repositories.end()) return;
    const std::string tag(parts.tag.empty() ? "latest" : parts.tag);
    std::vector<std::string> untold;
    EcrContext context{.state = state_, .ids = ids_, .now = clock_.now(), .events = untold};
    found->second.tags.erase(tag);  // also where it is immutable: the scenario is meant to be so
    (void)push_new_image(context, found->second, tag);
}

}  // namespace ci_lambda::sandbox
