#include "app/foundation.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

std::vector<std::unique_ptr<CredentialSource>> credential_sources(const AppOptions& options,
                                                                  const Environment& environment, HttpClient& http) {
    std::vector<std::unique_ptr<CredentialSource>> sources;
    sources.push_back(environment_credentials(environment));
    sources.push_back(container_credentials(environment, http));
    if (options.profiles != nullptr) sources.push_back(options.profiles(environment));
    return sources;
}

/// Known from the start, so that not even an event that repeats one of them puts it into a log line.
void register_secrets(const Environment& environment, Redactor& redactor) {
    for (const auto* variable :
         {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"})
        redactor.add(Secret(environment.get_non_empty(variable).value_or("")));
}

}  // namespace

Foundation::Foundation(const AppOptions& options, const Environment& the_environment, LogSink& sink,
                       const Clock& the_clock, Sleeper& the_sleeper, std::optional<std::string> ca_bundle)
    : environment(the_environment),
      clock(the_clock),
      sleeper(the_sleeper),
      for_people(options.profiles != nullptr),
      logger(sink, clock, redactor),
      http({.ca_bundle = std::move(ca_bundle),
            .ca_bundle_overrides = environment.get_non_empty("AWS_CA_BUNDLE").has_value()},
           clock, logger),
      credentials(credential_sources(options, environment, http), clock, redactor),
      documents_at_aws(environment, http, credentials, clock, sleeper, logger),
      documents(document_roots(environment), &documents_at_aws) {
    register_secrets(environment, redactor);
    if (options.metrics) logger.set_tally(&tally);
}

void register_secret(const Secret& secret, Redactor& redactor) {
    if (secret.reveal().contains("://"))
        register_webhook(secret.reveal(), redactor);
    else
        redactor.add(secret);
}

/// The path is what is secret about it, and of the path its last part, the token.
void register_webhook(std::string_view url, Redactor& redactor) {
    redactor.add(Secret(std::string(url)));
    url = url.substr(0, url.find('?'));
    if (const auto host = url.find("://"); host != std::string_view::npos) url.remove_prefix(host + 3);
    if (const auto path = url.find('/'); path != std::string_view::npos)
        redactor.add(Secret(std::string(url.substr(path))));
    while (url.ends_with('/')) url.remove_suffix(1);
    redactor.add(Secret(std::string(last_segment(url))));
}

}  // namespace ci_lambda
