#include "config/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/document.hpp"
#include "config/names.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kPipelineExpects = R"({"stages":[{"services":["backend"]},{"services":["api"]}]})";
constexpr std::string_view kStageExpects = R"({"services":["api"]} or {"promote":"prod"})";
constexpr std::string_view kNameOfPipeline = "1 to 30 letters, digits, '_' and '-'";
constexpr std::size_t kLongestStageName = 60;

/// Reads all pipelines, and tells of everything that is wrong with them.
class PipelineReader {
public:
    PipelineReader(const PipelineNames& names, const PipelineProblem& problem, const ReadStageApproval& read_approval)
        : names_(names), problem_(problem), read_approval_(read_approval) {}

    Pipelines read(const Json& json) {
        Pipelines all;
        if (!json.is_object()) {
            problem_("", fmt::format("is {}", type_name(json)), R"(an object, {"release":{"stages":[..]}})");
            return all;
        }
        if (json.size() > kMostPipelines) problem_("", fmt::format("has {} pipelines", json.size()), "at most 20");
        for (const auto& [name, value] : json.items()) {
            const auto place = shown_pointer("", name);
            if (!is_pipeline_name(name)) problem_(place, "is not the name of a pipeline", kNameOfPipeline);
            all[name] = pipeline(name, value, place);
        }
        return all;
    }

private:
    void unknown(const std::string& place, const std::string& key, const std::vector<std::string>& known) {
        const auto meant = closest(key, known);
        problem_(shown_pointer(place, key), "is not known",
                 meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
    }

    Pipeline pipeline(const std::string& name, const Json& json, const std::string& place) {
        Pipeline read;
        if (!json.is_object()) {
            problem_(place, fmt::format("is {}", type_name(json)), kPipelineExpects);
            return read;
        }
        for (const auto& [key, value] : json.items()) {
            const auto at = json_pointer(place, key);
            if (key == "stages")
                read.stages = stages(name, value, at);
            else if (key == "on_failure")
                read.rolls_back_earlier = on_failure(value, at);
            else
                unknown(place, key, {"stages", "on_failure"});
        }
        if (!json.contains("stages")) problem_(place, "has no stages", kPipelineExpects);
        return read;
    }

    bool on_failure(const Json& value, const std::string& place) {
        const auto word = value.is_string() ? value.get<std::string>() : std::string();
        if (word != "stop" && word != "roll_back_earlier")
            problem_(place,
                     value.is_string() ? fmt::format("is {}", in_quotes(word)) : fmt::format("is {}", type_name(value)),
                     R"("stop" or "roll_back_earlier")");
        return word == "roll_back_earlier";
    }

    std::vector<PipelineStage> stages(const std::string& name, const Json& json, const std::string& place) {
        std::vector<PipelineStage> all;
        if (!json.is_array() || json.empty()) {
            problem_(place, json.is_array() ? "is empty" : fmt::format("is {}", type_name(json)), kPipelineExpects);
            return all;
        }
        if (json.size() > kMostStages) problem_(place, fmt::format("has {} stages", json.size()), "at most 20");
        for (std::size_t i = 0; i < json.size(); ++i) {
            const auto at = fmt::format("{}/{}", place, i);
            auto one = stage(name, json[i], at);
            // What becomes of it is decided there: nobody here could wait for it.
            if (one.promotes() && i + 1 != json.size())
                problem_(at, "promotes, and is not the last stage", "the other environment to go on by itself");
            if (one.promotes() && i == 0) problem_(at, "promotes, and no service comes before it", kStageExpects);
            all.push_back(std::move(one));
        }
        return all;
    }

    PipelineStage stage(const std::string& name, const Json& json, const std::string& place) {
        PipelineStage read;
        if (!json.is_object()) {
            problem_(place, fmt::format("is {}", type_name(json)), kStageExpects);
            return read;
        }
        for (const auto& [key, value] : json.items()) {
            const auto at = json_pointer(place, key);
            if (key == "services")
                read.services = services(name, value, at);
            else if (key == "name")
                read.name = text(value, at, kLongestStageName);
            else if (key == "approval")
                read.approval = read_approval_(dump_json(value), at);
            else if (key == "promote")
                read.promote_to = environment(value, at);
            else if (key == "pipeline")
                read.promoted_pipeline = text(value, at, kLongestStageName);
            else
                unknown(place, key, {"services", "name", "approval", "promote", "pipeline"});
        }
        check(json, read, place);
        if (read.name.empty())
            read.name = read.promotes() ? fmt::format("promote to {}", read.promote_to) : names_in_words(read.services);
        return read;
    }

    void check(const Json& json, const PipelineStage& read, const std::string& place) {
        const bool promotes = json.contains("promote");
        if (promotes == json.contains("services"))
            problem_(place, promotes ? "has services and promotes" : "is empty: it has no services", kStageExpects);
        if (promotes && json.contains("approval"))
            problem_(place + "/approval", "is for services", "the approval to be asked for in the other environment");
        if (!promotes && json.contains("pipeline"))
            problem_(place + "/pipeline", "is for a stage that promotes", kStageExpects);
        if (!read.promoted_pipeline.empty() && !is_pipeline_name(read.promoted_pipeline))
            problem_(place + "/pipeline", fmt::format("is {}", in_quotes(read.promoted_pipeline)), kNameOfPipeline);
    }

    std::string text(const Json& value, const std::string& place, std::size_t longest) {
        auto word = value.is_string() ? std::string(trim(value.get_ref<const std::string&>())) : std::string();
        if (word.empty() || word.size() > longest || word != one_line(word))
            problem_(place,
                     value.is_string() ? fmt::format("is {}", in_quotes(truncate_utf8(word, longest)))
                                       : fmt::format("is {}", type_name(value)),
                     "a short text");
        return word;
    }

    std::string environment(const Json& value, const std::string& place) {
        auto word = text(value, place, kLongestStageName);
        if (!word.empty() && !is_valid_service_id(word))
            problem_(place, fmt::format("is {}", in_quotes(word)), "an environment, such as prod");
        if (word == names_.environment)
            problem_(place, "is this environment itself: the pipeline would begin again and again",
                     "another environment");
        return word;
    }

    std::vector<ServiceId> services(const std::string& name, const Json& json, const std::string& place) {
        std::vector<ServiceId> ids;
        if (!json.is_array() || json.empty()) {
            problem_(place, json.is_array() ? "is empty" : fmt::format("is {}", type_name(json)),
                     R"(a list of services, ["api","worker"])");
            return ids;
        }
        if (json.size() > kMostServicesOfStage) problem_(place, "has too many services", "at most 100");
        for (std::size_t i = 0; i < json.size(); ++i) {
            const auto at = fmt::format("{}/{}", place, i);
            const auto id = json[i].is_string()
                                ? Names::canonical(json[i].get_ref<const std::string&>(), names_.backend_name)
                                : std::nullopt;
            if (!id) {
                problem_(at,
                         json[i].is_string() ? fmt::format("is {}", in_quotes(json[i].get<std::string>()))
                                             : fmt::format("is {}", type_name(json[i])),
                         "a service id");
                continue;
            }
            const auto [known, is_new] = owners_.try_emplace(*id, name);
            if (!is_new)
                problem_(at,
                         known->second == name
                             ? fmt::format("is {}, which is in this pipeline already: it would be a cycle", *id)
                             : fmt::format("is {}, which is in the pipeline {} already", *id, known->second),
                         "each service in one stage of one pipeline");
            ids.push_back(*id);
        }
        return ids;
    }

    static std::string names_in_words(const std::vector<ServiceId>& ids) {
        constexpr std::size_t kMostNamed = 3;
        std::vector<std::string> words;
        for (std::size_t i = 0; i < std::min(ids.size(), kMostNamed); ++i) words.push_back(ids[i].str());
        if (ids.size() > kMostNamed) words.push_back(fmt::format("{} more", ids.size() - kMostNamed));
        return join(words, ", ");
    }

    const PipelineNames& names_;
    const PipelineProblem& problem_;
    const ReadStageApproval& read_approval_;
    std::map<ServiceId, std::string> owners_;  // the pipeline of each service
};

}  // namespace

std::optional<std::size_t> Pipeline::stage_of(const ServiceId& id) const {
    for (std::size_t i = 0; i < stages.size(); ++i)
        if (std::ranges::find(stages[i].services, id) != stages[i].services.end()) return i;
    return std::nullopt;
}

std::vector<ServiceId> Pipeline::services() const {
    std::vector<ServiceId> all;
    for (const auto& stage : stages) all.insert(all.end(), stage.services.begin(), stage.services.end());
    return all;
}

bool is_pipeline_name(std::string_view text) {
    constexpr std::size_t kLongest = 30;
    return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

Pipelines read_pipelines(std::string_view text, const PipelineNames& names, const PipelineProblem& problem,
                         const ReadStageApproval& read_approval) {
    const auto json = parse_json(text);
    if (!json) {
        problem("", fmt::format("is no JSON: {}", json.error().message), R"({"release":{"stages":[..]}})");
        return {};
    }
    return PipelineReader(names, problem, read_approval).read(*json);
}

}  // namespace ci_lambda
