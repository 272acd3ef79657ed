// ORDER BY with OFFSET and LIMIT of a bounded input: everything is known before the first row goes.
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/sorted_runs.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace sluice::table {

namespace {

/// Puts out the rows between OFFSET and LIMIT of those that it is given.
class row_window {
public:
  row_window(std::uint64_t offset, std::optional<std::uint64_t> limit)
    : skip_(offset), left_(limit.value_or(std::numeric_limits<std::uint64_t>::max())) {}

  bool done() const noexcept { return left_ == 0; }

  /// Returns whether more rows are wanted.
  bool push(columnar_batch& rows, output_port& to) {
    auto n = rows.size();
    auto begin = std::min<std::uint64_t>(skip_, n);
    auto end = begin + std::min<std::uint64_t>(left_, n - begin);
    skip_ -= begin;
    left_ -= end - begin;
    if (begin == 0 && end == n) {
      to.push(rows);
    } else if (begin < end) {
      std::vector<std::uint32_t> kept;
      for (auto i = begin; i < end; ++i) kept.push_back(static_cast<std::uint32_t>(i));
      rows.keep_rows(selection(kept));
      to.push(rows);
    }
    return !done();
  }

  std::uint64_t skip() const noexcept { return skip_; }
  std::uint64_t left() const noexcept { return left_; }
  void restore(std::uint64_t skip, std::uint64_t left) noexcept {
    skip_ = skip;
    left_ = left;
  }

private:
  std::uint64_t skip_;
  std::uint64_t left_;
};

void check_inserts(const columnar_batch& in, const char* what) {
  if (!in.insert_only())
    throw error(std::string(what) + " takes rows that are inserted, not a changelog of updates");
}

class sort_operator final : public stream_operator {
public:
  sort_operator(std::vector<data_type> types, sort_node sort, bool local,
                operator_settings settings)
    : types_(std::move(types)), node_(std::move(sort)), local_(local),
      settings_(std::move(settings)), buffer_(types_, node_.keys, bound()) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    runs_.emplace(types_, settings_.temp_directory, context.operator_name());
    // A bounded input may be read in streaming mode, with checkpoints.
    state_.emplace(
      state_kind::operator_list, "sorted rows v1", [this] { return save(); },
      [this](std::string_view bytes) { load(bytes); });
    states_.add("rows to sort", &*state_);
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    check_inserts(in, "ORDER BY");
    in.drop_timestamps();
    in.drop_hashes();
    if (local_ && !node_.limit) return ports_[0].push(in); // the second phase sorts anyway
    buffer_.add(in);
    if (buffer_.bytes() > settings_.memory_limit) spill();
  }

  void finish() override {
    row_window window(local_ ? 0 : node_.offset,
                      local_ ? std::optional<std::uint64_t>() : node_.limit);
    buffer_.sort();
    if (runs_->empty()) {
      put_buffer(window);
    } else {
      if (!buffer_.empty()) runs_->add(buffer_);
      buffer_.clear();
      auto most = bound();
      std::uint64_t given = 0;
      runs_->merge([&](columnar_batch& rows) {
        given += rows.size();
        return window.push(rows, ports_[0]) && (!most || given < *most);
      });
    }
    buffer_.clear();
  }

  bool may_expand() const noexcept override { return true; }

private:
  /// Rows that matter.
  std::optional<std::uint64_t> bound() const {
    if (!node_.limit) return std::nullopt;
    auto most = std::numeric_limits<std::uint64_t>::max();
    return *node_.limit > most - node_.offset ? most : *node_.limit + node_.offset;
  }

  void spill() {
    buffer_.sort();
    runs_->add(buffer_);
    buffer_.clear();
  }

  void put_buffer(row_window& window) {
    std::vector<std::uint32_t> rows;
    for (std::size_t done = 0; done < buffer_.size() && !window.done();) {
      auto n = std::min(default_batch_rows, buffer_.size() - done);
      rows.clear();
      for (auto place = done; place < done + n; ++place) rows.push_back(buffer_.row(place));
      std::vector<column_ptr> columns;
      for (std::size_t c = 0; c < types_.size(); ++c)
        columns.push_back(gather(buffer_.rows().at(c), rows.data(), n));
      columnar_batch out(std::move(columns), n);
      window.push(out, ports_[0]);
      done += n;
    }
  }

  std::vector<std::string> save() {
    std::vector<std::string> items;
    auto add = [&](const columnar_batch& rows) {
      byte_writer out;
      rows.encode(out);
      items.push_back(out.take());
    };
    if (!runs_->empty()) { // the runs come back as one
      sorted_runs again(types_, settings_.temp_directory, context_->operator_name());
      sort_buffer part(types_, node_.keys, std::nullopt);
      runs_->merge([&](columnar_batch& rows) {
        add(rows);
        part.add(rows);
        if (part.bytes() > settings_.memory_limit) {
          part.sort();
          again.add(part);
          part.clear();
        }
        return true;
      });
      part.sort();
      if (!part.empty()) again.add(part);
      std::swap(*runs_, again);
    }
    if (!buffer_.empty()) add(buffer_.rows());
    return items;
  }

  void load(std::string_view bytes) {
    byte_reader in(bytes);
    columnar_batch rows;
    rows.decode(in);
    buffer_.add(rows);
    if (buffer_.bytes() > settings_.memory_limit) spill();
  }

  std::vector<data_type> types_;
  sort_node node_;
  bool local_;
  operator_settings settings_;
  sort_buffer buffer_;
  std::optional<sorted_runs> runs_;
  std::optional<sluice::list_entry> state_;
};

/// OFFSET and LIMIT of rows in any order.
class limit_operator final : public stream_operator {
public:
  limit_operator(std::uint64_t offset, std::optional<std::uint64_t> limit)
    : window_(offset, limit) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    state_.emplace(
      state_kind::operator_list, "offset and limit v1",
      [this] {
        byte_writer out;
        out.raw(window_.skip());
        out.raw(window_.left());
        return std::vector<std::string>{out.take()};
      },
      [this](std::string_view bytes) {
        byte_reader in(bytes);
        auto skip = in.raw<std::uint64_t>();
        window_.restore(skip, in.raw<std::uint64_t>());
      });
    states_.add("window", &*state_);
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty() || window_.done()) return;
    check_inserts(in, "LIMIT without ORDER BY");
    in.drop_hashes();
    window_.push(in, ports_[0]);
  }

private:
  row_window window_;
  std::optional<sluice::list_entry> state_;
};

} // namespace

operator_factory make_sort(std::vector<data_type> input, sort_node sort, bool local,
                           operator_settings settings) {
  for (const auto& key : sort.keys)
    if (key.column >= input.size()) throw plan_error("ORDER BY by a column that is not there");
  return [input = std::move(input), sort = std::move(sort), local,
          settings = std::move(settings)]() -> std::unique_ptr<stream_operator> {
    return std::make_unique<sort_operator>(input, sort, local, settings);
  };
}

operator_factory make_limit(std::vector<data_type> input, std::uint64_t offset,
                            std::optional<std::uint64_t> limit) {
  (void)input; // rows pass as they are
  return [offset, limit]() -> std::unique_ptr<stream_operator> {
    return std::make_unique<limit_operator>(offset, limit);
  };
}

} // namespace sluice::table
