#include "config/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/settings.hpp"
#include "config/values.hpp"
#include "config/verify_reader.hpp"

namespace ci_lambda {
namespace {

/// Of one service: as many as DescribeAlarms takes in one call.
constexpr std::size_t kMostAlarms = 100;
constexpr std::size_t kLongestAlarm = 255;
constexpr std::size_t kMostUrls = 10;
constexpr std::size_t kLongestUrl = 2000;
constexpr std::size_t kLongestExpectedText = 1000;

constexpr std::string_view kExpectsAlarm = "the name of an alarm of CloudWatch";
constexpr std::string_view kExpectsUrl = R"(a URL, or {"url":"https://..","status":200,"body":"..","times":3})";

std::string place_of(const std::string& place, std::size_t index) { return fmt::format("{}/{}", place, index); }

/// Printable in a place, whatever the key is.
std::string place_of(const std::string& place, const std::string& key) { return json_pointer(place, shown(key)); }

void unknown_key(const std::string& place, const std::string& key, const std::vector<std::string>& known,
                 const VerifyProblem& problem) {
    const auto meant = closest(key, known);
    problem(place_of(place, key), "is not known",
            meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
}

/// What a URL may be: its query and its path are not looked into, credentials and fragments are refused.
bool is_checked_url(const std::string& text) {
    const auto url = parse_url(text);
    return url && text.size() <= kLongestUrl && !text.contains('#');
}

std::optional<std::string> text_in(const Json& value, std::size_t longest) {
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    return text.empty() || text.size() > longest ? std::nullopt : std::optional(text);
}

std::optional<VerifiedUrl> read_url(const Json& value, const std::string& place, const VerifyProblem& problem) {
    static const std::vector<std::string> known{"url", "status", "body", "times"};
    constexpr int kSmallestStatus = 100;
    constexpr int kLargestStatus = 599;
    constexpr int kMostTimes = 10;
    const auto text = [&](const Json& url, const std::string& at) -> std::optional<std::string> {
        // What stands in front of an @, or in a query, may be a secret: it is not repeated.
        if (!url.is_string() || !is_checked_url(url.get_ref<const std::string&>())) {
            problem(at, url.is_string() ? "is no URL that can be asked" : fmt::format("is {}", type_name(url)),
                    "http:// or https://, without user, password and #");
            return std::nullopt;
        }
        return url.get<std::string>();
    };
    VerifiedUrl read;
    if (value.is_string()) {
        if (auto url = text(value, place)) return VerifiedUrl{.url = *std::move(url)};
        return std::nullopt;
    }
    if (!value.is_object() || !value.contains("url")) {
        problem(place, value.is_object() ? "has no \"url\"" : fmt::format("is {}", type_name(value)), kExpectsUrl);
        return std::nullopt;
    }
    for (const auto& [key, member] : value.items()) {
        const auto at = place_of(place, key);
        if (key == "url") {
            read.url = text(member, at).value_or("");
        } else if (key == "status") {
            const auto number = whole_number_in(member, kSmallestStatus, kLargestStatus);
            if (!number) problem(at, "is no status of HTTP", "a whole number from 100 to 599");
            read.status = number.value_or(read.status);
        } else if (key == "times") {
            const auto number = whole_number_in(member, 1, kMostTimes);
            if (!number) problem(at, "is not a number in range", "a whole number from 1 to 10");
            read.times = number.value_or(read.times);
        } else if (key == "body") {
            auto wanted = text_in(member, kLongestExpectedText);
            if (!wanted) problem(at, "is no text", "a text of at most 1000 bytes that the answer has in it");
            read.body = std::move(wanted).value_or("");
        } else {
            unknown_key(place, key, known, problem);
        }
    }
    return read.url.empty() ? std::nullopt : std::optional(std::move(read));
}

}  // namespace

VerifyRules VerifySettings::of(const ServiceId& id) const {
    const auto found = by_service.find(id);
    const VerifyWish& own = found == by_service.end() ? all : found->second;
    return {.alarms = own.alarms ? *own.alarms : all.alarms.value_or(std::vector<std::string>{}),
            .urls = own.urls ? *own.urls : all.urls.value_or(std::vector<VerifiedUrl>{}),
            .time = own.time ? *own.time : all.time.value_or(std::chrono::seconds{0})};
}

bool VerifySettings::is_on() const {
    const auto says = [](const VerifyWish& wish) {
        return (wish.alarms && !wish.alarms->empty()) || (wish.urls && !wish.urls->empty());
    };
    return says(all) || std::ranges::any_of(by_service, [&](const auto& one) { return says(one.second); });
}

std::string shown_url(const std::string& url) {
    const auto query = url.find('?');
    return query == std::string::npos ? url : url.substr(0, query) + "?..";
}

std::vector<std::string> read_verify_alarms(const Json& value, const std::string& place, const VerifyProblem& problem) {
    std::vector<std::string> alarms;
    if (!value.is_array()) {
        problem(place, fmt::format("is {}", type_name(value)), "a list of names of alarms");
        return alarms;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        auto name = text_in(value[i], kLongestAlarm);
        if (!name)
            problem(place_of(place, i), "is no name of an alarm", kExpectsAlarm);
        else if (std::ranges::find(alarms, *name) == alarms.end())
            alarms.push_back(*std::move(name));
    }
    if (alarms.size() > kMostAlarms) problem(place, "has more than 100 alarms", "one composite alarm over them");
    return alarms;
}

std::vector<VerifiedUrl> read_verify_urls(const Json& value, const std::string& place, const VerifyProblem& problem) {
    std::vector<VerifiedUrl> urls;
    if (!value.is_array()) {
        problem(place, fmt::format("is {}", type_name(value)), "a list of URLs");
        return urls;
    }
    for (std::size_t i = 0; i < value.size(); ++i)
        if (auto url = read_url(value[i], place_of(place, i), problem)) urls.push_back(*std::move(url));
    if (urls.size() > kMostUrls) problem(place, "has more than 10 URLs", "at most 10 of a service");
    return urls;
}

VerifyWish read_verify_wish(const Json& value, const std::string& place, const VerifyProblem& problem) {
    static const std::vector<std::string> known{"alarms", "urls", "seconds"};
    VerifyWish wish;
    if (!value.is_object()) {
        problem(place, fmt::format("is {}", type_name(value)), kVerifyExpects);
        return wish;
    }
    for (const auto& [key, member] : value.items()) {
        const auto at = place_of(place, key);
        if (key == "alarms") {
            wish.alarms = read_verify_alarms(member, at, problem);
        } else if (key == "urls") {
            wish.urls = read_verify_urls(member, at, problem);
        } else if (key == "seconds") {
            const auto& setting = setting_of("VERIFY_SECONDS");
            const auto number =
                whole_number_in(member, static_cast<int>(setting.smallest), static_cast<int>(setting.largest));
            if (!number) problem(at, "is not a number in range", setting.expects);
            wish.time = std::chrono::seconds{number.value_or(0)};
        } else {
            unknown_key(place, key, known, problem);
        }
    }
    return wish;
}

std::string alarms_json(const std::vector<std::string>& alarms) { return dump_json(alarms); }

std::string urls_json(const std::vector<VerifiedUrl>& urls) {
    auto list = Json::array();
    for (const auto& one : urls) {
        const VerifiedUrl plain{.url = one.url};
        if (one == plain) {
            list.push_back(one.url);
            continue;
        }
        Json object{{"url", one.url}};
        if (one.status != plain.status) object["status"] = one.status;
        if (!one.body.empty()) object["body"] = one.body;
        if (one.times != plain.times) object["times"] = one.times;
        list.push_back(std::move(object));
    }
    return dump_json(list);
}

std::string wish_json(const VerifyWish& wish) {
    auto object = Json::object();
    if (wish.alarms) object["alarms"] = *wish.alarms;
    if (wish.urls) object["urls"] = parse_json(urls_json(*wish.urls)).value_or(Json::array());
    if (wish.time) object["seconds"] = wish.time->count();
    return dump_json(object);
}

}  // namespace ci_lambda
