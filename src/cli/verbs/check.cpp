#include <fmt/format.h>

#include "app/people/doctor.hpp"
#include "base/text.hpp"
#include "cli/verbs.hpp"

namespace ci_lambda::cli {
namespace {

Color color_of(Finding::Verdict verdict) {
    switch (verdict) {
        case Finding::Verdict::kOk: return Color::kGreen;
        case Finding::Verdict::kNote: return Color::kYellow;
        case Finding::Verdict::kBad: return Color::kRed;
    }
    return Color::kRed;
}

/// `OK`, `NOTE`, `BAD`: what one greps for.
std::string mark_of(Finding::Verdict verdict) {
    switch (verdict) {
        case Finding::Verdict::kOk: return "OK";
        case Finding::Verdict::kNote: return "NOTE";
        case Finding::Verdict::kBad: return "BAD";
    }
    return "BAD";
}

/// Hands findings on: to people one at a time, as each may take a while; to machines all in the end.
class Findings {
public:
    Findings(Console& console, bool json) : console_(console), json_(json) {}
    void add(const Finding& finding) {
        if (json_) {
            all_.push_back(finding);
            return;
        }
        // A configuration error has a line for each variable.
        for (auto& line : lines_of(finding.detail))
            console_.print(
                Line{{.text = fmt::format("{:<5}", mark_of(finding.verdict)), .color = color_of(finding.verdict)},
                     {.text = fmt::format(" {}: {}", finding.subject, line.front().text)}});
    }
    void finish() {
        if (json_) console_.print_for_machines(findings_json(all_));
    }

private:
    Console& console_;
    bool json_;
    std::vector<Finding> all_;
};

}  // namespace

int execute(const CheckCommand& command, Session& session) {
    Findings findings(session.console(), command.json);
    const auto app = session.open(command.log);
    bool healthy = false;
    if (app)
        healthy = examine(**app, session.clock(), [&](const Finding& finding) { findings.add(finding); });
    else
        findings.add({.verdict = Finding::Verdict::kBad, .subject = "configuration", .detail = app.error().message});
    findings.finish();
    return healthy ? kDone : kFailed;
}

}  // namespace ci_lambda::cli
