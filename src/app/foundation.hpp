#pragma once

#include <map>
#include <optional>
#include <string>

#include "announce/told_facts.hpp"
#include "app/events/answered_events.hpp"
#include "app/events/counter.hpp"
#include "app/local_documents.hpp"
#include "app/options.hpp"
#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/observe/memory.hpp"
#include "discovery/index.hpp"
#include "discovery/task_index.hpp"
#include "logging/logger.hpp"
#include "metrics/tally.hpp"
#include "net/credentials.hpp"
#include "net/curl_http_client.hpp"
#include "services/documents/aws_document_reader.hpp"

namespace ci_lambda {

/// What a process remembers of the services in one place, from event to event, whatever the configuration becomes.
struct Remembered {
    explicit Remembered(const Clock& clock) : answered(clock), told(clock), counted(clock) {}

    AnsweredEvents answered;
    RolloutMemory memory;
    ToldFacts told;
    CountedFacts counted;
    KnownRevisions revisions;
    KnownTasks tasks;
};

/// What there is before there is a configuration, and what stays when it changes: the log, connections, credentials,
/// and what this process remembers.
struct Foundation {
    /// Environment, sink, clock and sleeper must outlive it. `ca_bundle`: of `find_ca_bundle`.
    Foundation(const AppOptions& options, const Environment& the_environment, LogSink& sink, const Clock& the_clock,
               Sleeper& the_sleeper, std::optional<std::string> ca_bundle);
    ~Foundation() = default;
    Foundation(const Foundation&) = delete;
    Foundation& operator=(const Foundation&) = delete;

    const Environment& environment;
    const Clock& clock;
    Sleeper& sleeper;
    bool for_people;  ///< not in Lambda
    Redactor redactor;
    Tally tally;
    Logger logger;
    CurlHttpClient http;
    CredentialChain credentials;
    AwsDocumentReader documents_at_aws;
    LocalDocuments documents;  ///< all of them, wherever they are

    /// What this process remembers of one deployment target.
    [[nodiscard]] Remembered& remembered(const std::string& target) {
        return remembered_.try_emplace(target, clock).first->second;
    }

private:
    std::map<std::string, Remembered> remembered_;
};

/// A secret of the configuration, and of a URL all that is secret by itself.
void register_secret(const Secret& secret, Redactor& redactor);

/// The webhook's URL, and of it all that is secret by itself: pages and people repeat parts of it.
void register_webhook(std::string_view url, Redactor& redactor);

}  // namespace ci_lambda
