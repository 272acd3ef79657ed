/// Collects stored rows that an operator puts out and makes columns of them.
#pragma once

#include "sluice/ops/output.hpp"
#include "sluice/table/ops/row_codec.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::table {

/// Rows by the bytes that a codec wrote, with a number behind the columns if wanted.
class stored_output {
public:
  stored_output(std::shared_ptr<const row_codec> codec, output_port& out, bool numbered)
    : codec_(std::move(codec)), out_(out), numbered_(numbered) {}

  /// The bytes stay where they are until the next `flush`.
  void add(row_kind kind, const char* row, std::int64_t number = 0) {
    kinds_.push_back(kind);
    rows_.push_back(row);
    if (numbered_) numbers_.push_back(number);
  }
  bool full() const noexcept { return rows_.size() >= default_batch_rows; }
  void flush();

private:
  std::shared_ptr<const row_codec> codec_;
  output_port& out_;
  bool numbered_;
  std::vector<row_kind> kinds_;
  std::vector<const char*> rows_;
  std::vector<std::int64_t> numbers_;
  columnar_batch batch_;
};

} // namespace sluice::table
