#include "config/maps.hpp"

#include <functional>
#include <string>

#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const ServiceId kApi{"api"};
const ServiceId kBackendId{"backend"};
const ServiceId kWorker{"worker"};

using Read = std::function<void(MapReader&, const std::string&)>;

void read_services(MapReader& reader, const std::string& json) { (void)reader.services(json); }
void read_repositories(MapReader& reader, const std::string& json) { (void)reader.repositories(json); }
void read_prefixes(MapReader& reader, const std::string& json) { (void)reader.prefixes(json); }
void read_switches(MapReader& reader, const std::string& json) { (void)reader.switches(json); }
void read_files(MapReader& reader, const std::string& json) {
    std::map<S3File, std::vector<ServiceId>> files;
    reader.files(json, files);
}

struct Malformed {
    std::string json;
    std::string problem;
};

template <std::size_t N>
void expect_problems(const Read& read, const Malformed (&cases)[N]) {
    for (const auto& [json, problem] : cases) {
        MapReader reader("web");
        read(reader, json);
        EXPECT_THAT(reader.problems(), ElementsAre(HasSubstr(problem))) << json;
    }
}

TEST(MapReader, RefusesWhatIsNoObjectInEveryMap) {
    const Malformed cases[] = {
        {"{", "not valid JSON"},
        {"[]", "must be a JSON object, not an array"},
        {"\"{}\"", "must be a JSON object, not a string"},
        {"null", "must be a JSON object, not null"},
        {std::string(5000, '['), "nested deeper"},
    };
    for (const Read& read :
         {Read(read_services), Read(read_repositories), Read(read_prefixes), Read(read_switches), Read(read_files)})
        expect_problems(read, cases);
}

TEST(MapReader, TakesAnEmptyObjectInEveryMap) {
    MapReader reader("");
    EXPECT_THAT(reader.services("{}"), IsEmpty());
    EXPECT_THAT(reader.repositories("{}"), IsEmpty());
    EXPECT_THAT(reader.prefixes("{}"), IsEmpty());
    EXPECT_THAT(reader.switches("{}"), IsEmpty());
    EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(MapReader, CollectsEveryProblem) {
    MapReader reader("");
    (void)reader.services(R"({"a b":{"service_name":7},"api":[]})");
    EXPECT_THAT(reader.problems(),
                ElementsAre("\"a b\" is not a service id (letters, digits, '_', '-' and '.')",
                            "\"a b\": \"service_name\" must be a string, not a number",
                            "\"a b\": \"task_family\" is missing", "\"api\" must be an object, not an array"));
}

TEST(ServiceMap, MapsCanonicalIdsToNames) {
    MapReader reader("web");
    const auto map = reader.services(R"({"web":{"service_name":"core","task_family":"core-tasks","port":80},
                                         "api":{"service_name":"front","task_family":"front"}})");
    EXPECT_THAT(reader.problems(), IsEmpty());
    ASSERT_EQ(map.size(), 2U);
    EXPECT_EQ(map.at(kBackendId).service, EcsServiceName("core"));
    EXPECT_EQ(map.at(kBackendId).family, TaskFamily("core-tasks"));
    EXPECT_EQ(map.at(kApi).service, EcsServiceName("front"));
}

TEST(ServiceMap, ExplainsWhatIsWrong) {
    expect_problems(
        read_services,
        {
            {R"({"api":"x"})", "\"api\" must be an object, not a string"},
            {R"({"api":{"service_name":"x"}})", "\"api\": \"task_family\" is missing"},
            {R"({"api":{"service_name":"","task_family":"x"}})", "\"api\": \"service_name\" is empty"},
            {R"({"api":{"service_name":null,"task_family":"x"}})", "\"service_name\" must be a string, not null"},
            {R"({"api":{"service_name":"x","task_family":"x:4"}})", "\"task_family\" must be a plain name"},
            {R"({"api":{"service_name":"arn:aws:ecs","task_family":"x"}})", "\"service_name\" must be a plain name"},
            {R"({"":{"service_name":"a","task_family":"a"},"backend":{"service_name":"b","task_family":"b"}})",
             "\"backend\" is a second name for backend"},
            {R"({"a":{"service_name":"x","task_family":"a"},"b":{"service_name":"x","task_family":"b"}})",
             "\"b\" and \"a\" have the same service_name \"x\""},
        });
}

