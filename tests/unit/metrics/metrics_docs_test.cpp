#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "metrics/metric.hpp"

namespace ci_lambda {
namespace {

std::string table() {
    std::string text = "| metric | unit | counted or measured when |\n|---|---|---|\n";
    for (const auto& metric : metrics())
        text += fmt::format("| `{}` | {} | {} |\n", metric.name, metric.unit, metric.what);
    return text;
}

TEST(MetricsDocs, HaveTheTableOfTheCode) {
    const std::string path = CI_LAMBDA_SOURCE_DIR "/docs/metrics.md";
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    auto document = text.str();
    const auto begin = document.find("| metric | unit |");
    ASSERT_NE(begin, std::string::npos);
    const auto end = document.find("\n\n", begin);
    ASSERT_NE(end, std::string::npos);
    if (std::getenv("CI_LAMBDA_UPDATE_DOCS") != nullptr) {
        document.replace(begin, end + 1 - begin, table());
        std::ofstream(path) << document;
        return;
    }
    EXPECT_EQ(document.substr(begin, end + 1 - begin), table()) << "CI_LAMBDA_UPDATE_DOCS=1 writes it";
}

}  // namespace
}  // namespace ci_lambda
