#include "app/local_documents.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;

/// A new directory with a `package/` and `layers/` in it; a slash at its end.
std::string new_root() {
    std::string pattern = std::filesystem::temp_directory_path() / "ci_lambda_documents_XXXXXX";
    const std::string root = std::string(::mkdtemp(pattern.data())) + "/";
    std::filesystem::create_directories(root + "package");
    std::filesystem::create_directories(root + "layers");
    return root;
}

struct LocalDocumentsTest : ::testing::Test {
    LocalDocumentsTest() = default;
    ~LocalDocumentsTest() override { std::filesystem::remove_all(root); }

    void write(const std::string& path, const std::string& text) const {
        std::ofstream(root + path, std::ios::binary) << text;
    }
    Result<std::optional<SourceText>> read(const std::string& path, const std::string& version = "") {
        return documents.read({.kind = SourceRef::Kind::kFile, .text = path}, version, Deadline::none());
    }

    std::string root = new_root();
    LocalDocuments documents{{root + "package/", root + "layers/"}};
};

TEST_F(LocalDocumentsTest, ReadsAnInlineDocument) {
    const auto text = documents.read({.kind = SourceRef::Kind::kInline, .text = "{}"}, "", Deadline::none());
    ASSERT_THAT(text, IsOk());
    EXPECT_EQ((*text)->text, "{}");
}

TEST_F(LocalDocumentsTest, FindsARelativePathInThePackageBeforeTheLayers) {
    write("layers/x.json", "layer");
    EXPECT_EQ((*read("x.json"))->text, "layer");
    write("package/x.json", "package");
    EXPECT_EQ((*read("x.json"))->text, "package");
    EXPECT_EQ((*read(root + "layers/x.json"))->text, "layer");
}

TEST_F(LocalDocumentsTest, ReadsAFileAgainOnlyWhenItHasChanged) {
    write("package/x.json", "one");
    const auto first = read("x.json");
    ASSERT_THAT(first, IsOk());
    const auto version = (*first)->version;
    EXPECT_EQ(*read("x.json", version), std::nullopt);
    write("package/y.json", "two");
    std::filesystem::rename(root + "package/y.json", root + "package/x.json");
    const auto second = read("x.json", version);
    ASSERT_THAT(second, IsOk());
    ASSERT_TRUE(*second) << "replaced by another file of the same size";
    EXPECT_EQ((*second)->text, "two");
}

TEST_F(LocalDocumentsTest, SaysWhereItLookedAndWhatIsWrong) {
    EXPECT_THAT(read("x.json"),
                IsErr(ErrorKind::kConfiguration,
                      AllOf(HasSubstr("file:x.json cannot be read: there is none in " + root + "package/ or "),
                            HasSubstr("layers/"))));
    EXPECT_THAT(read(root + "none.json"), IsErr(ErrorKind::kConfiguration, HasSubstr("there is no such file")));
    EXPECT_THAT(read(root), IsErr(ErrorKind::kConfiguration, HasSubstr("it is a directory")));
    write("package/large.json", std::string(kMaxDocumentBytes + 1, ' '));
    EXPECT_THAT(read("large.json"), IsErr(ErrorKind::kConfiguration, HasSubstr("larger than a megabyte")));
    write("package/full.json", std::string(kMaxDocumentBytes, ' '));
    EXPECT_THAT(read("full.json"), IsOk());
}

TEST_F(LocalDocumentsTest, LeavesOtherSourcesToOthers) {
    const SourceRef parameter{.kind = SourceRef::Kind::kSsm, .text = "/shop"};
    EXPECT_THAT(documents.read(parameter, "", Deadline::none()),
                IsErr(ErrorKind::kConfiguration, HasSubstr("ssm:/shop cannot be read here")));

    struct Others final : DocumentReader {
        Result<std::optional<SourceText>> read(const SourceRef& source, std::string_view version,
                                               Deadline /*deadline*/) override {
            return SourceText{.text = to_string(source), .version = std::string(version) + "+"};
        }
    } others;
    LocalDocuments with_others({""}, &others);
    const auto text = with_others.read(parameter, "1", Deadline::none());
    ASSERT_THAT(text, IsOk());
    EXPECT_EQ((*text)->text, "ssm:/shop");
    EXPECT_EQ((*text)->version, "1+");
}

TEST(DocumentRoots, AreThePackageAndTheLayersInLambda) {
    testing::FakeEnvironment lambda;
    lambda.set("LAMBDA_TASK_ROOT", "/var/task");
    EXPECT_THAT(document_roots(lambda), ElementsAre("/var/task/", "/opt/"));
    EXPECT_THAT(document_roots(testing::FakeEnvironment()), ElementsAre(""));
}

}  // namespace
}  // namespace ci_lambda
