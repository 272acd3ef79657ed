/// Collects what a streaming join puts out and makes columns of it.
#pragma once

#include "sluice/table/ops/join_algorithm.hpp"
#include "sluice/table/ops/row_list.hpp"

#include <vector>

namespace sluice::table {

/// Rows that are made of a row of a batch of one side and a stored row of the other, or of one of
/// them and NULLs.
class join_output {
public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// `codecs` decode the stored rows of the sides.
  join_output(const join_plan& plan, output_port& out,
              const std::vector<std::shared_ptr<const row_codec>>& codecs);

  /// What is added from now on is of rows of `own`, a batch of side `side`, which stays as it is
  /// until the next `flush`.
  void begin(const columnar_batch& own, std::size_t side) noexcept {
    own_ = &own;
    side_ = side;
  }

  /// Adds a row; `own` may be `none`, `other` may be null. Stored rows stay where they are until
  /// the next `flush`. `mark` is what a mark join says of the row.
  void add(row_kind kind, std::uint32_t own, const stored_row* other, bool mark = false) {
    kinds_.push_back(kind);
    if (plan_.marks()) marks_.push_back(mark ? 1 : 0);
    own_rows_.push_back(own);
    others_.push_back(other ? other->bytes() : nullptr);
    if (kinds_.size() >= default_batch_rows) [[unlikely]]
      flush();
  }

  void flush();

private:
  void append_own(std::vector<column_ptr>& to);
  void append_other(std::vector<column_ptr>& to);

  const join_plan& plan_;
  output_port& out_;
  const std::vector<std::shared_ptr<const row_codec>>& codecs_;
  const columnar_batch* own_ = nullptr;
  std::size_t side_ = 0;
  std::vector<row_kind> kinds_;
  std::vector<std::uint8_t> marks_;
  std::vector<std::uint32_t> own_rows_;
  std::vector<const char*> others_;
  columnar_batch batch_;
};

/// What a mark join says of its rows, as the column it is.
column_ptr mark_column(const std::vector<std::uint8_t>& marks);

/// Rows `rows` of `c`; NULL where the number is `join_output::none`.
column_ptr gather_or_null(const column& c, const std::vector<std::uint32_t>& rows);

/// Columns of stored rows: those in `wanted`, or all if it is null.
std::vector<column_ptr> decode_columns(const row_codec& codec, const std::vector<const char*>& rows,
                                       const std::vector<std::size_t>* wanted);

} // namespace sluice::table
