#include "sandbox/local_aws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "config/document_source.hpp"
#include "config/values.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/events/event_bus.hpp"
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

/// `eu-west-1`, `us-gov-east-1`
bool looks_like_a_region(std::string_view text) {
    const auto parts = split(text, '-');
    constexpr std::size_t kFewest = 3;
    return parts.size() >= kFewest && parse_unsigned(parts.back()).has_value() &&
           std::ranges::all_of(parts | std::views::take(parts.size() - 1), [](const std::string& part) {
               return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= 'a' && c <= 'z'; });
           });
}

/// S3's own event of an object of the shop's bucket that was put (EventBridge user guide, "Amazon S3 events").
std::string object_created_event(const std::string& key, Ids& ids, WallTime now) {
    constexpr std::size_t kEtagDigits = 32;
    constexpr std::size_t kSequencerDigits = 16;
    const auto bucket = std::string(shop::kBucket);
    const Json detail{
        {"version", "0"},
        {"bucket", {{"name", bucket}}},
        {"object",
         {{"key", key}, {"size", 512}, {"etag", ids.hex(kEtagDigits)}, {"sequencer", ids.hex(kSequencerDigits)}}},
        {"request-id", ids.hex(kSequencerDigits)},
        {"requester", shop::kAccount},
        {"source-ip-address", "127.0.0.1"},
        {"reason", "PutObject"}};
    return make_event({.source = "aws.s3",
                       .detail_type = "Object Created",
                       .account = shop::kAccount,
                       .region = shop::kRegion,
                       .resources = {"arn:aws:s3:::" + bucket}},
                      detail, ids, now);
}

}  // namespace

LocalAws::LocalAws(Ids& ids, const Clock& clock, LocalAwsOptions options)
    : ids_(ids),
      clock_(clock),
      invocations_(ids, clock),
      ecr_({.state = shop_registry(clock.now()),
            .on_event = [this](std::string event) { invocations_.enqueue(std::move(event), EventOrigin::kEcr); }},
           ids, clock),
      ecs_({.state = shop_state(ids, clock.now(), &ecr_),
            .speed = options.speed,
            .on_event = options.on_ecs_event
                            ? std::move(options.on_ecs_event)
                            : [this](std::string event) { invocations_.enqueue(std::move(event), EventOrigin::kEcs); },
            .on_hook_call = [this](const HookCall& call) { hook_caller_.call(call); }},
           ids, options.ecs_clock == nullptr ? clock : *options.ecs_clock),
      secrets_(
          {.state = shop_secrets(ids, clock.now()),
           .on_event =
               [this](std::string event) { invocations_.enqueue(std::move(event), EventOrigin::kSecretsManager); }},
          ids, clock),
      parameters_(
          {.state = shop_parameters(clock.now()),
           .on_event = [this](std::string event) { invocations_.enqueue(std::move(event), EventOrigin::kSsm); }},
          ids, clock),
      scheduler_(shop_schedules(clock.now()), clock),
      cloudwatch_(clock, {std::string(shop::kAlarm)}),
      // At the clock's time and not at ECS's, as whoever makes schedules reckons with it.
      schedules_fire_(clock, {.do_what_is_due =
                                  [this] {
                                      for (auto& input : scheduler_.fire_due())
                                          invocations_.enqueue(std::move(input), EventOrigin::kScheduler);
                                  },
                              .next_due = [this] { return scheduler_.next_due(); }}),
      ecs_goes_on_(clock,
                   {.do_what_is_due = [this] { ecs_.advance(); }, .next_due = [this] { return ecs_.next_change(); }}),
      hook_caller_(invocations_,
                   [this](const std::string& hook_id, const std::optional<std::string>& answer) {
                       ecs_.answer_function(hook_id, answer);
                       ecs_goes_on_.wake();
                   }),
      by_itself_(options.ecs_clock == nullptr),
      front_(ids) {
    front_.add("AmazonEC2ContainerServiceV20141113.", "ECS", [this](const AwsCall& call) { return call_ecs(call); });
    front_.add("AmazonEC2ContainerRegistry_V20150921.", "ECR",
               [this](const AwsCall& call) { return ecr_.handle(call.operation, call.body); });
    front_.add("CodeDeploy_20141006.", "CodeDeploy", [this](const AwsCall& call) { return call_code_deploy(call); });
    front_.add("AWSEvents.", "EventBridge", [this](const AwsCall& call) { return call_events(call); });
    front_.add("GraniteServiceVersion20100801.", "CloudWatch",
               [this](const AwsCall& call) { return call_cloudwatch(call); });
    front_.add("secretsmanager.", "Secrets Manager",
               [this](const AwsCall& call) { return secrets_.handle(call.operation, call.body, call.caller); });
    front_.add("AmazonSSM.", "Systems Manager",
               [this](const AwsCall& call) { return parameters_.handle(call.operation, call.body); });
    scheduler_.on_change([this] { schedules_fire_.wake(); });
    add_routes();
}

LocalAws::~LocalAws() { stop(); }

