#pragma once

#include <string>

namespace ci_lambda::sandbox {

/// Where ECS finds what stands behind the names of images: the same account's registry. Never calls ECS. Thread-safe.
class ImageRegistry {
public:
    ImageRegistry() = default;
    ImageRegistry(const ImageRegistry&) = delete;
    ImageRegistry& operator=(const ImageRegistry&) = delete;
    virtual ~ImageRegistry() = default;

    struct Resolved {
        bool is_ours = false;  ///< false: the image is in another registry, of which nothing is known
        std::string digest;    ///< empty, if it is ours: there is no such image
    };
    /// `image` as a task definition has it.
    [[nodiscard]] virtual Resolved resolve(const std::string& image) = 0;
    /// Puts another image under this name, if it is one with a tag in this registry.
    virtual void replace(const std::string& image) = 0;
};

}  // namespace ci_lambda::sandbox
