#include "config/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/document_source.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kServices = "/services";
constexpr std::string_view kDefaults = "/defaults";
constexpr std::string_view kSchema = "/$schema";  // what editors look for; says nothing to us

constexpr std::size_t kLongestPointer = 200;

/// "60, a string", "an array": what stands there, for a message. Nothing of a secret.
std::string found_instead(const Json& value, bool secret) {
    if (secret || value.is_structured() || value.is_null()) return std::string(type_name(value));
    if (value.is_string()) return fmt::format("{}, a string", in_quotes(value.get_ref<const std::string&>()));
    return shown(dump_json(value));
}

/// A whole number, also when it is written as 60.0: JSON knows one kind of number.
std::optional<double> whole_number(const Json& value) {
    if (!value.is_number()) return std::nullopt;
    const auto number = value.get<double>();
    if (std::trunc(number) != number) return std::nullopt;
    return number;
}

}  // namespace

std::string shown_pointer(std::string_view parent, std::string_view key) { return json_pointer(parent, shown(key)); }

std::string expected_in_document(const Setting& setting) {
    switch (setting.type) {
        case SettingType::kBoolean: return "true or false";
        case SettingType::kList: return "a list of strings";
        case SettingType::kVerify:
            return setting.name == "VERIFY_URLS" ? "a list of URLs" : "a list of names of alarms";
        case SettingType::kFreezes: return "a list of freezes";
        case SettingType::kTargets:
        case SettingType::kPipelines:
        case SettingType::kChannels:
        case SettingType::kNotify:
        case SettingType::kTasks: return "an object such as " + std::string(setting.expects);
        default: return std::string(setting.expects);
    }
}

/// Goes through the JSON once.
class Document::Walk {
public:
    explicit Walk(Document& document) : document_(document) {}

    /// An object that holds settings, or further such objects.
    void group(const Json& object, const std::string& pointer) {
        if (!object.is_object()) return problem(pointer, fmt::format("is {}", type_name(object)), "an object");
        const auto known = keys_below(pointer);
        for (const auto& [key, value] : object.items()) {
            const auto place = json_pointer(pointer, key);
            if (place == kServices) {
                services(value);
            } else if (place == kDefaults) {
                defaults(value);
            } else if (const auto* setting = setting_at(place)) {
                leaf(*setting, value);
            } else if (std::ranges::find(known, key) == known.end()) {
                unknown(pointer, key, known);
            } else if (place != kSchema) {
                group(value, place);
            }
        }
    }

private:
    void problem(std::string pointer, std::string what, std::string expects = {}) {
        document_.problems_.push_back(
            {.pointer = std::move(pointer), .what = std::move(what), .expects = std::move(expects)});
    }