Result<std::uint16_t> LocalAws::start(std::uint16_t port) {
    TRY_ASSIGN(port_, server_.start(port));
    ecr_.listen_at(fmt::format("http://127.0.0.1:{}", port_));
    const auto inbox = fmt::format("http://127.0.0.1:{}{}", port_, kSlackPath);
    secrets_.replace(shop::kSlackSecret, inbox);
    parameters_.replace(std::string(shop::kSlackParameter), inbox);
    if (by_itself_) ecs_goes_on_.start();
    schedules_fire_.start();
    return port_;
}

void LocalAws::stop() {
    ecs_goes_on_.stop();
    schedules_fire_.stop();
    invocations_.stop();
    hook_caller_.stop();
    server_.stop();
}

void LocalAws::add_routes() {
    add_runtime_api(server_, invocations_);
    add_invoke_api(server_, invocations_);
    scheduler_.add_routes(server_);
    server_.post("/", [this](const HttpExchangeRequest& request) { return front_.handle(request); });
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
    server_.get("/sandbox/alarm", [this](const HttpExchangeRequest&) {
        return HttpExchangeAnswer{.status = 200, .body = alarms_page()};
    });
    server_.post("/sandbox/code-deploy",
                 [this](const HttpExchangeRequest& request) { return take_code_deploy(request); });
    server_.get("/sandbox/scenario", [this](const HttpExchangeRequest&) {
        return HttpExchangeAnswer{.status = 200, .body = scenarios_page(ecs_.scenarios_of_services())};
    });
    server_.get("/sandbox/settings", [this](const HttpExchangeRequest&) {
        const std::scoped_lock lock(settings_mutex_);
        return HttpExchangeAnswer{.status = 200, .body = settings_page_};
    });
    // As with S3, whose URL it would be: no credentials of AWS are asked for.
    server_.get("/sandbox/blobs/(.+)/(sha256:[0-9a-f]{64})", [this](const HttpExchangeRequest& request) {
        auto blob = ecr_.blob(request.captures.at(0), request.captures.at(1));
        if (!blob) return HttpExchangeAnswer{.status = 404, .content_type = "text/plain", .body = "no such blob\n"};
        return HttpExchangeAnswer{.status = 200, .content_type = "application/octet-stream", .body = *std::move(blob)};
    });
    server_.get("/", [this](const HttpExchangeRequest&) { return text_page(front_page(port_)); });
    server_.get("/sandbox/slack", [this](const HttpExchangeRequest&) {
        return HttpExchangeAnswer{.status = 200, .body = messages_page(journal_.messages())};
    });
    server_.get("/sandbox/ecs/calls", [this](const HttpExchangeRequest&) {
        return HttpExchangeAnswer{.status = 200, .body = calls_page(journal_.calls())};
    });
    server_.get("/sandbox/invocations", [this](const HttpExchangeRequest&) {
        return HttpExchangeAnswer{.status = 200, .body = invocations_page(invocations_.all())};
    });
}

AwsAnswer LocalAws::call_ecs(const AwsCall& call) {
    auto answer = ecs_.handle(call.operation, call.body);
    ecs_goes_on_.wake();
    journal_.add(EcsCall{.at = clock_.now(),
                         .caller = call.caller,
                         .invocation = call.caller == kFunctionAccessKey ? invocations_.running_request_id() : "",
                         .operation = call.operation,
                         .request = call.body,
                         .status = answer.status,
                         .response = answer.body});
    return answer;
}

AwsAnswer LocalAws::call_cloudwatch(const AwsCall& call) {
    cloudwatch_.follow(ecs_.alarms_on());
    return cloudwatch_.handle(call.operation, call.body);
}

std::string LocalAws::alarms_page() {
    cloudwatch_.follow(ecs_.alarms_on());
    return cloudwatch_.page();
}

HttpExchangeAnswer LocalAws::take_alarm(const HttpExchangeRequest& request) {
    if (const auto done = set_alarm(trim(request.body)); !done) return refused_with(done.error());
    return {.status = 200, .body = alarms_page()};
}

Status LocalAws::set_alarm(std::string_view text) {
    const auto equals = text.rfind('=');
    const auto state = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    if (equals == std::string_view::npos || equals == 0 || (state != "ALARM" && state != "OK"))
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{}: write NAME=ALARM or NAME=OK, such as shop-5xx=ALARM", in_quotes(text)));
    const std::string name(text.substr(0, equals));
    cloudwatch_.follow(ecs_.alarms_on());
    cloudwatch_.set(name, state == "ALARM");
    ecs_.set_alarm(name, state == "ALARM");
    ecs_goes_on_.wake();
    return {};
}

AwsAnswer LocalAws::call_code_deploy(const AwsCall& call) {
    auto answer = ecs_.handle_code_deploy(call.operation, call.body);
    ecs_goes_on_.wake();
    return answer;
}

HttpExchangeAnswer LocalAws::take_code_deploy(const HttpExchangeRequest& request) {
    auto answer = ecs_.add_code_deployed(request.body.empty() ? "{}" : request.body);
    return {.status = answer.status, .body = answer.body + '\n'};
}