TEST(RepositoryMap, TakesOneServiceOrAList) {
    MapReader reader("");
    EXPECT_THAT(
        reader.repositories(R"({"shop/one":"api","shop/two":["worker","","api","worker"]})"),
        ElementsAre(Pair("shop/one", ElementsAre(kApi)), Pair("shop/two", ElementsAre(kApi, kBackendId, kWorker))));
    EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(RepositoryMap, ExplainsWhatIsWrong) {
    expect_problems(read_repositories, {
                                           {R"({"r":5})", "\"r\" must be a service id or a list of them, not a number"},
                                           {R"({"r":["api",null]})", "\"r\"[1] must be a service id, not null"},
                                           {R"({"r":[]})", "\"r\" names no service"},
                                           {R"({"r":["a/b"]})", "\"a/b\" is not a service id"},
                                           {R"({"":"api"})", "not the name of a repository"},
                                       });
}

TEST(PrefixMap, TakesTheSlashesOffTheEndsAndMergesWhatIsThenTheSame) {
    MapReader reader("");
    EXPECT_THAT(reader.prefixes(R"({"/dev/shop/api/":"api","dev/shop/api":"worker","/dev":["api"]})"),
                ElementsAre(Pair("dev", ElementsAre(kApi)), Pair("dev/shop/api", ElementsAre(kApi, kWorker))));
    EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(PrefixMap, ExplainsWhatIsWrong) {
    expect_problems(read_prefixes, {
                                       {R"({"":"api"})", "empty segment"},
                                       {R"({"/":"api"})", "empty segment"},
                                       {R"({"//":"api"})", "empty segment"},
                                       {R"({"/dev//api":"api"})", "\"/dev//api\" is not a path of parameters"},
                                       {R"({"/dev":{}})", "\"/dev\" must be a service id or a list of them"},
                                   });
}

TEST(FileMap, MergesBothVariablesWithoutDuplicates) {
    MapReader reader("");
    std::map<S3File, std::vector<ServiceId>> files;
    reader.files(R"({"worker":[{"bucket":"b","key":"k"}],"":[{"bucket":"b","key":"k"}],"api":[]})", files);
    reader.files(
        R"({"api":[{"bucket":"b","key":"k"},{"bucket":"b","key":"a b%20"}],"worker":[{"bucket":"b","key":"k"}]})",
        files);
    EXPECT_THAT(reader.problems(), IsEmpty());
    EXPECT_THAT(files, ElementsAre(Pair(S3File{"b", "a b%20"}, ElementsAre(kApi)),
                                   Pair(S3File{"b", "k"}, ElementsAre(kApi, kBackendId, kWorker))));
}

TEST(FileMap, ExplainsWhatIsWrong) {
    expect_problems(read_files, {
                                    {R"({"api":{"bucket":"b","key":"k"}})", "\"api\" must be a list of files"},
                                    {R"({"api":["k"]})", "\"api\"[0] must be an object, not a string"},
                                    {R"({"api":[{"bucket":"b","key":5}]})", "\"api\"[0]: \"key\" must be a string"},
                                    {R"({"api":[{"key":"k"}]})", "\"api\"[0]: \"bucket\" is missing"},
                                    {R"({"api":[{"bucket":"b","key":""}]})", "\"api\"[0]: \"key\" is empty"},
                                    {R"({"a b":[{"bucket":"b","key":"k"}]})", "\"a b\" is not a service id"},
                                });
}

TEST(SwitchMap, TakesBooleansAndTheirSpellings) {
    MapReader reader("web");
    EXPECT_THAT(reader.switches(R"({"api":false,"worker":"on","web":"No"})"),
                ElementsAre(Pair(kApi, false), Pair(kBackendId, false), Pair(kWorker, true)));
    EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(SwitchMap, ExplainsWhatIsWrong) {
    expect_problems(read_switches, {
                                       {R"({"api":0})", "\"api\" must be true or false, not a number"},
                                       {R"({"api":"perhaps"})", "\"api\" must be true or false, not a string"},
                                       {R"({"a b":true})", "\"a b\" is not a service id"},
                                       {R"({"":true,"web":false})", "\"web\" is a second name for backend"},
                                   });
}

}  // namespace
}  // namespace ci_lambda
