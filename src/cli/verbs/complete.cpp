#include "app/local_documents.hpp"
#include "cli/completion.hpp"
#include "cli/verbs.hpp"
#include "config/config.hpp"

namespace ci_lambda::cli {
namespace {

/// Those that the environment or a document on this machine names: without the network, and without a word where the
/// configuration is wrong.
std::vector<std::string> known_services(const Environment& environment) {
    std::vector<std::string> ids;
    std::optional<DocumentText> document;
    if (const auto source = find_document(environment); source && *source) {
        LocalDocuments local(document_roots(environment));
        const auto text = local.read(**source, {}, Deadline());
        if (!text || !*text) return ids;
        document = {.text = (*text)->text, .source = to_string(**source)};
    }
    if (const auto loaded = load_config(environment, document))
        for (const auto& id : loaded->config.known_services()) ids.push_back(id.str());
    return ids;
}

}  // namespace

int execute(const CompleteCommand& command, Session& session) {
    const auto lines =
        completion_lines(complete(describe_commands(), command.words, known_services(session.environment())));
    if (!lines.empty()) session.console().print(lines);
    return kDone;
}

}  // namespace ci_lambda::cli
