/// A source of values that the program holds.
#pragma once

#include "sluice/core/codec.hpp"
#include "sluice/io/source.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sluice {

/// Emits the elements of a vector, in order, by one reader. Bounded; replayable.
template <class T>
class collection_source final : public source<T> {
public:
  explicit collection_source(std::vector<T> elements)
    : elements_(std::make_shared<const std::vector<T>>(std::move(elements))) {}

  boundedness bounded() const noexcept override { return boundedness::bounded; }
  std::string name() const override { return "collection"; }
  std::optional<std::uint32_t> fixed_parallelism() const override { return 1; }

  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t) const override {
    class enumerator final : public split_enumerator {
      std::vector<source_split> discover() override { return {{"all", encode_position(0)}}; }
    };
    return std::make_unique<enumerator>();
  }

  std::unique_ptr<source_reader> make_reader() const override {
    return std::make_unique<reader>(elements_);
  }

private:
  static std::string encode_position(std::uint64_t position) {
    byte_writer out;
    out.raw(position);
    return out.take();
  }

  class reader final : public source_reader {
  public:
    explicit reader(std::shared_ptr<const std::vector<T>> elements)
      : elements_(std::move(elements)) {}

    void open(io_context&) override {}

    void add_splits(std::vector<source_split> splits) override {
      byte_reader in(splits.front().data);
      next_ = in.raw<std::uint64_t>();
      reading_ = true;
    }

    poll_result poll(batch& out, std::size_t max_records) override {
      if (!reading_) return {poll_result::state::finished, {}, 0, {}};
      auto& to = batch_as<T>(out);
      for (; next_ < elements_->size() && to.size() < max_records; ++next_)
        to.push_back(static_cast<const T&>((*elements_)[next_]));
      if (next_ < elements_->size()) return {};
      reading_ = false;
      return {poll_result::state::finished, {}, 0, {0}};
    }

    std::vector<source_split> snapshot() override {
      if (!reading_) return {};
      return {{"all", encode_position(next_)}};
    }

  private:
    std::shared_ptr<const std::vector<T>> elements_;
    std::uint64_t next_ = 0;
    bool reading_ = false;
  };

  std::shared_ptr<const std::vector<T>> elements_;
};

} // namespace sluice
