#include "discovery/index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// So many names help; more are a wall.
constexpr std::size_t kMostNames = 10;

std::string in_words(const std::vector<EcsServiceName>& names) {
    std::vector<std::string> texts;
    for (const auto& name : names) texts.push_back(name.str());
    const auto all = texts.size();
    texts.resize(std::min(all, kMostNames));
    return join(texts, ", ") + (all > kMostNames ? fmt::format(" and {} more", all - kMostNames) : "");
}

/// A rollback's copy is in a family of its own (`rollback_family`), and says what it is a copy of.
TaskFamily family_of(const std::string& arn, const EcsTags& tags) {
    if (const auto original = tags.find("ci_lambda:stands-for"); original != tags.end())
        if (const auto revision = parse_revision(original->second)) return TaskFamily(std::string(revision->family));
    const auto revision = parse_revision(arn);
    return revision ? TaskFamily(std::string(revision->family)) : TaskFamily();
}

}  // namespace

/// One look, while it goes on.
struct DiscoveryIndex::Look {
    Discovered found;
    std::vector<TaskDefinition> unknown;  // revisions to be read
    std::set<std::string> failed;         // revisions that could not be read

    void warn(std::string text) { found.warnings.push_back(std::move(text)); }
    void not_read(const std::string& what, const Error& error) {
        add_unread(what, error, found.warnings, found.unread);
    }
};

DiscoveryIndex::DiscoveryIndex(Options options, const Names& names, EcsCatalog& ecs, KnownRevisions& revisions,
                               const Clock& clock, const Logger& logger)
    : options_(std::move(options)),
      names_(names),
      ecs_(ecs),
      revisions_(revisions),
      clock_(clock),
      logger_(logger),
      looks_left_(options_.looks_in_a_row),
      looks_counted_at_(clock.now()) {}

bool DiscoveryIndex::renew(Deadline deadline) {
    const auto now = clock_.now();
    // What could not be read is looked at again sooner; and a clock that was put back must not end the looking.
    const auto max_age = found_->unread.empty() ? options_.max_age : options_.between_looks;
    if (looked_at_ && now - *looked_at_ < max_age && now >= *looked_at_) return false;
    look(deadline);
    return true;
}

bool DiscoveryIndex::look_again(WallTime event_at, Deadline deadline) {
    /// Events say their time in whole seconds, and ECS shows what is new a moment late.
    constexpr std::chrono::seconds kLateness{2};
    const auto now = clock_.now();
    if (looked_at_ && *looked_at_ <= now && event_at + kLateness < *looked_at_) return false;
    const std::chrono::duration<double> passed = std::max<WallTime::duration>(now - looks_counted_at_, {});
    const std::chrono::duration<double> each = options_.between_looks;
    looks_left_ = std::min<double>(options_.looks_in_a_row, looks_left_ + (passed / each));
    looks_counted_at_ = now;
    if (looks_left_ < 1) return false;
    looks_left_ -= 1;
    look(deadline);
    return true;
}

void DiscoveryIndex::look(Deadline deadline) {
    const auto began = clock_.now();
    Look look;
    for (const auto& cluster : options_.clusters) list(cluster, look, deadline);
    read_revisions(look, deadline);
    use_revisions(look);
    identify(look.found.services, names_);
    warnings_.tell(look.found.warnings);
    looked_at_ = began;
    logger_.debug("services discovered",
                  {{"services", static_cast<int>(look.found.services.size())},
                   {"revisions_read", static_cast<int>(look.unknown.size())},
                   {"took_ms", std::chrono::duration_cast<Milliseconds>(clock_.now() - began).count()}});
    found_ = std::make_shared<const Discovered>(std::move(look.found));
}

void DiscoveryIndex::list(const ClusterName& cluster, Look& look, Deadline deadline) {
    const auto names = ecs_.list_services(cluster, deadline);
    if (!names) {
        const auto what = fmt::format("the services of the cluster {}", cluster);
        look.not_read(what, names.error());
        // Nothing at all is known: no event may be taken for none of ours.
        const bool known = std::ranges::any_of(
            found_->services, [&](const DiscoveredService& service) { return service.target.cluster == cluster; });
        if (!known && look.found.unread.empty()) look.found.unread = look.found.warnings.back();
        keep_as_before(cluster, nullptr, look);
        return;
    }
    for (std::size_t i = 0; i < names->size(); i += kMaxServicesPerDescribe) {
        const auto begin = names->begin() + static_cast<std::ptrdiff_t>(i);
        const auto end = begin + static_cast<std::ptrdiff_t>(std::min(kMaxServicesPerDescribe, names->size() - i));
        describe(cluster, {begin, end}, look, deadline);
    }
}

