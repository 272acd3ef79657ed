/// The head of a source's chain: polls a reader and tells event time per split.
#pragma once

#include "sluice/io/source.hpp"
#include "sluice/ops/operator.hpp"
#include "sluice/ops/watermarks.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::ops {

/// Hosts a `source_reader`. The task calls `poll_once` instead of `process`.
class source_operator final : public stream_operator {
public:
  /// `num_side_outputs` is 1 if malformed records are read, else 0.
  source_operator(std::shared_ptr<const source_base> source, watermark_settings watermarks,
                  std::size_t num_side_outputs);

  void open(operator_context& context) override;
  void process(batch& b, std::uint32_t input) override;
  void on_processing_time(timestamp now) override;

  void add_splits(std::vector<source_split> splits);

  /// Reads one batch and pushes it through the chain.
  poll_result poll_once();

  /// Positions of the splits that are still being read.
  std::vector<source_split> snapshot_splits() { return reader_->snapshot(); }

  /// The event time that the source has told.
  timestamp watermark() const noexcept { return streams_ ? streams_->watermark() : min_timestamp; }

  void checkpoint_complete(std::uint64_t id) { reader_->checkpoint_complete(id); }

  /// Limits the records per batch (a buffer timeout of 0 wants single records).
  void set_batch_records(std::size_t n) noexcept { batch_records_ = n; }
  std::size_t batch_records() const noexcept { return batch_records_; }

private:
  void put_out_bad_records();

  std::shared_ptr<const source_base> source_;
  watermark_settings watermarks_;
  std::unique_ptr<source_reader> reader_;
  std::unique_ptr<batch> batch_;
  std::size_t batch_records_;
  std::optional<watermark_multiplexer> streams_;
  std::vector<bad_record> bad_records_;
  collector<bad_record> malformed_;
};

} // namespace sluice::ops