    void unknown(std::string_view parent, const std::string& key, const std::vector<std::string>& known) {
        const auto meant = closest(key, known);
        problem(shown_pointer(parent, key), "is not known",
                meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
    }

    static const Setting* setting_at(std::string_view pointer) {
        const auto found = std::ranges::find(settings(), pointer, &Setting::pointer);
        return found == settings().end() || pointer.empty() ? nullptr : &*found;
    }

    /// The keys that an object at this place may have.
    static std::vector<std::string> keys_below(const std::string& pointer) {
        std::set<std::string> keys;
        if (pointer.empty()) keys.insert({"$schema", "defaults", "services"});
        for (const auto& setting : settings()) {
            if (setting.is_per_service() || !setting.pointer.starts_with(pointer + "/")) continue;
            const auto rest = setting.pointer.substr(pointer.size() + 1);
            keys.emplace(rest.substr(0, rest.find('/')));
        }
        return {keys.begin(), keys.end()};
    }

    void leaf(const Setting& setting, const Json& value) {
        if (setting.type == SettingType::kList) return list(setting, value);
        if (auto text = text_of(setting, value)) {
            document_.texts_[setting.name] = *std::move(text);
            return;
        }
        if (value.is_string() && value.get_ref<const std::string&>().empty())
            return problem(std::string(setting.pointer), "is empty; leave it out", expected_in_document(setting));
        auto what = fmt::format("is {}", found_instead(value, setting.secret));
        if (setting.type == SettingType::kChoice && value.is_string()) {
            const std::vector<std::string> words(setting.choices.begin(), setting.choices.end());
            if (const auto meant = closest(to_lower(value.get_ref<const std::string&>()), words))
                what += fmt::format(" (did you mean \"{}\"?)", *meant);
        }
        problem(std::string(setting.pointer), std::move(what), expected_in_document(setting));
    }

    /// What would stand in the variable; `nullopt` for a value of the wrong type.
    static std::optional<std::string> text_of(const Setting& setting, const Json& value) {
        switch (setting.type) {
            case SettingType::kBoolean:
                return value.is_boolean() ? std::optional<std::string>(value.get<bool>() ? "true" : "false")
                                          : std::nullopt;
            case SettingType::kInteger: return number_text(setting, value);
            case SettingType::kChoice: {
                const auto text = plain_text(value);
                const bool known = text && std::ranges::find(setting.choices, *text) != setting.choices.end();
                return known ? text : std::nullopt;
            }
            case SettingType::kTargets:
            case SettingType::kPipelines:
            case SettingType::kChannels:
            case SettingType::kNotify:
            case SettingType::kTasks: return value.is_object() ? std::optional(dump_json(value)) : std::nullopt;
            case SettingType::kStrategy: return value.is_object() ? dump_json(value) : plain_text(value);
            case SettingType::kFreezes:
            case SettingType::kVerify: return value.is_array() ? std::optional(dump_json(value)) : std::nullopt;
            default: return plain_text(value);
        }
    }

    static std::optional<std::string> plain_text(const Json& value) {
        if (!value.is_string() || value.get_ref<const std::string&>().empty()) return std::nullopt;
        return value.get<std::string>();
    }

    static std::optional<std::string> number_text(const Setting& setting, const Json& value) {
        const auto number = whole_number(value);
        if (!number || *number < 0 || *number > setting.largest) return std::nullopt;
        const auto whole = static_cast<unsigned>(*number);
        if (whole < setting.smallest && (whole != 0 || !setting.or_zero)) return std::nullopt;
        return std::to_string(whole);
    }

    /// With commas between the items, so an item itself must not have any.
    void list(const Setting& setting, const Json& value) {
        const std::string pointer(setting.pointer);
        if (!value.is_array()) return wrong(value, pointer, expected_in_document(setting));
        std::vector<std::string> items;
        for (std::size_t i = 0; i < value.size(); ++i) {
            auto text = plain_text(value[i]);
            if (!text || text->contains(','))
                wrong(value[i], fmt::format("{}/{}", pointer, i), "one of them in a string");
            else
                items.push_back(*std::move(text));
        }
        document_.texts_[setting.name] = join(items, ",");
    }

    void defaults(const Json& value) {
        const std::string pointer(kDefaults);
        if (!value.is_object()) return problem(pointer, fmt::format("is {}", type_name(value)), "an object");
        std::vector<std::string> known;
        for (const auto& member : service_members())
            if (member.has_default()) known.emplace_back(member.key);
        for (const auto& [key, given] : value.items()) {
            if (std::ranges::find(known, key) == known.end())
                unknown(pointer, key, known);
            else if (key == "tags")
                read(given, json_pointer(pointer, key), document_.default_tags_, expected_of("tags"));
            else
                read(given, json_pointer(pointer, key), document_.default_auto_deploy_, expected_of("auto_deploy"));
        }
    }

    static std::string expected_of(std::string_view key) {
        return std::string(std::ranges::find(service_members(), key, &ServiceMember::key)->expects);
    }

    void services(const Json& value) {
        const std::string pointer(kServices);
        if (!value.is_object()) return problem(pointer, fmt::format("is {}", type_name(value)), R"({"ID": {..}, ..})");
        for (const auto& [key, members] : value.items()) {
            DocumentService service{.key = key, .pointer = shown_pointer(pointer, key)};
            if (members.is_object())
                one_service(members, service);
            else
                problem(service.pointer, fmt::format("is {}", type_name(members)),
                        "an object; an empty one says only that the service is ours");
            document_.services_.push_back(std::move(service));
        }
    }

    void one_service(const Json& members, DocumentService& service) {
        for (const auto& [key, value] : members.items()) {
            const auto member = std::ranges::find(service_members(), key, &ServiceMember::key);
            if (member == service_members().end()) {
                std::vector<std::string> known;
                for (const auto& one : service_members()) known.emplace_back(one.key);
                unknown(service.pointer, key, known);
                continue;
            }
            const auto place = json_pointer(service.pointer, key);
            const std::string expects(member->expects);
            if (key == "service_name") read(value, place, service.service_name, expects);
            if (key == "task_family") read(value, place, service.task_family, expects);
            if (key == "repositories") read(value, place, service.repositories, expects);
            if (key == "parameters") read(value, place, service.parameters, expects);
            if (key == "files") read(value, place, service.files, expects);
            if (key == "auto_deploy") read(value, place, service.auto_deploy, expects);
            if (key == "image_mode") read(value, place, service.image_mode, expects);
            if (key == "tags") read(value, place, service.tags, expects);
            if (key == "strategy" && value.is_object())
                service.strategy = dump_json(value);
            else if (key == "strategy")
                read(value, place, service.strategy, expects);
            if (key == "verify") service.verify = dump_json(value);
            if (key == "approval") service.approval = dump_json(value);
            if (key == "before") service.before = dump_json(value);
            if (key == "after") service.after = dump_json(value);
            if (key == "freezes") service.freezes = dump_json(value);
            if (key == "notify") service.notify = dump_json(value);
        }
    }

    void wrong(const Json& value, const std::string& place, const std::string& expects) {
        const bool empty = value.is_string() && value.get_ref<const std::string&>().empty();
        problem(place, empty ? "is empty" : fmt::format("is {}", found_instead(value, false)), expects);
    }

    void read(const Json& value, const std::string& place, std::optional<bool>& into, const std::string& expects) {
        if (!value.is_boolean()) return wrong(value, place, expects);
        into = value.get<bool>();
    }

    void read(const Json& value, const std::string& place, std::optional<std::string>& into,
              const std::string& expects) {
        auto text = plain_text(value);
        if (!text) return wrong(value, place, expects);
        into = std::move(text);
    }

    void read(const Json& value, const std::string& place, std::vector<std::string>& into, const std::string& expects) {
        if (!value.is_array()) return wrong(value, place, expects);
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (auto text = plain_text(value[i]))
                into.push_back(*std::move(text));
            else
                wrong(value[i], fmt::format("{}/{}", place, i), "a string");
        }
    }

