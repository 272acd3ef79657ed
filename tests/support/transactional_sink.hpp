/// A sink whose output counts only once it is committed, kept in memory.
#pragma once

#include "sluice/core/codec.hpp"
#include "sluice/io/sink.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::testing {

/// What was committed, by transaction, so that committing twice counts once.
struct committed_output {
  std::mutex mutex;
  std::map<std::uint64_t, std::vector<std::int64_t>> transactions;
  std::atomic<std::uint64_t> next_transaction{1};
  std::atomic<int> failing_commits{0}; ///< so many of the next commits throw

  std::vector<std::int64_t> all() {
    std::lock_guard lock(mutex);
    std::vector<std::int64_t> result;
    for (auto& [id, records] : transactions)
      result.insert(result.end(), records.begin(), records.end());
    return result;
  }
};

class transactional_sink final : public sink<std::int64_t> {
public:
  explicit transactional_sink(std::shared_ptr<committed_output> output)
    : output_(std::move(output)) {}

  std::string name() const override { return "transactional"; }
  bool transactional() const noexcept override { return true; }

  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public sink_writer {
    public:
      explicit writer(std::shared_ptr<committed_output> output) : output_(std::move(output)) {}
      void open(io_context&, const std::vector<std::string>&) override {}
      void write(batch& records) override {
        for (auto x : batch_as<std::int64_t>(records)) open_.push_back(x);
      }
      std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool) override {
        if (open_.empty()) return nullptr;
        byte_writer out;
        encode_value(out, output_->next_transaction++);
        encode_value(out, std::exchange(open_, {}));
        return [bytes = out.take()] { return writer_snapshot{"", {bytes}}; };
      }
      void commit(const std::vector<std::string>& committables) override {
        std::lock_guard lock(output_->mutex);
        if (output_->failing_commits > 0) {
          --output_->failing_commits;
          throw std::runtime_error("the commit was refused");
        }
        for (auto& c : committables) {
          byte_reader in(c);
          auto id = decode_value<std::uint64_t>(in);
          output_->transactions[id] = decode_value<std::vector<std::int64_t>>(in);
        }
      }

    private:
      std::shared_ptr<committed_output> output_;
      std::vector<std::int64_t> open_;
    };
    return std::make_unique<writer>(output_);
  }

private:
  std::shared_ptr<committed_output> output_;
};

} // namespace sluice::testing
