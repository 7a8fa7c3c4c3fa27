#include "sandbox/client/changes.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <ostream>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/http/http_client.hpp"
#include "sandbox/shop/shop.hpp"
#include "sandbox/shop/values.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr int kChangeMade = 0;
constexpr int kNothingChanged = 1;
constexpr std::size_t kMostOfAText = 1000;

/// What the sandbox says to one request.
class Told {
public:
    Told(std::uint16_t port, const LocalResponse& response)
        : port_(port), status_(response.status), page_(parse_json(response.body).value_or(Json::object())) {}

    [[nodiscard]] bool ok() const { return status_ == 200; }
    [[nodiscard]] std::string text(std::string_view key) const {
        return one_line(find_string(page_, key).value_or(""), kMostOfAText);
    }
    [[nodiscard]] std::string number(std::string_view key) const {
        const Json* found = find(page_, key);
        return found != nullptr && found->is_number_unsigned() ? dump_json(*found) : "?";
    }
    [[nodiscard]] std::string list(std::string_view key) const {
        std::vector<std::string> items;
        if (const Json* found = find(page_, key); found != nullptr && found->is_array())
            for (const auto& item : *found)
                if (item.is_string()) items.push_back(one_line(item.get<std::string>(), kMostOfAText));
        return join(items, ", ");
    }
    [[nodiscard]] bool is(std::string_view key) const {
        const Json* found = find(page_, key);
        return found != nullptr && found->is_boolean() && found->get<bool>();
    }
    /// As AWS names an error.
    [[nodiscard]] bool is_error(std::string_view type) const { return text("__type") == type; }
    /// Why it was refused.
    [[nodiscard]] std::string why() const {
        const auto type = text("__type");
        const auto message = text("message");
        if (type.empty() && message.empty())
            return fmt::format("what answers at http://127.0.0.1:{} is no sandbox", port_);
        return type.empty() ? message : fmt::format("{}: {}", type, message);
    }

private:
    std::uint16_t port_;
    int status_;
    Json page_;
};

/// For a URL's query.
std::string in_url(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return result;
}

/// Asks the sandbox at one port, for one of its targets.
class Client {
public:
    Client(std::uint16_t port, std::optional<std::string> target) : port_(port), target_(std::move(target)) {}

    [[nodiscard]] Result<Told> post(const std::string& path, const std::string& body,
                                    const std::map<std::string, std::string>& headers = {}) const {
        const std::string separator = path.contains('?') ? "&" : "?";
        auto response =
            http_post(port_, target_ ? path + separator + "target=" + in_url(*target_) : path, body, headers);
        if (!response) return fail(ErrorKind::kConnection, nobody_answers(port_));
        return Told(port_, *std::move(response));
    }
    /// A call of an API that speaks AWS JSON, signed by nobody and for no region: so it is for the home.
    [[nodiscard]] Result<Told> call(const std::string& target, const Json& request) const {
        return post("/", dump_json(request),
                    {{"Authorization", "AWS4-HMAC-SHA256 Credential=sandbox, SignedHeaders=host, Signature=0"},
                     {"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", target}});
    }

private:
    std::uint16_t port_;
    std::optional<std::string> target_;
};

/// What is to be said of a change, if it was made; if not, `told` says why.
struct Made {
    Told told;
    std::string words;
};

Result<Made> push_image(const Client& client, const Change& change) {
    const auto path = change.from ? "/sandbox/push?from=" + in_url(*change.from) : std::string("/sandbox/push");
    TRY_ASSIGN(auto told, client.post(path, change.what));
    auto words =
        fmt::format("{} {}\n  {}\n", change.from ? "replicated" : "pushed", told.text("image"), told.text("digest"));
    words += fmt::format("  {} manifests: an index, and an image with its attestation for each of two platforms; ",
                         told.number("manifests"));
    words +=
        change.from ? "the function gets one event, of the replication\n" : "the function gets an event for each\n";
    if (!told.is("tagged")) words += "  it has no tag here: the tags of this repository do not move\n";
    if (const auto others = told.list("replicated_to"); !others.empty())
        words += fmt::format("  it is replicated to {}: an event of each of these follows\n", others);
    return Made{.told = std::move(told), .words = std::move(words)};
}

Result<Made> set_parameter(const Client& client, const Change& change) {
    Json request{{"Name", change.what}, {"Value", change.value}, {"Overwrite", true}, {"Tier", "Intelligent-Tiering"}};
    TRY_ASSIGN(auto told, client.call("AmazonSSM.PutParameter", request));
    const bool is_new = told.is_error("ValidationException") && told.text("message").contains("type is required");
    if (is_new) {
        request["Type"] = "String";
        TRY_ASSIGN(told, client.call("AmazonSSM.PutParameter", request));
    }
    auto words = fmt::format("{} parameter {}, version {}\n", is_new ? "created" : "set", one_line(change.what),
                             told.number("Version"));
    return Made{.told = std::move(told), .words = std::move(words)};
}

