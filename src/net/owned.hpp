#pragma once

#include <memory>

namespace ci_lambda {

template <auto Free>
struct FreedBy {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};

/// An object of a C library, which a function of that library frees: `Owned<CURLU, &curl_url_cleanup>`.
template <typename T, auto Free>
using Owned = std::unique_ptr<T, FreedBy<Free>>;

}  // namespace ci_lambda
