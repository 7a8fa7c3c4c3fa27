#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/site.hpp"
#include "sandbox/parameter_store/state.hpp"
#include "sandbox/secrets_manager/state.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {

// What the shop's tasks take from Secrets Manager, Parameter Store and S3 when they start.

namespace shop {
/// A JSON object with a password, which backend and api use; it can be rotated.
inline constexpr std::string_view kDatabaseSecret = "shop/db";
inline constexpr std::string_view kPaymentSecret = "shop/payment";  ///< a text, which worker uses
inline constexpr std::string_view kFeatures = "/shop/features";     ///< a parameter that api and worker use
// What the function itself may be told to read:
inline constexpr std::string_view kSlackSecret = "shop/slack";      ///< the inbox's URL, once the sandbox listens
inline constexpr std::string_view kSlackParameter = "/shop/slack";  ///< likewise
inline constexpr std::string_view kDocumentParameter = "/shop/ci_lambda";  ///< a document that turns discovery on
/// The function that rotates secrets. Nobody calls it.
inline constexpr std::string_view kRotationFunction = "arn:aws:lambda:us-east-1:123456789012:function:shop_rotation";
}  // namespace shop

/// The container with what the service `id` takes: `secrets` and `environmentFiles`.
[[nodiscard]] nlohmann::json with_values(nlohmann::json container, std::string_view id, const Site& site);

/// All these secrets, and the parameters with those of the services (`/dev/shop/api/LOG_LEVEL`, ..).
[[nodiscard]] SecretsManagerState shop_secrets(Ids& ids, WallTime now, const Site& site = shop::home());
[[nodiscard]] ParameterStoreState shop_parameters(WallTime now, const Site& site = shop::home());

}  // namespace ci_lambda::sandbox
