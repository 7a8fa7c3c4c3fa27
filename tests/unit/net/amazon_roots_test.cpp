#include "net/amazon_roots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace ci_lambda::testing {
namespace {

TEST(AmazonRoots, AreTheOnesThatDebianShips) {
    std::string expected;
    for (const std::string name : {"Amazon_Root_CA_1", "Amazon_Root_CA_2", "Amazon_Root_CA_3", "Amazon_Root_CA_4",
                                   "Starfield_Services_Root_Certificate_Authority_-_G2"}) {
        std::ifstream file("/usr/share/ca-certificates/mozilla/" + name + ".crt");
        ASSERT_TRUE(file) << name << " is not there: the package ca-certificates is needed";
        expected.append(std::istreambuf_iterator<char>(file), {});
    }
    EXPECT_EQ(amazon_roots_pem(), expected);
}

}  // namespace
}  // namespace ci_lambda::testing
