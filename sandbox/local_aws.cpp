#include "sandbox/local_aws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "config/document_source.hpp"
#include "config/values.hpp"
#include "sandbox/aws/credential.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/function_url/function_url.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/pages/state_pages.hpp"
#include "sandbox/runtime/runtime_api.hpp"
#include "sandbox/shop/shop.hpp"
#include "sandbox/shop/values.hpp"
#include "sandbox/slack/slack_inbox.hpp"

namespace ci_lambda::sandbox {
namespace {

HttpExchangeAnswer text_page(std::string body) {
    return {.status = 200, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

HttpExchangeAnswer refused_with(const Error& error) {
    return {.status = 400, .body = dump_json({{"message", error.message}}) + '\n'};
}

std::optional<std::string> asked_for(const HttpExchangeRequest& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::nullopt : std::optional(found->second);
}

/// As Slack's own have.
constexpr std::size_t kSigningSecretDigits = 32;
constexpr std::string_view kReplyPath = "/slack/reply/";
constexpr std::string_view kUsualUser = "alice";

std::vector<Target> at_least_one(std::vector<Target> targets) {
    if (targets.empty()) targets.push_back(usual_target());
    return targets;
}

/// S3's own event of an object of the shop's bucket that was put (EventBridge user guide, "Amazon S3 events").
std::string object_created_event(const std::string& key, const Site& site, Ids& ids, WallTime now) {
    constexpr std::size_t kEtagDigits = 32;
    constexpr std::size_t kSequencerDigits = 16;
    const auto bucket = std::string(shop::kBucket);
    const Json detail{
        {"version", "0"},
        {"bucket", {{"name", bucket}}},
        {"object",
         {{"key", key}, {"size", 512}, {"etag", ids.hex(kEtagDigits)}, {"sequencer", ids.hex(kSequencerDigits)}}},
        {"request-id", ids.hex(kSequencerDigits)},
        {"requester", site.account},
        {"source-ip-address", "127.0.0.1"},
        {"reason", "PutObject"}};
    return make_event({.source = "aws.s3",
                       .detail_type = "Object Created",
                       .account = site.account,
                       .region = site.region,
                       .resources = {"arn:aws:s3:::" + bucket}},
                      detail, ids, now);
}

}  // namespace

LocalAws::LocalAws(Ids& ids, const Clock& clock, LocalAwsOptions options)
    : ids_(ids),
      signing_secret_(ids.hex(kSigningSecretDigits)),
      clock_(clock),
      invocations_(ids, clock),
      sts_(ids, clock, std::string(shop::kAccount)),
      front_(ids) {
    for (auto& target : at_least_one(std::move(options.targets))) {
        const bool is_home = places_.empty();
        PlaceOptions place{.target = std::move(target), .speed = options.speed};
        if (is_home) {
            place.ecs_clock = options.ecs_clock;
            place.on_ecs_event = std::move(options.on_ecs_event);
            place.on_ecr_event = [this](const std::string& event) { replication_->take(event); };
        }
        places_.push_back(std::make_unique<Place>(std::move(place), invocations_, ids, clock));
    }
    std::vector<Place*> others;
    for (const auto& place : places_) {
        const auto& target = place->target();
        if (place != places_.front()) others.push_back(place.get());
        if (target.by_role)
            sts_.add_role(
                {.arn = role_arn_of(target), .account = target.site.account, .external_id = std::string(kExternalId)});
    }
    replication_ = std::make_unique<Replication>(home(), std::move(others), options.speed, clock);
    add_apis();
    add_routes();
    add_pages();
}

LocalAws::~LocalAws() { stop(); }

void LocalAws::add_apis() {
    const auto add = [this](std::string target, std::string name, Api api) {
        front_.add(std::move(target), std::move(name),
                   [this, api](const AwsCall& call) { return this->call(call, api); });
    };
    front_.add("AmazonEC2ContainerServiceV20141113.", "ECS", [this](const AwsCall& call) { return call_ecs(call); });
    add("AmazonEC2ContainerRegistry_V20150921.", "ECR", &Place::call_ecr);
    add("CodeDeploy_20141006.", "CodeDeploy", &Place::call_code_deploy);
    add("AWSEvents.", "EventBridge", &Place::call_events);
    add("GraniteServiceVersion20100801.", "CloudWatch", &Place::call_cloudwatch);
    add("Logs_20140328.", "CloudWatch Logs", &Place::call_logs);
    add("AWSStepFunctions.", "Step Functions", &Place::call_step_functions);
    add("secretsmanager.", "Secrets Manager", &Place::call_secrets);
    add("AmazonSSM.", "Systems Manager", &Place::call_parameters);
}

Result<std::uint16_t> LocalAws::start(std::uint16_t port) {
    TRY_ASSIGN(port_, server_.start(port));
    const auto address = fmt::format("http://127.0.0.1:{}", port_);
    for (const auto& place : places_) place->start(address, address + std::string(kSlackPath));
    if (has_several_targets()) replication_->start();
    return port_;
}

void LocalAws::stop() {
    replication_->stop();
    for (const auto& place : places_) place->stop();
    invocations_.stop();
    for (const auto& place : places_) place->stop_asking();
    server_.stop();
}

void LocalAws::add_routes() {
    add_runtime_api(server_, invocations_, own_function(home().target().site));
    add_invoke_api(server_, invocations_);
    add_schedule_routes(server_, [this](const HttpExchangeRequest& request, const ScheduleAnswer& answer) {
        const auto credential = credential_of(request.header("authorization"));
        const auto place = admitting_place(credential.access_key, credential.region, {});
        if (place) return answer((*place)->scheduler());
        return HttpExchangeAnswer{.status = 400,
                                  .body = dump_json({{"Message", place.error().error.message}}),
                                  .headers = {{"x-amzn-ErrorType", place.error().error.type}},
                                  .hang_up = place.error().hang_up};
    });
    server_.post("/", [this](const HttpExchangeRequest& request) {
        const bool is_sts =
            request.header("x-amz-target").empty() && credential_of(request.header("authorization")).service == "sts";
        return is_sts ? take_sts(request) : front_.handle(request);
    });
    server_.post("/sandbox/events", [this](const HttpExchangeRequest& request) { return take_raw_event(request); });
    server_.post(std::string(kSlackPath), [this](const HttpExchangeRequest& request) {
        return take_slack_message(request, invocations_.running_request_id());
    });
    server_.post(std::string(kSlackPathOfOthers),
                 [this](const HttpExchangeRequest& request) { return take_slack_message(request, {}); });
    server_.post("/sandbox/scenario", [this](const HttpExchangeRequest& request) { return take_scenario(request); });
    server_.post("/sandbox/push", [this](const HttpExchangeRequest& request) { return take_push(request); });
    server_.post("/sandbox/file", [this](const HttpExchangeRequest& request) { return take_file(request); });
    server_.post("/sandbox/alarm", [this](const HttpExchangeRequest& request) { return take_alarm(request); });
    server_.post("/sandbox/tasks", [this](const HttpExchangeRequest& request) { return take_tasks(request); });
    server_.post("/sandbox/calendar", [this](const HttpExchangeRequest& request) { return take_calendar(request); });
    server_.get("/sandbox/alarm", [this](const HttpExchangeRequest& request) { return show_alarms(request); });
    server_.post("/sandbox/code-deploy",
                 [this](const HttpExchangeRequest& request) { return take_code_deploy(request); });
    server_.let_pages_call(std::string(kFunctionUrlPath));
    const auto call = [this](const HttpExchangeRequest& request) {
        return take_function_url_call(request, request.captures.at(0));
    };
    const auto below = fmt::format("{}(/.*)?", kFunctionUrlPath);
    server_.get(below, call);
    server_.post(below, call);
    server_.put(below, call);
    server_.remove(below, call);
    server_.post("/sandbox/click", [this](const HttpExchangeRequest& request) { return take_click(request); });
    server_.post(fmt::format("{}([0-9]+)", kReplyPath),
                 [this](const HttpExchangeRequest& request) { return take_slack_reply(request); });
    server_.post("/sandbox/replication",
                 [this](const HttpExchangeRequest& request) { return take_replication(request); });
}

void LocalAws::add_pages() {
    const auto show = [this](const std::string& path, auto page) {
        server_.get(path,
                    [page](const HttpExchangeRequest&) { return HttpExchangeAnswer{.status = 200, .body = page()}; });
    };
    show("/sandbox/scenario", [this] { return all_scenarios_page(); });
    show("/sandbox/targets", [this] {
        std::vector<TargetNow> now;
        for (const auto& place : places_) now.push_back({.target = place->target(), .trouble = place->trouble()});
        return targets_page(now, replication_->delay());
    });
    show("/sandbox/settings", [this] {
        const std::scoped_lock lock(settings_mutex_);
        return settings_page_;
    });
    server_.get("/sandbox/executions", [this](const HttpExchangeRequest& request) { return show_executions(request); });
    show("/sandbox/slack", [this] { return messages_page(journal_.messages()); });
    show("/sandbox/ecs/calls", [this] { return calls_page(journal_.calls()); });
    show("/sandbox/invocations", [this] { return invocations_page(invocations_.all()); });
    server_.get("/", [this](const HttpExchangeRequest&) { return text_page(front_page(port_, targets())); });
    // As with S3, whose URL it would be: no credentials of AWS are asked for.
    server_.get("/sandbox/blobs/(.+)/(sha256:[0-9a-f]{64})",
                [this](const HttpExchangeRequest& request) { return show_blob(request); });
}

std::vector<Target> LocalAws::targets() const {
    std::vector<Target> all;
    for (const auto& place : places_) all.push_back(place->target());
    return all;
}

Place* LocalAws::place_named(std::string_view name) const {
    const auto found = std::ranges::find_if(places_, [&](const auto& place) { return place->target().name == name; });
    return found == places_.end() ? nullptr : found->get();
}

Place* LocalAws::place_at(std::string_view region, std::string_view account) const {
    const auto found = std::ranges::find_if(places_, [&](const auto& place) {
        return place->target().site.region == region && place->target().site.account == account;
    });
    return found == places_.end() ? nullptr : found->get();
}

bool LocalAws::is_down(std::string_view region) const {
    return std::ranges::any_of(places_, [&](const auto& place) {
        return place->target().site.region == region && place->trouble() == Trouble::kRegionDown;
    });
}

Result<Place*> LocalAws::known_place(std::string_view name) const {
    if (auto* const place = place_named(name)) return place;
    std::vector<std::string> names;
    for (const auto& place : places_) names.push_back(place->target().name);
    return fail(ErrorKind::kConfiguration,
                fmt::format("there is no target {}; known are: {}", in_quotes(name), join(names, ", ")));
}

Result<Place*> LocalAws::place_or_home(const std::optional<std::string>& target) {
    if (!target) return &home();
    return known_place(*target);
}

std::expected<Place*, LocalAws::Refusal> LocalAws::place_of(const std::string& access_key, const std::string& region,
                                                            const std::string& target) {
    std::string account(shop::kAccount);
    if (Sts::is_of_a_session(access_key)) {
        const auto session = sts_.session(access_key);
        if (!session)
            return std::unexpected(Refusal{.error = {.type = "ExpiredTokenException",
                                                     .message = "The security token included in the request is "
                                                                "expired"}});
        account = session->account;
    }
    if (!target.empty()) {
        const auto named = known_place(target);
        if (!named)
            return std::unexpected(Refusal{.error = {.type = "ValidationException", .message = named.error().message}});
        return *named;
    }
    if (!has_several_targets() || region.empty()) return &home();
    if (auto* const place = place_at(region, account)) return place;
    // What AWS says in a region that an account has not been enabled for.
    std::vector<std::string> known;
    for (const auto& place : places_) known.push_back(describe(place->target()));
    return std::unexpected(
        Refusal{.error = {.type = "UnrecognizedClientException",
                          .message = fmt::format("The security token included in the request is invalid: the sandbox "
                                                 "has nothing in {} of {}; it has {}",
                                                 region, account, join(known, ", "))}});
}

std::expected<Place*, LocalAws::Refusal> LocalAws::admitting_place(const std::string& access_key,
                                                                   const std::string& region,
                                                                   const std::string& target) {
    // Whose key it is is found out in the region.
    if (has_several_targets() && target.empty() && is_down(region)) return std::unexpected(Refusal{.hang_up = true});
    auto place = place_of(access_key, region, target);
    if (!place) return place;
    if (is_down((*place)->target().site.region)) return std::unexpected(Refusal{.hang_up = true});
    if (!(*place)->admits(clock_.now()))
        return std::unexpected(Refusal{.error = {.type = "ThrottlingException", .message = "Rate exceeded"}});
    return place;
}

AwsAnswer LocalAws::call(const AwsCall& call, Api api) {
    const auto place = admitting_place(call.caller, call.region, call.target);
    if (place) return ((*place)->*api)(call);
    auto answer = to_answer(place.error().error);
    answer.hang_up = place.error().hang_up;
    return answer;
}

std::string LocalAws::invocation_of(const std::string& access_key) {
    const auto session = sts_.session(access_key);
    const bool is_functions = (session ? session->caller : access_key) == kFunctionAccessKey;
    return is_functions ? invocations_.running_request_id() : std::string();
}

AwsAnswer LocalAws::call_ecs(const AwsCall& call) {
    auto answer = this->call(call, &Place::call_ecs);
    const auto place = place_of(call.caller, call.region, call.target);
    journal_.add(EcsCall{.at = clock_.now(),
                         .caller = call.caller,
                         .invocation = invocation_of(call.caller),
                         .operation = call.operation,
                         .request = call.body,
                         .status = answer.hang_up ? 0 : answer.status,
                         .response = answer.hang_up ? std::string() : answer.body,
                         .target = has_several_targets() && place ? (*place)->target().name : std::string()});
    return answer;
}

HttpExchangeAnswer LocalAws::take_sts(const HttpExchangeRequest& request) {
    const auto credential = credential_of(request.header("authorization"));
    if (is_down(credential.region)) return {.body = {}, .hang_up = true};
    return sts_.handle(request, credential.access_key);
}

HttpExchangeAnswer LocalAws::show_alarms(const HttpExchangeRequest& request) {
    const auto place = place_or_home(asked_for(request, "target"));
    if (!place) return refused_with(place.error());
    return {.status = 200, .body = (*place)->alarms_page()};
}

HttpExchangeAnswer LocalAws::take_alarm(const HttpExchangeRequest& request) {
    if (const auto done = set_alarm(trim(request.body), asked_for(request, "target")); !done)
        return refused_with(done.error());
    return show_alarms(request);
}

/// `shop-freeze=CLOSED`, `shop-freeze=OPEN`.
HttpExchangeAnswer LocalAws::take_calendar(const HttpExchangeRequest& request) {
    const auto text = trim(request.body);
    const auto equals = text.rfind('=');
    const auto state = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    if (equals == std::string_view::npos || equals == 0 || (state != "CLOSED" && state != "OPEN"))
        return refused_with({.kind = ErrorKind::kConfiguration,
                             .message = fmt::format("{}: write NAME=CLOSED or NAME=OPEN, such as shop-freeze=CLOSED",
                                                    in_quotes(text))});
    const auto place = place_or_home(asked_for(request, "target"));
    if (!place) return refused_with(place.error());
    const std::string name(text.substr(0, equals));
    (*place)->set_calendar(name, state == "CLOSED");
    return {.status = 200, .body = dump_json({{"calendar", name}, {"state", state}})};
}

Status LocalAws::set_alarm(std::string_view text, const std::optional<std::string>& target) {
    const auto equals = text.rfind('=');
    const auto state = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    if (equals == std::string_view::npos || equals == 0 || (state != "ALARM" && state != "OK"))
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{}: write NAME=ALARM or NAME=OK, such as shop-5xx=ALARM", in_quotes(text)));
    const std::string name(text.substr(0, equals));
    TRY_ASSIGN(const auto* one, place_or_home(target));
    for (const auto& place : places_)
        if (!target || place.get() == one) place->set_alarm(name, state == "ALARM");
    return {};
}

/// `0`, or `1 600`: the exit code, and for how many seconds of ECS's time they run.
HttpExchangeAnswer LocalAws::take_tasks(const HttpExchangeRequest& request) {
    constexpr unsigned long long kLargestCode = 255;
    constexpr unsigned long long kLongest = 86'400;
    const auto words = split(trim(request.body), ' ');
    const auto code = parse_unsigned(words.front());
    const auto seconds = words.size() > 1 ? parse_unsigned(words[1]) : std::optional(20ULL);
    if (words.size() > 2 || !code || *code > kLargestCode || !seconds || *seconds > kLongest)
        return refused_with(Error{.kind = ErrorKind::kConfiguration,
                                  .message = "write the exit code, and for how many seconds they run: 1 30"});
    const auto place = place_or_home(asked_for(request, "target"));
    if (!place) return refused_with(place.error());
    (*place)->ecs().set_alone({.exit_code = static_cast<int>(*code), .runs = std::chrono::seconds{*seconds}});
    return {.status = 200, .body = fmt::format("{{\"exit_code\":{},\"seconds\":{}}}\n", *code, *seconds)};
}

HttpExchangeAnswer LocalAws::show_executions(const HttpExchangeRequest& request) {
    const auto place = place_or_home(asked_for(request, "target"));
    if (!place) return refused_with(place.error());
    return {.status = 200, .body = (*place)->step_functions().page()};
}

HttpExchangeAnswer LocalAws::take_code_deploy(const HttpExchangeRequest& request) {
    const auto place = place_or_home(asked_for(request, "target"));
    if (!place) return refused_with(place.error());
    auto answer = (*place)->ecs().add_code_deployed(request.body.empty() ? "{}" : request.body);
    return {.status = answer.status, .body = answer.body + '\n'};
}

HttpExchangeAnswer LocalAws::take_replication(const HttpExchangeRequest& request) {
    const auto delay = parse_replication_delay(trim(request.body));
    if (!delay) return refused_with(delay.error());
    replication_->set_delay(*delay);
    return {.status = 200, .body = dump_json({{"replication", trim(request.body)}}) + '\n'};
}

HttpExchangeAnswer LocalAws::show_blob(const HttpExchangeRequest& request) {
    for (const auto& place : places_)
        if (auto blob = place->ecr().blob(request.captures.at(0), request.captures.at(1)))
            return {.status = 200, .content_type = "application/octet-stream", .body = *std::move(blob)};
    return {.status = 404, .content_type = "text/plain", .body = "no such blob\n"};
}

HttpExchangeAnswer LocalAws::take_slack_message(const HttpExchangeRequest& request, std::string invocation) {
    const auto answer = check_slack_payload(request.body);
    journal_.add(SlackMessage{.at = clock_.now(),
                              .invocation = std::move(invocation),
                              .payload = request.body,
                              .status = answer.status,
                              .answer = answer.text});
    return {.status = answer.status, .content_type = "text/html", .body = answer.text};
}

HttpExchangeAnswer LocalAws::take_function_url_call(const HttpExchangeRequest& request, const std::string& path) {
    constexpr Milliseconds kNotForever = Invocations::kTimeout * 4;  // other events may be before this one
    const auto id = invocations_.enqueue(function_url_event(request, path, ids_, clock_.now()));
    if (!id) return {.status = 429, .body = dump_json({{"message", kTooManyWait}}) + '\n'};
    const auto done = invocations_.wait_done(*id, kNotForever);
    if (!done) return {.status = 502, .body = dump_json({{"message", "the sandbox has stopped"}}) + '\n'};
    return function_url_answer(*done);
}

std::string LocalAws::function_url(std::uint16_t port) {
    return fmt::format("http://127.0.0.1:{}{}", port, kFunctionUrlPath);
}

Result<LocalAws::Pressed> LocalAws::press_button(std::string_view action, const std::optional<std::string>& service,
                                                 const std::optional<std::string>& user) {
    const auto buttons = buttons_of(journal_.messages());
    const auto found = std::ranges::find_if(buttons, [&](const auto& button) {
        return button.action == action && (!service || button.service == *service);
    });
    if (found == buttons.end())
        return fail(ErrorKind::kConfiguration,
                    fmt::format("no message has a button {}{}", in_quotes(action),
                                service ? fmt::format(" for {}", in_quotes(*service)) : std::string()));
    auto name = user.value_or(std::string(kUsualUser));
    auto press = press_of(*found, name, fmt::format("http://127.0.0.1:{}{}{}", port_, kReplyPath, found->message),
                          signing_secret_, clock_.now());
    const auto answer = take_function_url_call({.path = "/slack",
                                                .captures = {},
                                                .headers = std::move(press.headers),
                                                .body = std::move(press.body),
                                                .method = "POST",
                                                .target = "/slack"},
                                               "/slack");
    if (answer.status != 200)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("Slack shows that it did not work: the function answered {} {}", answer.status,
                                one_line(trim(answer.body), 200)));
    return Pressed{.button = *found, .user = std::move(name)};
}

HttpExchangeAnswer LocalAws::take_click(const HttpExchangeRequest& request) {
    const auto pressed = press_button(trim(request.body), asked_for(request, "service"), asked_for(request, "user"));
    if (!pressed) return refused_with(pressed.error());
    return {.status = 200,
            .body = dump_json({{"pressed", pressed->button.action},
                               {"service", pressed->button.service},
                               {"message", pressed->button.message},
                               {"user", pressed->user}}) +
                    '\n'};
}

/// Slack's `response_url`.
HttpExchangeAnswer LocalAws::take_slack_reply(const HttpExchangeRequest& request) {
    const auto text_answer = [](int status, std::string body) {
        return HttpExchangeAnswer{.status = status, .content_type = "text/html", .body = std::move(body)};
    };
    const auto checked = check_slack_payload(request.body);
    if (checked.status != 200) return text_answer(checked.status, checked.text);
    const auto json = parse_json(request.body).value_or(Json::object());
    const Json* replaces = find(json, "replace_original");
    const auto number = parse_unsigned(request.captures.at(0));
    const bool known =
        number && journal_.answer_message(*number, request.body,
                                          replaces != nullptr && replaces->is_boolean() && replaces->get<bool>());
    return known ? text_answer(200, "ok") : text_answer(404, "used_url");
}

HttpExchangeAnswer LocalAws::take_raw_event(const HttpExchangeRequest& request) {
    if (request.body.empty())
        return {.status = 400,
                .body = R"({"message":"the body is empty: send an event, such as curl -d @event.json"})"};
    const auto id = invocations_.enqueue(request.body);
    if (!id) return {.status = 429, .body = dump_json({{"message", kTooManyWait}}) + '\n'};
    return {.status = 202, .body = dump_json({{"request_id", *id}}) + '\n'};
}

HttpExchangeAnswer LocalAws::take_scenario(const HttpExchangeRequest& request) {
    if (const auto done = choose_scenario(trim(request.body)); !done) return refused_with(done.error());
    return {.status = 200, .body = all_scenarios_page()};
}

std::string LocalAws::all_scenarios_page() {
    if (!has_several_targets()) return scenarios_page(ecs().scenarios_of_services());
    std::vector<ScenariosOfTarget> all;
    for (const auto& place : places_)
        all.push_back({.target = place->target().name,
                       .trouble = place->trouble(),
                       .services = place->ecs().scenarios_of_services()});
    return scenarios_page(all);
}

HttpExchangeAnswer LocalAws::take_push(const HttpExchangeRequest& request) {
    const auto push = push_image(trim(request.body), asked_for(request, "from"), asked_for(request, "target"));
    if (!push) return refused_with(push.error());
    Json page{{"image", push->image},
              {"digest", push->digest},
              {"manifests", push->manifests},
              {"events", push->events},
              {"tagged", push->tagged}};
    const bool at_home = push->image.starts_with(ecr().host() + '/');
    const auto delay = replication_->delay();
    if (has_several_targets() && at_home && delay) {
        page["replicated_to"] = Json::array();
        for (const auto& place : places_)
            if (place != places_.front()) page["replicated_to"].push_back(place->target().name);
    }
    return {.status = 200, .body = dump_json(page) + '\n'};
}

HttpExchangeAnswer LocalAws::take_file(const HttpExchangeRequest& request) {
    const auto object = edit_file(trim(request.body), asked_for(request, "target"));
    if (!object) return refused_with(object.error());
    return {.status = 200, .body = dump_json({{"object", *object}}) + '\n'};
}

void LocalAws::tell_settings(std::string page) {
    const std::scoped_lock lock(settings_mutex_);
    settings_page_ = std::move(page);
}

Status LocalAws::set_scenario(const ScenarioChoice& choice) {
    ScenarioChoice known = choice;
    if (known.service) known.service = shop::service_named(*known.service);
    bool found = false;
    for (const auto& place : places_) found = place->ecs().set_scenario(known) || found;
    if (found) return {};
    std::vector<std::string> names;
    for (const auto& [name, scenario] : ecs().scenarios_of_services()) names.push_back(name);
    return fail(ErrorKind::kConfiguration,
                fmt::format("there is no service \"{}\"; known are: backend, api, worker, web, {}",
                            choice.service.value_or(""), join(names, ", ")));
}

Status LocalAws::choose_scenario(std::string_view text) {
    const auto equals = text.find('=');
    const auto left = equals == std::string_view::npos ? std::string_view() : text.substr(0, equals);
    const auto name = equals == std::string_view::npos ? text : text.substr(equals + 1);
    const auto slash = left.find('/');
    auto* const place = place_named(left.substr(0, slash));
    if (const auto trouble = parse_trouble(name)) {
        if (left.empty())
            return fail(ErrorKind::kConfiguration, fmt::format("{} is about a target: write TARGET={}, such as {}={}",
                                                               name, name, places_.back()->target().name, name));
        TRY_ASSIGN(auto* const troubled, known_place(left));
        if (*trouble == Trouble::kRoleDenied && !troubled->target().by_role)
            return fail(ErrorKind::kConfiguration,
                        fmt::format("{} is without a role: the function works there with its own credentials. A "
                                    "target with one has an account: --targets us=us-east-1@222222222222",
                                    describe(troubled->target())));
        set_trouble(*troubled, *trouble);
        return {};
    }
    if (place == nullptr) {
        TRY_ASSIGN(const auto choice, parse_scenario_choice(text));
        TRY(set_scenario(choice));
        if (!choice.service && choice.scenario == Scenario::kHealthy)
            for (const auto& one : places_) set_trouble(*one, Trouble::kNone);
        return {};
    }
    ScenarioChoice choice;
    TRY_ASSIGN(choice.scenario, parse_scenario(name));
    if (slash != std::string_view::npos) choice.service = shop::service_named(left.substr(slash + 1));
    if (!place->ecs().set_scenario(choice))
        return fail(ErrorKind::kConfiguration, fmt::format("there is no service {} in {}",
                                                           in_quotes(left.substr(slash + 1)), place->target().name));
    if (!choice.service && choice.scenario == Scenario::kHealthy) set_trouble(*place, Trouble::kNone);
    return {};
}

void LocalAws::set_trouble(Place& place, Trouble trouble) {
    const auto& target = place.target();
    // A region is down in all accounts, and comes back in all of them.
    for (const auto& other : places_) {
        if (other.get() == &place || other->target().site.region != target.site.region) continue;
        if (trouble == Trouble::kRegionDown || other->trouble() == Trouble::kRegionDown)
            other->set_trouble(trouble == Trouble::kRegionDown ? trouble : Trouble::kNone);
    }
    place.set_trouble(trouble);
    for (const auto& one : places_)
        if (one->target().by_role) sts_.deny(role_arn_of(one->target()), one->trouble() == Trouble::kRoleDenied);
}

Result<Push> LocalAws::push_image(std::string_view image, const std::optional<std::string>& from,
                                  const std::optional<std::string>& target) {
    TRY_ASSIGN(auto* const place, place_or_home(target));
    auto& registry = place->ecr();
    const auto& region = place->target().site.region;
    const auto parts = parse_image(image);
    const auto refused = [&](std::string_view why) {
        return fail(ErrorKind::kConfiguration, fmt::format("{}: {}; for example api:v1.43", in_quotes(image), why));
    };
    if (!parts.digest.empty()) return refused("a push has a tag, and gets its digest");
    if (!parts.registry.empty() && parts.registry != registry.host())
        return refused(fmt::format("the sandbox's registry is {}", registry.host()));
    if (!is_image_tag(parts.tag)) return refused("it needs a tag");
    if (from && (!looks_like_a_region(*from) || *from == region))
        return refused(fmt::format("{} is not another region than {}, such as eu-west-1", in_quotes(*from), region));
    if (from && std::ranges::any_of(places_, [&](const auto& one) { return one->target().site.region == *from; }))
        return refused(fmt::format("the sandbox has a registry in {}: push there, with --target", *from));
    const auto repository = shop::repository_named(parts.repository);
    const std::string tag(parts.tag);
    auto push = from ? registry.replicate(repository, tag, *from) : registry.push(repository, tag);
    if (push) return *std::move(push);
    auto message = fmt::format("{}: {}", push.error().type, push.error().message);
    if (push.error().type == "RepositoryNotFoundException")
        message += fmt::format("; known are: {}", join(registry.repositories(), ", "));
    return fail(ErrorKind::kConfiguration, std::move(message));
}

Result<std::string> LocalAws::edit_file(std::string_view object, const std::optional<std::string>& target) {
    TRY_ASSIGN(auto* const place, place_or_home(target));
    const auto slash = object.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == object.size())
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{}: it needs the key of a file, such as api/.env", in_quotes(object)));
    const bool names_bucket = object.starts_with(std::string(shop::kBucket) + '/');
    const std::string key(names_bucket ? object.substr(slash + 1) : object);
    if (!invocations_.enqueue(object_created_event(key, place->target().site, ids_, clock_.now()), EventOrigin::kS3))
        return fail(ErrorKind::kConfiguration, std::string(kTooManyWait));
    return fmt::format("s3://{}/{}", shop::kBucket, key);
}

std::optional<std::string> LocalAws::referred_to(std::string_view reference) {
    const auto source = parse_source(reference);
    if (!source) return std::nullopt;
    if (source->kind == SourceRef::Kind::kSsm) return home().parameters().text(source->text);
    if (source->kind == SourceRef::Kind::kSecretsManager) return home().secrets().text(source->text);
    return std::nullopt;
}

}  // namespace ci_lambda::sandbox
