// A line `NAME=VALUE` for each environment variable, one of which may hold a document. What is required and not there
// gets a good value.

#include "config/config.hpp"
#include "config/document_source.hpp"
#include "config/ownership.hpp"
#include "fuzz/support.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::fuzzing {
namespace {

/// Behind every webhook URL, so that it is known when one is printed.
constexpr std::string_view kSecret = "T0P-S3CR3T";

testing::FakeEnvironment environment_of(std::string_view input) {
    std::map<std::string, std::string> values{
        {"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"ENABLE_S3_MONITORING", "false"}};
    for (const auto& line : split(input, '\n')) {
        const auto equals = line.find('=');
        if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    if (const auto webhook = values.find("SLACK_WEBHOOK_URL"); webhook != values.end()) webhook->second += kSecret;
    return testing::FakeEnvironment(std::move(values));
}

/// A setting's name, or a JSON pointer into the document.
bool names_a_setting(std::string_view line) {
    const auto what = line.substr(0, line.find(": "));
    return what.starts_with('/') ||
           std::ranges::any_of(settings(), [&](const Setting& setting) { return what == setting.name; });
}

/// One line a setting, so that a value cannot look like the next problem. A document that cannot be read at all is a
/// single line, which names it: nothing is known of the rest then.
void check_problems(const Error& error, bool knows_secret) {
    require(error.kind == ErrorKind::kConfiguration, "load_config fails with kConfiguration only");
    const auto lines = split(error.message, '\n');
    for (const auto& line : lines) require_readable(line, "a problem");
    if (lines.size() == 1) require(error.message.contains(kDocumentVariable), "the document is named", error.message);
    for (std::size_t i = 1; i < lines.size(); ++i)
        require(names_a_setting(lines[i]), "each line begins with a setting", error.message);
    require(!knows_secret || !error.message.contains(kSecret), "no secret is printed", error.message);
}

void check_names(const Config& config) {
    require(!config.names.cluster().empty(), "the cluster has a name");
    const Ownership ownership(config);
    for (const auto& id : config.known_services()) {
        require(config.names.canonical(id.str()) == id, "known ids are canonical", id.str());
        const auto target = config.names.target(id);
        if (!target) continue;
        require(target->id == id, "the target is of the id that was asked for", id.str());
        require(!target->service.empty() && !target->family.empty(), "no ECS name is empty", id.str());
        require(config.names.id_of(target->service) == id, "the ECS service's name leads back to the id", id.str());
        const auto reading = ownership.read(target->service);
        require(reading && reading->id == id && reading->named, "a service that is named is ours, if perhaps in doubt",
                id.str());
        require_readable(reading->doubt(), "a doubt");
    }
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto input = fuzzing::text_of(data, size);
    const bool secret_is_ours = !input.contains(fuzzing::kSecret);
    const auto loaded = load_config(fuzzing::environment_of(input));
    if (!loaded) {
        fuzzing::check_problems(loaded.error(), secret_is_ours);
        return 0;
    }
    for (const auto& warning : loaded->warnings) {
        fuzzing::require_readable(warning, "a warning");
        fuzzing::require(!secret_is_ours || !warning.contains(fuzzing::kSecret), "no secret is printed", warning);
    }
    fuzzing::check_names(loaded->config);
    return 0;
}
