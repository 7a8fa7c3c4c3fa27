#pragma once

#include <cstddef>
#include <deque>
#include <utility>

namespace ci_lambda::sandbox {

/// How much of what happens is remembered. Whichever comes first.
struct RecordBounds {
    std::size_t entries = 5000;
    std::size_t bytes = std::size_t{32} * 1024 * 1024;
};

/// The latest of what happened: the oldest is forgotten when there is more than the bounds allow. The last entry always
/// stays, however large it is.
template <typename Entry>
class BoundedRecord {
public:
    explicit BoundedRecord(RecordBounds bounds) : bounds_(bounds) {}

    /// `bytes`: what the entry takes, about.
    void add(Entry entry, std::size_t bytes) {
        entries_.emplace_back(std::move(entry), bytes);
        bytes_ += bytes;
        while (entries_.size() > 1 && (entries_.size() > bounds_.entries || bytes_ > bounds_.bytes)) {
            bytes_ -= entries_.front().second;
            entries_.pop_front();
            ++forgotten_;
        }
    }

    /// Puts another entry in the place of one that is kept.
    void replace(std::size_t index, Entry entry, std::size_t bytes) {
        bytes_ = bytes_ - entries_[index].second + bytes;
        entries_[index] = {std::move(entry), bytes};
    }

    /// How many were forgotten: all that came before the first that is kept.
    [[nodiscard]] std::size_t forgotten() const { return forgotten_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] const Entry& operator[](std::size_t index) const { return entries_[index].first; }

private:
    RecordBounds bounds_;
    std::deque<std::pair<Entry, std::size_t>> entries_;
    std::size_t bytes_ = 0;
    std::size_t forgotten_ = 0;
};

}  // namespace ci_lambda::sandbox