AwsAnswer LocalAws::call_events(const AwsCall& call) {
    if (Scheduler::is_about_rules(call.operation)) return scheduler_.handle_rules(call.operation, call.body);
    if (call.operation != "PutEvents")
        return to_answer(
            AwsError{.type = "UnknownOperationException",
                     .message = fmt::format("The sandbox's EventBridge does not know {}.", call.operation)});
    auto result = put_events(call.body, ids_, clock_.now());
    // As on AWS, whoever sends all of it again sends some of it twice.
    for (auto& event : result.events)
        if (!invocations_.enqueue(std::move(event)))
            return to_answer(AwsError{.type = "ThrottlingException", .message = std::string(kTooManyWait)});
    return std::move(result.answer);
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

HttpExchangeAnswer LocalAws::take_raw_event(const HttpExchangeRequest& request) {
    if (request.body.empty())
        return {.status = 400,
                .body = R"({"message":"the body is empty: send an event, such as curl -d @event.json"})"};
    const auto id = invocations_.enqueue(request.body);
    if (!id) return {.status = 429, .body = dump_json({{"message", kTooManyWait}}) + '\n'};
    return {.status = 202, .body = dump_json({{"request_id", *id}}) + '\n'};
}

HttpExchangeAnswer LocalAws::take_scenario(const HttpExchangeRequest& request) {
    const auto choice = parse_scenario_choice(trim(request.body));
    const Status done = choice ? set_scenario(*choice) : std::unexpected(choice.error());
    if (!done) return refused_with(done.error());
    return {.status = 200, .body = scenarios_page(ecs_.scenarios_of_services())};
}

HttpExchangeAnswer LocalAws::take_push(const HttpExchangeRequest& request) {
    const auto from = request.query.find("from");
    const auto push =
        push_image(trim(request.body), from == request.query.end() ? std::nullopt : std::optional(from->second));
    if (!push) return refused_with(push.error());
    const Json page{{"image", push->image},
                    {"digest", push->digest},
                    {"manifests", push->manifests},
                    {"events", push->events},
                    {"tagged", push->tagged}};
    return {.status = 200, .body = dump_json(page) + '\n'};
}

HttpExchangeAnswer LocalAws::take_file(const HttpExchangeRequest& request) {
    const auto object = edit_file(trim(request.body));
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
    if (ecs_.set_scenario(known)) return {};
    std::vector<std::string> names;
    for (const auto& [name, scenario] : ecs_.scenarios_of_services()) names.push_back(name);
    return fail(ErrorKind::kConfiguration,
                fmt::format("there is no service \"{}\"; known are: backend, api, worker, web, {}",
                            choice.service.value_or(""), join(names, ", ")));
}

Result<Push> LocalAws::push_image(std::string_view image, const std::optional<std::string>& from) {
    const auto parts = parse_image(image);
    const auto refused = [&](std::string_view why) {
        return fail(ErrorKind::kConfiguration, fmt::format("{}: {}; for example api:v1.43", in_quotes(image), why));
    };
    if (!parts.digest.empty()) return refused("a push has a tag, and gets its digest");
    if (!parts.registry.empty() && parts.registry != ecr_.host())
        return refused(fmt::format("the sandbox's registry is {}", ecr_.host()));
    if (!is_image_tag(parts.tag)) return refused("it needs a tag");
    if (from && (!looks_like_a_region(*from) || *from == shop::kRegion))
        return refused(
            fmt::format("{} is not another region than {}, such as eu-west-1", in_quotes(*from), shop::kRegion));
    const auto repository = shop::repository_named(parts.repository);
    const std::string tag(parts.tag);
    auto push = from ? ecr_.replicate(repository, tag, *from) : ecr_.push(repository, tag);
    if (push) return *std::move(push);
    auto message = fmt::format("{}: {}", push.error().type, push.error().message);
    if (push.error().type == "RepositoryNotFoundException")
        message += fmt::format("; known are: {}", join(ecr_.repositories(), ", "));
    return fail(ErrorKind::kConfiguration, std::move(message));
}

Result<std::string> LocalAws::edit_file(std::string_view object) {
    const auto slash = object.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == object.size())
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{}: it needs the key of a file, such as api/.env", in_quotes(object)));
    const bool names_bucket = object.starts_with(std::string(shop::kBucket) + '/');
    const std::string key(names_bucket ? object.substr(slash + 1) : object);
    if (!invocations_.enqueue(object_created_event(key, ids_, clock_.now()), EventOrigin::kS3))
        return fail(ErrorKind::kConfiguration, std::string(kTooManyWait));
    return fmt::format("s3://{}/{}", shop::kBucket, key);
}

std::optional<std::string> LocalAws::referred_to(std::string_view reference) {
    const auto source = parse_source(reference);
    if (!source) return std::nullopt;
    if (source->kind == SourceRef::Kind::kSsm) return parameters_.text(source->text);
    if (source->kind == SourceRef::Kind::kSecretsManager) return secrets_.text(source->text);
    return std::nullopt;
}

}  // namespace ci_lambda::sandbox