Result<Made> set_secret(const Client& client, const Change& change) {
    TRY_ASSIGN(auto told, client.call("secretsmanager.PutSecretValue",
                                      {{"SecretId", change.what}, {"SecretString", change.value}}));
    const bool is_new = told.is_error("ResourceNotFoundException");
    if (is_new) {
        TRY_ASSIGN(told,
                   client.call("secretsmanager.CreateSecret", {{"Name", change.what}, {"SecretString", change.value}}));
    }
    auto words = fmt::format("{} secret {}, version {}\n", is_new ? "created" : "set", told.text("Name"),
                             told.text("VersionId"));
    return Made{.told = std::move(told), .words = std::move(words)};
}

Result<Made> rotate_secret_of(const Client& client, const Change& change) {
    const std::string target = "secretsmanager.RotateSecret";
    TRY_ASSIGN(auto told, client.call(target, {{"SecretId", change.what}}));
    if (told.is_error("InvalidRequestException") && told.text("message").contains("rotation function")) {
        TRY_ASSIGN(told, client.call(target, {{"SecretId", change.what},
                                              {"RotationLambdaARN", shop::kRotationFunction},
                                              {"RotationRules", {{"AutomaticallyAfterDays", 30}}}}));
    }
    auto words = fmt::format("rotated secret {}, version {}: the function gets an event of each step\n",
                             told.text("Name"), told.text("VersionId"));
    return Made{.told = std::move(told), .words = std::move(words)};
}

Result<Made> edit_file(const Client& client, const Change& change) {
    TRY_ASSIGN(auto told, client.post("/sandbox/file", change.what));
    auto words = fmt::format("put {}\n", told.text("object"));
    return Made{.told = std::move(told), .words = std::move(words)};
}

Result<Made> click(const Client& client, const Change& change) {
    std::string path = "/sandbox/click?";
    if (!change.value.empty()) path += "service=" + in_url(change.value) + '&';
    if (change.user) path += "user=" + in_url(*change.user);
    TRY_ASSIGN(auto told, client.post(path, change.what));
    const auto service = told.text("service");
    auto words = fmt::format("{} pressed {}{} in Slack: the function has heard it, and carries it out by and by\n",
                             told.text("user"), told.text("pressed"), service.empty() ? "" : " of " + service);
    return Made{.told = std::move(told), .words = std::move(words)};
}

Result<Made> set_calendar(const Client& client, const Change& change) {
    const auto* state = change.kind == Change::Kind::kCloseCalendar ? "CLOSED" : "OPEN";
    TRY_ASSIGN(auto told, client.post("/sandbox/calendar", fmt::format("{}={}", change.what, state)));
    auto words = fmt::format("change calendar {} is {}\n", told.text("calendar"), told.text("state"));
    return Made{.told = std::move(told), .words = std::move(words)};
}

using Maker = Result<Made> (*)(const Client& client, const Change& change);

struct KindOfChange {
    std::string_view word;
    Change::Kind kind;
    Maker make;
};

constexpr std::array kKinds{
    KindOfChange{"push", Change::Kind::kPush, &push_image},
    KindOfChange{"set-parameter", Change::Kind::kSetParameter, &set_parameter},
    KindOfChange{"set-secret", Change::Kind::kSetSecret, &set_secret},
    KindOfChange{"rotate", Change::Kind::kRotate, &rotate_secret_of},
    KindOfChange{"edit-file", Change::Kind::kEditFile, &edit_file},
    KindOfChange{"close-calendar", Change::Kind::kCloseCalendar, &set_calendar},
    KindOfChange{"open-calendar", Change::Kind::kOpenCalendar, &set_calendar},
    KindOfChange{"click", Change::Kind::kClick, &click},
};

}  // namespace

Change::Kind change_kind_of(std::string_view word) {
    for (const auto& known : kKinds)
        if (known.word == word) return known.kind;
    return Change::Kind::kPush;
}

int make_change(std::uint16_t port, const Change& change, std::ostream& out, std::ostream& err) {
    for (const auto& known : kKinds) {
        if (known.kind != change.kind) continue;
        const auto made = known.make(Client(port, change.target), change);
        if (made && made->told.ok()) {
            out << made->words << std::flush;
            return kChangeMade;
        }
        err << (made ? made->told.why() : made.error().message) << '\n';
    }
    return kNothingChanged;
}

std::string nobody_answers(std::uint16_t port) {
    return fmt::format(
        "no sandbox answers at http://127.0.0.1:{}: start one with `ci_lambda sandbox`, or name its port "
        "with `--port N`",
        port);
}

}  // namespace ci_lambda::sandbox
