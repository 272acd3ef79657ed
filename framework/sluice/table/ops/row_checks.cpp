// Operators that look at rows and let them pass or not.
#include "sluice/table/expr/cast.hpp"
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/types/utf8.hpp"

#include <fmt/format.h>

#include <memory>

namespace sluice::table {

namespace {

class drop_changes final : public stream_operator {
public:
  drop_changes(bool update_before, bool deletes)
    : update_before_(update_before), deletes_(deletes) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.insert_only()) return ports_[0].push(in);
    rows_.clear();
    const auto* kinds = in.kinds();
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      auto drop = (kinds[i] == row_kind::update_before && update_before_)
                  || (kinds[i] == row_kind::delete_ && deletes_);
      if (!drop) rows_.push_back(i);
    }
    in.keep_rows(selection(rows_));
    ports_[0].push(in);
  }

private:
  bool update_before_;
  bool deletes_;
  std::vector<std::uint32_t> rows_;
};

class not_null_enforcer final : public stream_operator {
public:
  not_null_enforcer(std::vector<relation_column> columns, bool drop)
    : columns_(std::move(columns)), drop_(drop) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    if (drop_) dropped_ = context.make_counter("records_with_null_dropped");
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    auto bad = false;
    for (std::size_t c = 0; c < columns_.size(); ++c)
      if (!columns_[c].type.nullable() && in.at(c).may_have_nulls()) bad |= find_nulls(in, c);
    if (bad) leave_out(in);
    ports_[0].push(in);
  }

private:
  /// Marks the rows where column `c` is NULL. Errors: there is one, and it may not be dropped.
  bool find_nulls(const columnar_batch& in, std::size_t c) {
    auto found = false;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!in.at(c).is_null(i)) continue;
      if (!drop_)
        throw error(fmt::format("column '{}' is NOT NULL, however, a null value is being written "
                                "into it: {}; set 'table.exec.sink.not-null-enforcer' = 'DROP' to "
                                "leave such rows out",
                                columns_[c].name, in.row_text(i)));
      if (!found && null_rows_.size() != in.size()) null_rows_.assign(in.size(), 0);
      found = true;
      null_rows_[i] = 1;
    }
    return found;
  }

  void leave_out(columnar_batch& in) {
    rows_.clear();
    for (std::uint32_t i = 0; i < in.size(); ++i)
      if (null_rows_[i] == 0) rows_.push_back(i);
    dropped_->add(in.size() - rows_.size());
    null_rows_.clear();
    in.keep_rows(selection(rows_));
  }

  std::vector<relation_column> columns_;
  bool drop_;
  std::shared_ptr<counter> dropped_;
  std::vector<std::uint8_t> null_rows_;
  std::vector<std::uint32_t> rows_;
};

class length_enforcer final : public stream_operator {
public:
  length_enforcer(std::vector<relation_column> columns, bool trim_pad)
    : columns_(std::move(columns)), trim_pad_(trim_pad) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    for (std::size_t c = 0; c < columns_.size(); ++c)
      if (has_length(columns_[c].type) && !all_fit(in, c)) fit(in, c);
    ports_[0].push(in);
  }

private:
  bool all_fit(const columnar_batch& in, std::size_t c) {
    const auto& values = in.at(c);
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (values.is_null(i)) continue;
      auto text = values.text(i);
      auto fitted = fit_text(buffer_, text, columns_[c].type);
      if (fitted.size() == text.size()) continue;
      if (trim_pad_) return false;
      throw error(fmt::format("column '{}' is {}, however, a value of length {} is being written "
                              "into it: {}; 'table.exec.sink.type-length-enforcer' says what "
                              "happens then",
                              columns_[c].name, columns_[c].type.as_nullable().to_string(),
                              columns_[c].type.is_binary() ? text.size() : utf8::length(text),
                              in.row_text(i)));
    }
    return true;
  }

  /// Writes the column anew: others may hold the one that is there.
  void fit(columnar_batch& in, std::size_t c) {
    column fitted(in.at(c).type());
    fitted.reset(in.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in.at(c).is_null(i))
        fitted.set_null(i);
      else
        fitted.set_text(i, fit_text(buffer_, in.at(c).text(i), columns_[c].type));
    }
    in.writable(c) = std::move(fitted);
  }

  std::vector<relation_column> columns_;
  bool trim_pad_;
  std::string buffer_;
};

} // namespace

bool has_length(const data_type& type) noexcept {
  return (type.is_character() || type.is_binary()) && type.length() != data_type::max_length;
}

operator_factory make_drop_changes(bool update_before, bool deletes) {
  return [=] { return std::make_unique<drop_changes>(update_before, deletes); };
}

operator_factory make_not_null_enforcer(std::vector<relation_column> columns, bool drop) {
  return [columns = std::move(columns), drop] {
    return std::make_unique<not_null_enforcer>(columns, drop);
  };
}

operator_factory make_length_enforcer(std::vector<relation_column> columns, bool trim_pad) {
  return [columns = std::move(columns), trim_pad] {
    return std::make_unique<length_enforcer>(columns, trim_pad);
  };
}

} // namespace sluice::table
