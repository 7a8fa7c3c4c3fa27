#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/curl_http_client.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

class CaBundleTest : public ::testing::Test {
protected:
    CaBundleTest() { std::ofstream(file_) << "PEM"; }
    ~CaBundleTest() override { std::filesystem::remove(file_); }

    [[nodiscard]] std::string found(const std::optional<std::string>& configured,
                                    const std::vector<std::string>& candidates) const {
        const auto bundle = find_ca_bundle(configured, environment_, candidates);
        return bundle ? bundle->value_or("libcurl's own") : bundle.error().message;
    }

    FakeEnvironment environment_;
    std::string file_ = ::testing::TempDir() + "ca_bundle_test." + std::to_string(::getpid()) + ".pem";
    std::string missing_ = ::testing::TempDir() + "no-such-file.pem";
};

TEST_F(CaBundleTest, TakesTheConfiguredFileFirst) {
    environment_.set("SSL_CERT_FILE", missing_);
    EXPECT_EQ(found(file_, {}), file_);
}

TEST_F(CaBundleTest, TakesSslCertFileBeforeTheUsualPlaces) {
    environment_.set("SSL_CERT_FILE", file_);
    EXPECT_EQ(found(std::nullopt, {"/dev/null"}), file_);
}

TEST_F(CaBundleTest, ProbesTheUsualPlacesInOrder) {
    EXPECT_EQ(found(std::nullopt, {missing_, file_}), file_);
    EXPECT_EQ(usual_ca_bundles().front(), "/etc/pki/tls/certs/ca-bundle.crt");
}

TEST_F(CaBundleTest, LeavesItToLibcurlWhenNothingIsThere) {
    EXPECT_EQ(found(std::nullopt, {missing_}), "libcurl's own");
}

TEST_F(CaBundleTest, FailsWhenANamedFileIsMissingInsteadOfTrustingSomethingElse) {
    EXPECT_THAT(find_ca_bundle(missing_, environment_, {file_}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("AWS_CA_BUNDLE")));
    environment_.set("SSL_CERT_FILE", missing_);
    EXPECT_THAT(find_ca_bundle(std::nullopt, environment_, {file_}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("SSL_CERT_FILE")));
}

}  // namespace
}  // namespace ci_lambda::testing
