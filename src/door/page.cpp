#include <fmt/format.h>

#include "base/text.hpp"
#include "door/parts.hpp"
#include "handlers/request_json.hpp"

namespace ci_lambda {
namespace {

// One style for all pages, which the policy allows by its hash: a test keeps the two together.
constexpr std::string_view kStyle =
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#f6f7f9}"
    "main{max-width:40rem;margin:0 auto;padding:1.25rem}h1{font-size:1.4rem;margin:.5rem 0}"
    "dl{margin:1rem 0;padding:1rem;background:#fff;border-radius:.5rem}dt{color:#59636e;font-size:.85rem}"
    "dd{margin:0 0 .75rem;overflow-wrap:anywhere}pre{padding:.75rem;background:#fff;border-radius:.5rem;"
    "white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem}.notice{padding:.75rem;background:#fff3cd;"
    "color:#664d03;border-radius:.5rem}input,button{font:inherit;padding:.6rem .8rem;margin:.25rem .5rem .25rem 0;"
    "border:1px solid #8c959f;border-radius:.4rem}button{color:#fff;background:#1a7f37;border-color:#1a7f37}"
    "button.no{background:#b42318;border-color:#b42318}@media(prefers-color-scheme:dark){body{color:#e6edf3;"
    "background:#0d1117}dl,pre{background:#161b22}dt{color:#9198a1}}";
constexpr std::string_view kStyleHash = "sha256-ECVtOwvQAGD+dKRgOL/JPwlVfde1IcMmJs91AUf7rOM=";

HttpAnswer html_answer(int status, std::string_view title, std::string_view main, bool has_form) {
    // A form needs its own origin to be said by the browser, which it is not without a referrer; nobody else gets it.
    return {.status = status,
            .headers = {{"cache-control", "no-store"},
                        {"content-security-policy",
                         fmt::format("default-src 'none'; style-src '{}'; form-action {}; base-uri 'none'; "
                                     "frame-ancestors 'none'",
                                     kStyleHash, has_form ? "'self'" : "'none'")},
                        {"content-type", "text/html; charset=utf-8"},
                        {"referrer-policy", has_form ? "same-origin" : "no-referrer"},
                        {"x-content-type-options", "nosniff"},
                        {"x-frame-options", "DENY"},
                        {"x-robots-tag", "noindex, nofollow"}},
            .body = fmt::format("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                                "<title>{}</title><style>{}</style></head><body><main>{}</main></body></html>\n",
                                html_escape(title), kStyle, main)};
}

/// "2026-01-31 09:05 UTC"
std::string minutes_of(WallTime at) {
    constexpr std::size_t kDate = 10;
    constexpr std::size_t kMinutes = 5;
    const auto text = format_rfc3339(at);
    return fmt::format("{} {} UTC", text.substr(0, kDate), text.substr(kDate + 1, kMinutes));
}

class Facts {
public:
    void add(std::string_view label, std::string_view value) {
        if (!value.empty()) text_ += fmt::format("<dt>{}</dt><dd>{}</dd>", label, html_escape(value));
    }
    [[nodiscard]] std::string list() const { return fmt::format("<dl>{}</dl>", text_); }

private:
    std::string text_;
};

std::string facts_of(const Approval& approval) {
    Facts facts;
    facts.add("Environment", approval.environment);
    facts.add("Target", approval.target);
    facts.add("Service", approval.service.str());
    const auto request = brief_of_json(approval.request);
    for (const auto& image : request.images) facts.add("Image", image);
    facts.add("Task definition", request.task_definition);
    facts.add("Runs now", approval.running);
    facts.add("Waits in ECS", last_segment(approval.service_deployment));
    facts.add("Because", request.reason);
    facts.add("Although it is held", request.past_holds);
    facts.add("Asked at", minutes_of(approval.issued));
    facts.add("To be answered by", minutes_of(approval.expires));
    facts.add("Request", id_of(approval));
    return facts.list();
}

/// The token is of letters, digits, `-`, `_` and `.`, as it could be opened; still it is escaped.
std::string form_of(std::string_view token) {
    return fmt::format(
        "<form method=\"post\" action=\"approve\"><input type=\"hidden\" name=\"t\" value=\"{}\">"
        "<p><label>The code, which stands in the message beside the link<br>"
        "<input name=\"code\" required maxlength=\"24\" autocomplete=\"off\" autocapitalize=\"characters\" "
        "spellcheck=\"false\"></label></p>"
        "<p><button name=\"answer\" value=\"approve\">Approve</button>"
        "<button class=\"no\" name=\"answer\" value=\"reject\">Reject</button></p></form>",
        html_escape(token));
}

std::string ways_of(std::string_view token, bool by_slack) {
    return fmt::format("<p>This page shows the request. To approve it, {}run:</p><pre>ci_lambda approve {}</pre>",
                       by_slack ? "press the button below the message in Slack, or " : "", html_escape(token));
}

}  // namespace

HttpAnswer request_page(int status, const RequestPage& page, const DoorSettings& settings) {
    const auto title = fmt::format("{} in {}?", page.approval.service, page.approval.environment);
    auto main = fmt::format("<h1>{} {}</h1>", page.approval.is_of_hook() ? "Let go on:" : "Deploy", html_escape(title));
    if (!page.notice.empty()) main += fmt::format("<p class=\"notice\">{}</p>", html_escape(page.notice));
    main += facts_of(page.approval);
    main += settings.by_page ? form_of(page.token) : ways_of(page.token, settings.slack_signing_secret.has_value());
    return html_answer(status, title, main, settings.by_page);
}

HttpAnswer message_page(int status, std::string_view title, std::string_view text) {
    return html_answer(status, title, fmt::format("<h1>{}</h1><p>{}</p>", html_escape(title), html_escape(text)),
                       false);
}

std::string html_escape(std::string_view text) {
    std::string escaped;
    for (const char c : one_line(sanitize_utf8(text))) {
        switch (c) {
            case '&': escaped += "&amp;"; break;
            case '<': escaped += "&lt;"; break;
            case '>': escaped += "&gt;"; break;
            case '"': escaped += "&quot;"; break;
            case '\'': escaped += "&#39;"; break;
            default: escaped += c;
        }
    }
    return escaped;
}

}  // namespace ci_lambda
