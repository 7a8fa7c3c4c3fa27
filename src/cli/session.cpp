#include "cli/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <system_error>
#include <utility>

#include "cli/log_text.hpp"
#include "net/credentials.hpp"
#include "services/aws/environment.hpp"
#include "services/sts/client.hpp"

namespace ci_lambda::cli {
namespace {

/// More than Lambda would ever hand over (6 MB): what is larger is not an event.
constexpr std::size_t kMaxEventBytes = std::size_t{16} * 1024 * 1024;

constexpr Milliseconds kTick{1000};

Result<std::string> read_all(std::istream& in, const std::string& name) {
    std::string text;
    std::string chunk(64UL * 1024, '\0');
    while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || in.gcount() > 0) {
        text.append(chunk, 0, static_cast<std::size_t>(in.gcount()));
        if (text.size() > kMaxEventBytes)
            return fail(ErrorKind::kConfiguration, fmt::format("{} is larger than any event can be", name));
    }
    return text;
}

}  // namespace

void TickingSleeper::tell(std::function<void()> on_tick) {
    const std::scoped_lock lock(mutex_);
    on_tick_ = std::move(on_tick);
}

void TickingSleeper::sleep_for(Milliseconds duration) {
    for (; is_heard() && duration > kTick; duration -= kTick) {
        sleeper_.sleep_for(kTick);
        tick();
    }
    sleeper_.sleep_for(duration);
}

bool TickingSleeper::is_heard() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<bool>(on_tick_);
}

void TickingSleeper::tick() const {
    const std::scoped_lock lock(mutex_);
    if (on_tick_) on_tick_();
}

Session::~Session() { console_.redact_with(nullptr); }

Result<Foundation*> Session::foundation() {
    if (foundation_ == nullptr) {
        TRY_ASSIGN(auto ca_bundle,
                   find_ca_bundle(environment().get_non_empty("AWS_CA_BUNDLE"), environment(), usual_ca_bundles()));
        early_sink_ = std::make_unique<SentenceSink>(console_);
        foundation_ = std::make_unique<Foundation>(AppOptions{.profiles = &profile_credentials}, environment(),
                                                   *early_sink_, clock_, sleeper_, std::move(ca_bundle));
        foundation_->logger.set_level(LogLevel::kWarn);
    }
    return foundation_.get();
}

void Session::use_variables(ChangedEnvironment::Changes changes) {
    changed_ = std::make_unique<ChangedEnvironment>(*environment_, std::move(changes));
    environment_ = changed_.get();
}

Status Session::use_function(const std::string& name) {
    TRY_ASSIGN(auto* reach, foundation());
    TRY_ASSIGN(auto found, find_installed_function(*reach, name, patience()));
    function_ = std::make_unique<FunctionEnvironment>(*environment_, std::move(found));
    // What was made for this machine's environment must outlive the one that falls back to it, and serves no longer.
    foundation_.reset();
    environment_ = function_.get();
    return {};
}

Home Session::home() const {
    if (function_ != nullptr) return Home::of_function(function_->arn());
    return {.account = environment().get_non_empty("AWS_ACCOUNT_ID").value_or("")};
}

Result<std::optional<DocumentText>> Session::document() {
    TRY_ASSIGN(const auto source, find_document(environment()));
    if (!source) return std::nullopt;
    TRY_ASSIGN(auto* reach, foundation());
    TRY_ASSIGN(auto text, reach->documents.read(*source, {}, patience()));
    const bool is_inline = source->kind == SourceRef::Kind::kInline;
    return DocumentText{.text = std::move(text->text), .source = is_inline ? kDocumentVariable : to_string(*source)};
}

Result<App*> Session::open(LogFormat log, AppOptions options) {
    if (log == LogFormat::kJson)
        sink_ = std::make_unique<FdLogSink>(STDERR_FILENO);
    else
        sink_ = std::make_unique<SentenceSink>(console_);
    options.profiles = &profile_credentials;
    options.target = target_;
    console_.redact_with(nullptr);
    app_.reset();
    TRY_ASSIGN(app_, App::create(std::move(options), environment(), *sink_, clock_, sleeper_));
    console_.redact_with(&app_->redactor());
    if (function_ != nullptr) app_->set_home(home());
    // What goes well is said by the command.
    if (log == LogFormat::kSentences && app_->config().log_level == LogLevel::kInfo)
        app_->logger().set_level(LogLevel::kWarn);
    for (auto* one : app_->targets()) one->discover(patience());
    return app_.get();
}

Result<DeploymentTargets> Session::deployment_targets() {
    TRY_ASSIGN(const auto text, document());
    TRY_ASSIGN(auto loaded, load_config(environment(), text));
    return std::move(loaded.config.targets);
}

int Session::failed(const Error& error) {
    console_.complain(error.message);
    return error.kind == ErrorKind::kConfiguration ? kBadUsage : kFailed;
}

Result<std::string> Session::caller() {
    TRY_ASSIGN(auto* base, foundation());
    TRY_ASSIGN(auto options, endpoint_options_from(base->environment, kStsService));
    StsClient sts(std::move(options), base->http, base->credentials, base->clock, base->sleeper, base->logger);
    return sts.caller(patience());
}

Result<std::string> Session::event(const std::string& file) {
    if (file == "-") {
        if (standard_input_) return *standard_input_;
        TRY_ASSIGN(auto text, read_all(std::cin, "standard input"));
        if (text.empty())
            return fail(ErrorKind::kConfiguration,
                        "standard input is empty; an event is expected there, as JSON: echo '{\"service\":\"api\"}' | "
                        "ci_lambda plan -");
        standard_input_ = text;
        return text;
    }
    std::ifstream in(file, std::ios::binary);
    if (!in || in.peek() == std::ifstream::traits_type::eof()) {
        const auto why = in ? std::string("it is empty") : std::generic_category().message(errno);
        return fail(ErrorKind::kConfiguration, fmt::format("{} cannot be read: {}", file, why));
    }
    return read_all(in, file);
}

}  // namespace ci_lambda::cli
