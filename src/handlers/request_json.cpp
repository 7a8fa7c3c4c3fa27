#include "handlers/request_json.hpp"

#include <fmt/format.h>

#include <chrono>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// Of a task definition that is repeated to people.
constexpr std::size_t kLongestName = 200;

Json json_of(const PushedImage& image) {
    Json json{{"r", image.repository}, {"at", milliseconds_of(image.at)}};
    put_text(json, "t", image.tag);
    put_text(json, "d", image.digest);
    put_text(json, "a", image.account);
    put_text(json, "g", image.region);
    put_text(json, "h", image.registry);
    put_text(json, "x", image.replica_region);
    if (image.by_version) json["v"] = true;
    return json;
}

PushedImage image_of(const Json& json) {
    return {.repository = text_of(json, "r"),
            .tag = text_of(json, "t"),
            .digest = text_of(json, "d"),
            .account = text_of(json, "a"),
            .region = text_of(json, "g"),
            .at = find_milliseconds(json, "at").value_or(WallTime{}),
            .registry = text_of(json, "h"),
            .by_version = is_true(json, "v"),
            .replica_region = text_of(json, "x")};
}

Json json_of(const WantedImage& image) {
    Json json = Json::object();
    put_text(json, "h", image.registry);
    put_text(json, "r", image.repository);
    put_text(json, "t", image.tag);
    put_text(json, "d", image.digest);
    return json;
}

WantedImage wanted_of(const Json& json) {
    return {.registry = text_of(json, "h"),
            .repository = text_of(json, "r"),
            .tag = text_of(json, "t"),
            .digest = text_of(json, "d")};
}

/// The objects of a list; whatever else is in it was not written here.
template <typename Read>
auto list_of(const Json& json, const char* key, Read read) {
    std::vector<decltype(read(json))> all;
    if (const auto* list = find(json, key); list != nullptr && list->is_array())
        for (const auto& one : *list)
            if (one.is_object()) all.push_back(read(one));
    return all;
}

constexpr std::string_view pin_name(ImagePin pin) {
    switch (pin) {
        case ImagePin::kTag: return "tag";
        case ImagePin::kDigest: return "digest";
        case ImagePin::kBoth: return "both";
    }
    return "both";
}

ImagePin pin_of(std::string_view name) {
    for (const auto pin : {ImagePin::kTag, ImagePin::kDigest})
        if (name == pin_name(pin)) return pin;
    return ImagePin::kBoth;
}

}  // namespace

std::string to_json(const DeploymentRequest& request) {
    Json json{{"s", request.target.id.str()}};
    if (request.task_definition) json["td"] = request.task_definition->str();
    put_text(json, "why", request.reason);
    if (request.changed_at) json["at"] = milliseconds_of(*request.changed_at);
    for (const auto& image : request.images) json["img"].push_back(json_of(image));
    if (request.images_alone) json["only"] = true;
    if (!request.images.empty()) {
        json["m"] = to_string(request.image_mode);
        json["pin"] = pin_name(request.image_pin);
    }
    for (const auto& image : request.wanted) json["want"].push_back(json_of(image));
    if (request.promoted_from) json["from"] = request.promoted_from->environment;
    if (request.again) json["again"] = true;
    if (request.strategy_once) json["st"] = request.strategy_once->written;
    if (request.asked_for) json["man"] = true;
    if (request.past_holds) json["past"] = *request.past_holds;
    put_text(json, "run", request.pipeline_run);
    put_text(json, "ok", request.kept_approval);
    return dump_json(json);
}

Result<DeploymentRequest> request_of_json(std::string_view text, const Config& config) {
    TRY_ASSIGN(const auto json, parse_json(text));
    const auto service = find_string(json, "s");
    if (!service) return fail(ErrorKind::kInvalidEvent, "the request that was kept names no service");
    const auto id = config.names.canonical(*service);
    const auto target = id ? config.names.target(*id) : std::nullopt;
    if (!target)
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("the request that was kept is for {}, which is none of our services any more",
                                id ? id->str() : "a service"));
    DeploymentRequest request{.target = *target,
                              .task_definition = std::nullopt,
                              .reason = text_of(json, "why"),
                              .changed_at = find_milliseconds(json, "at"),
                              .images = list_of(json, "img", image_of),
                              .images_alone = is_true(json, "only"),
                              .image_mode = parse_image_mode(text_of(json, "m")).value_or(ImageMode::kRedeploy),
                              .image_pin = pin_of(text_of(json, "pin")),
                              .wanted = list_of(json, "want", wanted_of),
                              .again = is_true(json, "again"),
                              .strategy = config.strategy_of(target->id),
                              .before = config.task_before(target->id)};
    if (auto revision = find_string(json, "td")) {
        request.task_definition = TaskDefinition(*std::move(revision));
        if (!is_own_revision(*request.task_definition, request.target))
            return fail(ErrorKind::kInvalidEvent,
                        fmt::format("the request that was kept names {}, which is not of {}, the family of {}",
                                    one_line(request.task_definition->str(), kLongestName), request.target.family,
                                    request.target.id));
    }
    if (const auto environment = find_string(json, "from")) {
        auto source = config.names.in_environment(*environment).target(target->id);
        if (!source)
            return fail(ErrorKind::kInvalidEvent,
                        fmt::format("the request that was kept promotes {} from {}, where the configuration names no "
                                    "such service any more",
                                    target->id, one_line(*environment, kLongestName)));
        request.promoted_from = PromotionSource{.environment = *environment, .target = *std::move(source)};
    }
    if (!request.wanted.empty() || request.promoted_from) {
        request.image_pin = config.image_pin;
        request.own_repositories = repositories_of(target->id, config);
    }
    if (const auto written = find_string(json, "st")) {
        auto strategy = parse_strategy(*written);
        if (!strategy)
            return fail(ErrorKind::kInvalidEvent,
                        "the request that was kept has a strategy that cannot be read: " + in_words(strategy.error()));
        if (const auto why = why_not_by_event(*strategy))
            return fail(ErrorKind::kInvalidEvent, fmt::format("the request that was kept has a strategy: {}", *why));
        request.strategy_once = *std::move(strategy);
    }
    request.asked_for = is_true(json, "man");
    request.past_holds = find_string(json, "past");
    request.pipeline_run = text_of(json, "run");
    request.kept_approval = text_of(json, "ok");
    return request;
}

RequestInBrief brief_of_json(std::string_view text) {
    const auto json = parse_json(text);
    if (!json) return {};
    RequestInBrief brief{
        .reason = text_of(*json, "why"), .task_definition = text_of(*json, "td"), .past_holds = text_of(*json, "past")};
    const auto name = [](const Json& image) {
        return with_tag_and_digest({.registry = {}, .repository = text_of(image, "r"), .tag = {}, .digest = {}},
                                   text_of(image, "t"), text_of(image, "d"));
    };
    for (const auto* key : {"img", "want"})
        for (auto& image : list_of(*json, key, name)) brief.images.push_back(std::move(image));
    return brief;
}

}  // namespace ci_lambda
