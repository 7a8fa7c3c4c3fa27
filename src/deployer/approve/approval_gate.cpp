#include "deployer/approve/approval_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"
#include "definitions/difference.hpp"
#include "deployer/revision/image_origin.hpp"
#include "door/door.hpp"
#include "handlers/request_json.hpp"
#include "net/sha256.hpp"

namespace ci_lambda {
namespace {

/// What is only there to say more keeps nobody waiting for long.
constexpr Milliseconds kLongestForDetails{5'000};
/// A message has room for some.
constexpr std::size_t kMostDetails = 20;

std::string running_of(const PlannedDeployment& planned) {
    const auto* primary = planned.service == nullptr ? nullptr : planned.service->primary();
    return primary == nullptr ? std::string() : primary->id;
}

/// Why what is to be approved cannot be read, and what to do.
std::unexpected<Error> unreadable(Error error, const std::string& what, std::string_view permission) {
    if (error.kind == ErrorKind::kAccessDenied)
        error.message += fmt::format("; allow {}: without it nobody could say what is approved", permission);
    return std::unexpected(
        with_context(std::move(error), fmt::format("{} cannot be read, and has to be approved", what)));
}

std::string by_whom(const std::vector<std::string>& from) {
    return from.empty() ? std::string("by a person") : fmt::format("by {}", join(from, " or "));
}

std::string line_of(const std::string& container, const Difference& difference) {
    const auto where = container.empty() ? difference.place : fmt::format("{} of {}", difference.place, container);
    if (difference.hidden) return fmt::format("{} changes", where);
    switch (difference.kind) {
        case Difference::Kind::kAdded: return fmt::format("{}: {} is new", where, difference.after);
        case Difference::Kind::kRemoved: return fmt::format("{}: {} is gone", where, difference.before);
        case Difference::Kind::kChanged: break;
    }
    return fmt::format("{}: {} instead of {}", where, difference.after, difference.before);
}

}  // namespace

std::string environment_of(const Config& config) { return fmt::format("{}/{}", config.project, config.environment); }

ApprovalGate::Options approval_options(const Config& config) {
    return {.environment = environment_of(config),
            .target = config.deployment_target,
            .url = config.function_url.value_or(""),
            .by_page = config.approval_by_page};
}

Result<TokenWays> ways_of(const std::string& token, const ApprovalGate::Options& options, const ApprovalKeys& keys) {
    TokenWays ways;
    if (options.url.empty()) return ways;
    ways.page = approval_link(options.url, token);
    if (options.by_page) {
        TRY_ASSIGN(ways.code, code_of(token, keys));
    }
    return ways;
}

Result<ApprovalKeys> keys_of(const ApprovalSettings& settings) {
    if (!settings.key) return fail(ErrorKind::kConfiguration, "there is no APPROVAL_KEY to sign approvals with");
    return ApprovalKeys{.current = *settings.key, .previous = settings.previous_key};
}

/// A tag is the digest that it stands for now.
Result<std::string> ApprovalGate::with_digest(const std::string& image, const std::vector<PushedImage>& pushed,
                                              Deadline deadline) {
    const auto parts = parse_image(image);
    if (!parts.digest.empty()) return image;
    const auto registry = parse_ecr_registry(parts.registry);
    if (!registry) return image;
    const std::string tag(parts.tag.empty() ? std::string_view("latest") : parts.tag);
    const EcrRepository repository{.name = std::string(parts.repository),
                                   .registry_id = std::string(registry->account)};
    auto found = registries_.in(registry->region).describe_images(repository, {{.tag = tag, .digest = {}}}, deadline);
    // Gone, or not replicated yet: then it is what was pushed, or what nobody can pull.
    if (!found && found.error().kind == ErrorKind::kNotFound) {
        for (const auto& one : pushed)
            if (is_of_repository(image, one) && one.tag == tag)
                return with_tag_and_digest(parts, parts.tag, one.digest);
        return image;
    }
    if (!found) return unreadable(std::move(found).error(), image, "ecr:DescribeImages");
    return found->empty() ? image : with_tag_and_digest(parts, parts.tag, found->front().digest);
}

Result<ApprovalGate::Subject> ApprovalGate::subject_of(const DeploymentRequest& request,
                                                       const PlannedDeployment& planned, Deadline deadline) {
    auto definition = ecs_.task_definition_json(planned.revision, deadline);
    if (!definition)
        return unreadable(std::move(definition).error(), short_name(planned.revision.str()),
                          "ecs:DescribeTaskDefinition");
    auto images = images_in(*definition);
    for (const auto& change : planned.changes) images[change.container] = change.to;
    Subject subject;
    TRY_ASSIGN(subject.definition, with_images(*definition, images));
    for (auto& [container, image] : images) {
        TRY_ASSIGN(image, with_digest(image, planned.pushed, deadline));
    }
    // What is pulled is the digest: how else the image is called makes no difference.
    std::map<std::string, std::string> exact;
    for (const auto& [container, image] : images) {
        const auto parts = parse_image(image);
        exact[container] = parts.digest.empty() ? image : with_tag_and_digest(parts, {}, parts.digest);
    }
    TRY_ASSIGN(const auto with_digests, with_images(subject.definition, exact));
    TRY_ASSIGN(const auto content, content_of(with_digests));
    const auto strategy = request.strategy_once ? request.strategy_once->written : std::string();
    subject.content = sha256_digest_of(fmt::format("{}\n{}", strategy, content));
    subject.images = std::move(images);
    return subject;
}

std::string ApprovalGate::commit_of(const std::string& image, Deadline deadline) {
    const auto parts = parse_image(image);
    const auto registry = parse_ecr_registry(parts.registry);
    if (!registry || parts.digest.empty()) return {};
    ImageOrigin origin;
    // Nobody has to be able to read it: then it is not said.
    (void)find_origin(registries_.in(registry->region),
                      {.name = std::string(parts.repository), .registry_id = std::string(registry->account)},
                      std::string(parts.digest), origin, deadline);
    return origin.commit;
}

std::vector<std::string> ApprovalGate::details_of(const PlannedDeployment& planned, const Subject& subject,
                                                  Deadline deadline) {
    constexpr std::size_t kCommit = 12;
    std::vector<std::string> details;
    const auto* primary = planned.service == nullptr ? nullptr : planned.service->primary();
    if (primary != nullptr)
        details.push_back(fmt::format("runs now: {} ({})", short_name(primary->task_definition), primary->id));
    details.push_back(fmt::format("would run: {}{}", planned.changes.empty() ? "" : "a copy of ",
                                  short_name(planned.revision.str())));
    for (const auto& [container, image] : subject.images) {
        auto line = fmt::format("image of {}: {} {}", container, parse_image(image).repository, short_image(image));
        const bool changes =
            std::ranges::any_of(planned.changes, [&](const auto& one) { return one.container == container; }) ||
            std::ranges::any_of(planned.pushed, [&](const auto& one) { return is_of_repository(image, one); });
        if (changes)
            if (const auto commit = commit_of(image, deadline); !commit.empty())
                line += fmt::format(", commit {}", one_line(commit, kCommit));
        details.push_back(std::move(line));
    }
    if (primary == nullptr || primary->task_definition.empty()) return details;
    const auto before = ecs_.task_definition_json(TaskDefinition(primary->task_definition), deadline);
    const auto difference = before ? compare_definitions(*before, subject.definition)
                                   : Result<DefinitionDifference>(std::unexpected(before.error()));
    if (!difference) {
        details.emplace_back("what else changes could not be read");
        return details;
    }
    const auto add = [&](const std::string& container, const Difference& one) {
        if (one.place != "image") details.push_back(line_of(container, one));
    };
    for (const auto& one : difference->task) add({}, one);
    for (const auto& container : difference->containers)
        for (const auto& one : container.differences) add(container.container, one);
    if (details.size() > kMostDetails) {
        const auto more = details.size() - kMostDetails;
        details.resize(kMostDetails);
        details.push_back(fmt::format("and {} more changes (ci_lambda diff shows all)", more));
    }
    return details;
}

/// Somebody has approved this before it had to wait, and nothing of it has changed since.
bool ApprovalGate::is_approved_before(const DeploymentRequest& request, const std::string& running,
                                      const std::string& content, const ApprovalKeys& keys) const {
    if (request.kept_approval.empty()) return false;
    const auto kept = open_kept(request.kept_approval, keys, options_.environment, clock_.now());
    return kept && kept->target == options_.target && kept->service == request.target.id && kept->running == running &&
           kept->content == content;
}

Result<std::optional<Barrier>> ApprovalGate::barrier(const DeploymentRequest& request, const PlannedDeployment& planned,
                                                     Deadline deadline) {
    const auto rules = settings_.of(request.target.id);
    // What somebody has approved is what begins, also where nothing has to be approved any more.
    const bool free = !rules.required || (rules.except_manual && request.asked_for);
    if (free && !request.approval) return std::nullopt;
    TRY_ASSIGN(const auto keys, keys_of(settings_));
    TRY_ASSIGN(const auto subject, subject_of(request, planned, deadline));
    const auto running = running_of(planned);
    if (!request.approval && is_approved_before(request, running, subject.content, keys)) return std::nullopt;
    if (request.approval) {
        const auto& approval = *request.approval;
        const auto outdated = [](std::string words) {
            return Barrier{.kind = Barrier::Kind::kOutdated, .words = std::move(words)};
        };
        if (approval.running != running)
            return outdated(fmt::format(
                "it has moved on since this was asked: it runs {} by now, and no longer {}; what is wanted "
                "now has to be approved anew",
                running.empty() ? "nothing" : running, approval.running.empty() ? "nothing" : approval.running));
        if (approval.content != subject.content)
            return outdated(
                "its task definition, or what an image's tag stands for, is another one by now; what is "
                "wanted now has to be approved anew");
        return std::nullopt;
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
    // Whoever is asked now has seen nothing before.
    auto asked = request;
    asked.kept_approval.clear();
    const Approval approval{.environment = options_.environment,
                            .target = options_.target,
                            .service = request.target.id,
                            .issued = now,
                            .expires = now + rules.expires,
                            .request = to_json(asked),
                            .running = running,
                            .content = subject.content};
    TRY_ASSIGN(auto token, sign(approval, keys));
    TRY_ASSIGN(auto ways, ways_of(token, options_, keys));
    const auto detail_time = Deadline::earlier(deadline, Deadline::after(clock_, kLongestForDetails));
    return Barrier{.kind = Barrier::Kind::kApproval,
                   .words = fmt::format("waits to be approved {} until {}", by_whom(rules.from),
                                        minute_in_words(approval.expires)),
                   .until = approval.expires,
                   .lasts = rules.expires,
                   .details = details_of(planned, subject, detail_time),
                   .id = id_of(approval),
                   .token = std::move(token),
                   .page = std::move(ways.page),
                   .code = std::move(ways.code),
                   .request = approval.request};
}

}  // namespace ci_lambda
