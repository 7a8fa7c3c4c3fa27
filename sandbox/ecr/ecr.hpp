#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/ecr/operations.hpp"
#include "sandbox/ecr/state.hpp"
#include "sandbox/ecs/registry.hpp"

namespace ci_lambda::sandbox {

struct EcrOptions {
    EcrState state;
    /// Called outside of the lock, before the call that brought the event about returns.
    EventSink on_event = {};
};

/// Amazon ECR as far as somebody asks for images or puts them: state and operations, no HTTP, and no layers. Request
/// and answer are those of the ECR API (version 2015-09-21), the errors in AWS's words. Thread-safe. Ids and clock must
/// outlive it.
class Ecr final : public ImageRegistry {
public:
    Ecr(EcrOptions options, Ids& ids, const Clock& clock);

    /// `operation` without the target prefix: "DescribeImages".
    [[nodiscard]] AwsAnswer handle(std::string_view operation, std::string_view body);

    /// What `docker buildx build --push` brings about: an image that nobody has pushed yet, for two platforms, with
    /// attestations; each manifest is put, and tells its event, before the tag's is.
    [[nodiscard]] AwsResult<Push> push(const std::string& repository, const std::string& tag);
    /// What such a push in another region brings about where its images are replicated into this one.
    [[nodiscard]] AwsResult<Push> replicate(const std::string& repository, const std::string& tag,
                                            const std::string& region);

    /// An image as it is replicated into another registry; nullopt when it is not there.
    [[nodiscard]] std::optional<ImageCopy> copy(const std::string& repository, const std::string& digest);
    /// It has come from the registry `from`.
    void receive(const std::string& repository, ImageCopy image, const std::string& tag, const Site& from);

    [[nodiscard]] std::string host() const { return host_; }
    [[nodiscard]] std::vector<std::string> repositories();

    /// From now on blobs are fetched there.
    void listen_at(std::string address);
    /// What GetDownloadUrlForLayer's URL leads to; `nullopt` when it is not there.
    [[nodiscard]] std::optional<std::string> blob(const std::string& repository, const std::string& digest);

    // For ECS:
    [[nodiscard]] Resolved resolve(const std::string& image) override;
    /// Nobody hears of it: what a scenario of ECS needs, and has no event.
    void replace(const std::string& image) override;

private:
    /// Runs what changes the state, and then hands on the events that it has added.
    template <typename Change>
    auto change(Change change_state);

    const std::string host_;
    std::mutex mutex_;
    EcrState state_;
    Ids& ids_;
    const Clock& clock_;
    EventSink on_event_;
};

}  // namespace ci_lambda::sandbox
