#include "sandbox/shop/values.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "sandbox/parameter_store/parameter_store.hpp"
#include "sandbox/secrets_manager/secrets_manager.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::chrono::days kValuesAge{30};

constexpr std::string_view kLogLevel = "/dev/shop/api/LOG_LEVEL";
constexpr std::string_view kQueue = "/dev/shop/worker/QUEUE_URL";
/// Of the Express Mode service, which has no values of this file's making.
constexpr std::string_view kWebToken = "/dev/shop/web/token";

/// What Secrets Manager appends to names in ARNs: the same each time, for task definitions to name.
constexpr std::string_view kSecretSuffix = "S4ndB0";

std::string secret_arn(std::string_view name, const Site& site) {
    return fmt::format("arn:aws:secretsmanager:{}:{}:secret:{}-{}", site.region, site.account, name, kSecretSuffix);
}

/// A variable of a service's container, and what it is filled from.
struct ValueOf {
    std::string_view service;
    std::string_view variable;
    std::string from;
};

std::array<ValueOf, 7> values(const Site& site) {
    const auto password = secret_arn(shop::kDatabaseSecret, site) + ":password::";
    return {ValueOf{.service = "backend", .variable = "DB_PASSWORD", .from = password},
            ValueOf{.service = "api", .variable = "DB_PASSWORD", .from = password},
            ValueOf{.service = "api", .variable = "LOG_LEVEL", .from = std::string(kLogLevel)},
            ValueOf{.service = "api", .variable = "FEATURES", .from = std::string(shop::kFeatures)},
            ValueOf{.service = "worker", .variable = "PAYMENT_KEY", .from = secret_arn(shop::kPaymentSecret, site)},
            ValueOf{.service = "worker", .variable = "QUEUE_URL", .from = std::string(kQueue)},
            ValueOf{.service = "worker", .variable = "FEATURES", .from = std::string(shop::kFeatures)}};
}

}  // namespace

Json with_values(Json container, std::string_view id, const Site& site) {
    for (const auto& value : values(site))
        if (value.service == id) container["secrets"].push_back({{"name", value.variable}, {"valueFrom", value.from}});
    const auto config = parse_json(shop::kServiceConfig).value_or(Json::object());
    const Json* files = find(config, id);
    if (files == nullptr) return container;
    for (const auto& file : *files)
        container["environmentFiles"].push_back(
            {{"type", "s3"},
             {"value", fmt::format("arn:aws:s3:::{}/{}", find_string(file, "bucket").value_or(""),
                                   find_string(file, "key").value_or(""))}});
    return container;
}

SecretsManagerState shop_secrets(Ids& ids, WallTime now, const Site& site) {
    SecretsManagerState state{.account = site.account, .region = site.region};
    const auto add = [&](std::string_view name, std::string text, std::string_view rotation_function) {
        StoredSecret secret{.name = std::string(name), .suffix = std::string(kSecretSuffix)};
        secret.rotation_function = rotation_function;
        secret.rotation_days = rotation_function.empty() ? 0 : 30;
        add_secret(state, std::move(secret), std::move(text), ids, now - kValuesAge);
    };
    add(shop::kDatabaseSecret, R"({"username":"shop","password":"as-it-was-at-the-start"})", shop::kRotationFunction);
    add(shop::kPaymentSecret, "payment-key-of-the-start", {});
    add(shop::kSlackSecret, "http://127.0.0.1", {});
    return state;
}

ParameterStoreState shop_parameters(WallTime now, const Site& site) {
    ParameterStoreState state{.account = site.account, .region = site.region};
    const auto add = [&](std::string_view name, std::string type, std::string value) {
        add_parameter(state, std::string(name), std::move(type), std::move(value), now - kValuesAge);
    };
    add(kLogLevel, "String", "info");
    add(kQueue, "SecureString", "https://sqs.us-east-1.amazonaws.com/123456789012/orders");
    add(kWebToken, "SecureString", "token-of-the-start");
    add(shop::kFeatures, "StringList", "search,basket");
    add(shop::kSlackParameter, "SecureString", "http://127.0.0.1");
    add(shop::kDocumentParameter, "String", R"({"discovery":true})");
    return state;
}

}  // namespace ci_lambda::sandbox
