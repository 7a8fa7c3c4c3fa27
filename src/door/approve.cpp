#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/text.hpp"
#include "door/parts.hpp"

namespace ci_lambda {
namespace {

/// `https://HOST[:PORT]`, in lower case.
std::string origin_of(std::string_view url) {
    const auto host = url.find("://");
    const auto end = host == std::string_view::npos ? host : url.find('/', host + 3);
    return to_lower(url.substr(0, end));
}

/// A browser says which page sends a form; programs say nothing, and need the code all the same.
bool is_cross_site(const HttpCall& call, const DoorSettings& settings) {
    const auto site = call.header("sec-fetch-site");
    const auto origin = call.header("origin");
    return (!site.empty() && site != "same-origin" && site != "none") ||
           (!origin.empty() && to_lower(origin) != origin_of(settings.url));
}

DoorStep no_such_request(const Error& error) {
    return {.answer = message_page(400, "This link is not good", error.message), .words = error.message};
}

std::string title_of_answer(bool approved, const Approval& approval) {
    return fmt::format("{} {}", approved ? "Approved:" : "Rejected:", approval.service);
}

}  // namespace

DoorStep show_request(const HttpCall& call, const DoorSettings& settings, WallTime now) {
    const auto token = field_of(call.query, "t");
    const auto approval = open_token(token, *settings.keys, settings.environment, now);
    if (!approval) return no_such_request(approval.error());
    return {.answer = request_page(200, {.approval = *approval, .token = token}, settings),
            .words = fmt::format("the request {} of {} was looked at", id_of(*approval), approval->service)};
}

DoorStep take_form(const HttpCall& call, const DoorSettings& settings, WallTime now) {
    if (is_cross_site(call, settings)) {
        std::string words = "the form was sent by a page of another site";
        return {.answer = message_page(403, "Refused", words), .words = std::move(words), .suspicious = true};
    }
    const auto token = field_of(call.body, "t");
    const auto approval = open_token(token, *settings.keys, settings.environment, now);
    if (!approval) return no_such_request(approval.error());
    const auto shown = [&](int status, std::string words) {
        return DoorStep{
            .answer = request_page(status, {.approval = *approval, .token = token, .notice = words}, settings),
            .words = fmt::format("{}: {}", approval->service, words)};
    };
    if (!settings.by_page) return shown(403, "Nothing was done: this page only shows the request.");
    const auto answer = field_of(call.body, "answer");
    if (answer != "approve" && answer != "reject") return shown(400, "Nothing was done: press one of the two buttons.");
    const auto good = is_code_of(token, field_of(call.body, "code"), *settings.keys);
    if (!good || !*good) {
        auto step = shown(403,
                          "Nothing was done: that is not the code of this request. It stands in the message, beside "
                          "the link.");
        step.suspicious = true;
        return step;
    }
    const bool approved = answer == "approve";
    auto handed = hand_over({.token = token,
                             .approved = approved,
                             .by = {.channel = Approver::Channel::kPage},
                             .at = std::chrono::floor<std::chrono::seconds>(now)},
                            *settings.keys);
    if (!handed) return no_such_request(handed.error());
    handed->lost_answer = message_page(503, "Nothing was done", handed->if_lost);
    return {.answer = message_page(202, title_of_answer(approved, *approval),
                                   "It is on its way: a message says what becomes of it. Once it is answered, another "
                                   "answer changes nothing."),
            .words = fmt::format("{} {} the request {} of {}", in_words(Approver{.channel = Approver::Channel::kPage}),
                                 approved ? "approves" : "rejects", id_of(*approval), approval->service),
            .hand_over = *std::move(handed)};
}

}  // namespace ci_lambda