void DiscoveryIndex::describe(const ClusterName& cluster, const std::vector<EcsServiceName>& names, Look& look,
                              Deadline deadline) {
    const auto described = ecs_.describe_services_with_tags(cluster, names, deadline);
    if (!described) {
        look.not_read(fmt::format("services of the cluster {} ({})", cluster, in_words(names)), described.error());
        keep_as_before(cluster, &names, look);
        return;
    }
    if (!described->no_tags.empty()) {
        auto text =
            fmt::format("the tags of services are not known, so what they say does not count: {}", described->no_tags);
        if (std::ranges::find(look.found.warnings, text) == look.found.warnings.end()) look.warn(std::move(text));
    }
    for (const auto& failure : described->failures)
        // Deleted since it was listed.
        if (!failure.reason.starts_with("MISSING"))
            look.warn(fmt::format("service {} of the cluster {} is not shown by ECS: {}", failure.name, cluster,
                                  failure.reason));
    for (const auto& service : described->services)
        if (service.status == "ACTIVE") add(cluster, service, look);
}

void DiscoveryIndex::add(const ClusterName& cluster, const EcsService& service, Look& look) {
    auto [rules, problems] = read_rules(service.tags);
    for (const auto& problem : problems)
        look.warn(fmt::format("service {} of the cluster {}: {}", service.name, cluster, problem));
    DiscoveredService one{.target = {.id = {},
                                     .cluster = cluster,
                                     .service = service.name,
                                     .family = {},
                                     .region = names_.region(),
                                     .account = names_.account()},
                          .task_definition = service.task_definition,
                          .uses = nullptr,
                          .rules = std::move(rules),
                          .express = service.express};
    // A rollout by task sets shows the revision there only.
    if (!can_be_updated(service))
        one.cannot_deploy = fmt::format("its deployment controller is {}", service.deployment_controller);
    const TaskDefinition revision(service.task_definition);
    if (!revision.empty() && !revisions_.by_arn.contains(revision.str()) &&
        std::ranges::find(look.unknown, revision) == look.unknown.end())
        look.unknown.push_back(revision);
    look.found.services.push_back(std::move(one));
}

/// What was known of these services, or of all of the cluster.
void DiscoveryIndex::keep_as_before(const ClusterName& cluster, const std::vector<EcsServiceName>* names, Look& look) {
    for (const auto& service : found_->services)
        if (service.target.cluster == cluster &&
            (names == nullptr || std::ranges::find(*names, service.target.service) != names->end()))
            look.found.services.push_back(service);
}

void DiscoveryIndex::read_revisions(Look& look, Deadline deadline) {
    // What was throttled, or lost on the way, is worth another try; the pace of the calls gives the pause.
    const auto again = read_some(look.unknown, look, false, deadline);
    if (!again.empty()) read_some(again, look, true, deadline);
}

/// The ones to be read once more.
std::vector<TaskDefinition> DiscoveryIndex::read_some(const std::vector<TaskDefinition>& revisions, Look& look,
                                                      bool last, Deadline deadline) {
    std::vector<TaskDefinition> again;
    const auto answers = ecs_.describe_revisions(revisions, deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const auto& arn = revisions[i].str();
        if (answers[i]) {
            const auto& [definition, references] = *answers[i];
            revisions_.by_arn[arn] = {
                .uses = std::make_shared<const ServiceUses>(uses_of(references, place_of_arn(arn))),
                .family = family_of(arn, definition.tags)};
            options_.on_read(definition);
        } else if (!last && answers[i].error().retryable()) {
            again.push_back(revisions[i]);
        } else {
            look.failed.insert(arn);
            look.not_read(fmt::format("the task definition {}", short_name(arn)), answers[i].error());
        }
    }
    return again;
}

/// Hands each service what its revision says, and forgets the revisions that none runs any more.
void DiscoveryIndex::use_revisions(Look& look) {
    std::set<std::string> used;
    for (auto& service : look.found.services) {
        used.insert(service.task_definition);
        const auto revision = revisions_.by_arn.find(service.task_definition);
        if (revision != revisions_.by_arn.end()) {
            service.uses = revision->second.uses;
            service.target.family = revision->second.family;
        } else if (look.failed.contains(service.task_definition)) {
            service.target.family = family_of(service.task_definition, {});
            // What it ran before is the best guess.
            const auto same = std::ranges::find_if(found_->services, [&](const DiscoveredService& before) {
                return before.target.cluster == service.target.cluster &&
                       before.target.service == service.target.service;
            });
            if (same != found_->services.end()) service.uses = same->uses;
            look.warn(fmt::format("service {} of the cluster {}: what {} uses is not known", service.target.service,
                                  service.target.cluster, short_name(service.task_definition)));
        }
        if (service.rules.family) service.target.family = *service.rules.family;
        if (service.target.family.empty() && service.cannot_deploy.empty())
            service.cannot_deploy = "it has no task definition";
    }
    std::erase_if(revisions_.by_arn, [&](const auto& known) { return !used.contains(known.first); });
}

}  // namespace ci_lambda