    /// Also an empty list says something. Items keep their places.
    void read(const Json& value, const std::string& place, std::optional<std::vector<std::string>>& into,
              const std::string& expects) {
        if (!value.is_array()) return wrong(value, place, expects);
        into.emplace();
        for (std::size_t i = 0; i < value.size(); ++i) {
            auto text = plain_text(value[i]);
            if (!text) wrong(value[i], fmt::format("{}/{}", place, i), "a string");
            into->push_back(std::move(text).value_or(""));
        }
    }

    void read(const Json& value, const std::string& place, std::vector<S3File>& into, const std::string& expects) {
        if (!value.is_array()) return wrong(value, place, expects);
        for (std::size_t i = 0; i < value.size(); ++i) file(value[i], fmt::format("{}/{}", place, i), into);
    }

    void file(const Json& value, const std::string& place, std::vector<S3File>& into) {
        static const std::vector<std::string> known{"bucket", "key"};
        constexpr const char* kFile = R"({"bucket": "..", "key": ".."})";
        if (!value.is_object()) return wrong(value, place, kFile);
        for (const auto& [key, unused] : value.items())
            if (std::ranges::find(known, key) == known.end()) unknown(place, key, known);
        std::optional<std::string> bucket;
        std::optional<std::string> key;
        for (auto* part : {&bucket, &key}) {
            const auto& name = part == &bucket ? known[0] : known[1];
            if (const auto member = value.find(name); member != value.end())
                read(*member, json_pointer(place, name), *part, "a string");
            else
                problem(json_pointer(place, name), "is missing", kFile);
        }
        if (bucket && key) into.push_back({.bucket = *std::move(bucket), .key = *std::move(key)});
    }

    Document& document_;
};

Result<Document> Document::parse(const DocumentText& text) {
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorKind::kConfiguration, fmt::format("the configuration document ({}) {}", text.source, why));
    };
    if (text.text.size() > kMaxDocumentBytes) return refuse("is larger than a megabyte");
    auto json = parse_written_json(text.text);
    if (!json) return refuse(fmt::format("cannot be read: {}", json.error().message));
    if (!json->value.is_object()) return refuse(fmt::format("is {}; expected a JSON object", type_name(json->value)));

    Document document(text.source);
    for (const auto& pointer : json->repeated_keys)
        document.problems_.push_back(
            {.pointer = one_line(pointer, kLongestPointer), .what = "stands there twice", .expects = {}});
    Walk(document).group(json->value, "");
    return document;
}

std::optional<std::string> Document::text(const Setting& setting) const {
    const auto found = texts_.find(setting.name);
    if (found == texts_.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

bool Document::has_service_member(std::string_view key) const {
    if (key == "tags" && default_tags_) return true;
    return std::ranges::any_of(services_, [&](const DocumentService& service) {
        if (key == "service_name") return service.service_name || service.task_family;
        if (key == "repositories") return !service.repositories.empty();
        if (key == "parameters") return !service.parameters.empty();
        if (key == "files") return !service.files.empty();
        if (key == "image_mode") return service.image_mode.has_value();
        if (key == "tags") return service.tags.has_value();
        if (key == "strategy") return service.strategy.has_value();
        if (key == "verify") return service.verify.has_value();
        if (key == "approval") return service.approval.has_value();
        if (key == "before") return service.before.has_value();
        if (key == "after") return service.after.has_value();
        if (key == "freezes") return service.freezes.has_value();
        if (key == "notify") return service.notify.has_value();
        return key == "auto_deploy" && service.auto_deploy.has_value();
    });
}

}  // namespace ci_lambda
