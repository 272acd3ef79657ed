#include "sluice/table/column/key.hpp"
#include "sluice/table/ops/change_list.hpp"
#include "sluice/table/ops/group_calls.hpp"
#include "sluice/table/ops/keyed_rows.hpp"
#include "sluice/table/ops/nested_key.hpp"
#include "sluice/table/ops/operators.hpp"

#include <optional>
#include <string>
#include <utility>

namespace sluice::table {

namespace {

/// The last row of a key, and when it came.
struct last_row {
  std::int64_t touched = 0;
  std::uint32_t batch = 0; ///< the last batch with rows of the key
  std::uint32_t row = 0;   ///< and the last of those rows
  bool exists = false;
  std::string columns; ///< as keys are encoded
};

last_row& row_of(std::byte* value) { return *reinterpret_cast<last_row*>(value); }

class last_row_value final : public row_value {
public:
  explicit last_row_value(std::string types) : types_(std::move(types)) {}
  std::size_t size() const noexcept override { return (sizeof(last_row) + 15) / 16 * 16; }
  bool trivial() const noexcept override { return false; }
  void create(std::byte* value) const override { ::new (value) last_row; }
  void destroy(std::byte* value) const noexcept override { std::destroy_at(&row_of(value)); }
  void encode(const std::byte* value, byte_writer& out) const override {
    const auto& r = *reinterpret_cast<const last_row*>(value);
    out.raw(r.touched);
    out.text(r.columns);
  }
  void decode(byte_reader& in, std::byte* value) const override {
    auto touched = in.raw<std::int64_t>();
    ::new (value) last_row{touched, 0, 0, true, std::string(in.text())};
  }
  std::string schema() const override { return "last row " + types_; }
  std::size_t owned_bytes(const std::byte* value) const noexcept override {
    return reinterpret_cast<const last_row*>(value)->columns.capacity();
  }

private:
  std::string types_;
};

/// Upserts by key to a full changelog: the last row of each key is kept, so that what an upsert
/// replaces and a delete ends is known. What changes nothing goes no further.
class changelog_normalize final : public stream_operator {
public:
  changelog_normalize(std::vector<data_type> input, std::vector<std::size_t> keys,
                      bool emits_update_before, std::int64_t ttl)
    : input_(std::move(input)), keys_(std::move(keys)), emits_update_before_(emits_update_before),
      ttl_(ttl), old_(detail::make_columns(input_)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    std::vector<data_type> key_types;
    for (auto k : keys_) key_types.push_back(input_.at(k));
    std::string types;
    for (const auto& t : input_) types += (types.empty() ? "" : ", ") + t.as_nullable().to_string();
    rows_.emplace(key_types, std::make_shared<last_row_value>("(" + types + ")"),
                  context.key_groups(), context.max_parallelism());
    states_.add("rows", &*rows_);
  }

  void restored() override { request_expiry(); }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    auto n = in.size();
    if (n == 0) return;
    std::vector<const column*> keys;
    for (auto k : keys_) keys.push_back(&in.at(k));
    values_.resize(n);
    rows_->find_or_insert(keys, rows_->hashes(in, keys_), selection(n), values_.data(), nullptr);
    all_ = old_rows_and(in);
    list_changes(in);
    put_out();
    keep(in);
  }

  void on_processing_time(timestamp now) override {
    if (now < expire_at_) return;
    rows_->for_each([&](std::byte* v) {
      if (row_of(v).touched < now - ttl_) rows_->erase(v);
    });
    expire_at_ = max_timestamp;
    request_expiry();
  }

  void finish_keys() override { forget_keys(); }
  void forget_keys() override { states_.clear(); }

private:
  /// The old rows of the keys of the batch, as they were before it, and behind them the batch.
  std::vector<std::shared_ptr<column>> old_rows_and(const columnar_batch& in) {
    auto now = ttl_ > 0 ? context_->processing_clock().now() : 0;
    if (++batch_ == 0) {
      rows_->for_each([](std::byte* v) { row_of(v).batch = 0; });
      batch_ = 1;
    }
    detail::clear_columns(old_);
    previous_.assign(in.size(), none);
    std::uint32_t count = 0;
    for (std::size_t k = 0; k < in.size(); ++k) {
      auto& r = row_of(values_[k]);
      if (r.batch == batch_) continue;
      r.batch = batch_;
      if (r.exists && ttl_ > 0 && now - r.touched > ttl_) r.exists = false;
      if (r.exists) {
        byte_reader bytes(r.columns);
        for (auto& c : old_) detail::decode_key_value(bytes, *c);
        previous_[k] = count++;
      }
      r.row = none;
      r.touched = now;
    }
    num_old_ = count;
    auto all = detail::make_columns(input_);
    for (std::size_t c = 0; c < all.size(); ++c) {
      all[c]->append_range(*old_[c], 0, num_old_);
      all[c]->append_rows(in.at(c), selection(in.size()));
    }
    request_expiry();
    return all;
  }

  /// Rows are numbered as in `all_`. `row_of(v).row` is the row that is there, if `exists`.
  void list_changes(const columnar_batch& in) {
    for (std::size_t k = 0; k < in.size(); ++k) {
      auto& r = row_of(values_[k]);
      auto row = num_old_ + static_cast<std::uint32_t>(k);
      if (previous_[k] != none) r.row = previous_[k];
      switch (in.kind(k)) {
      case row_kind::update_before: // what an upsert replaces is known here
        break;
      case row_kind::delete_:
        if (r.exists) changes_.add(row_kind::delete_, 0, r.row);
        r.exists = false;
        break;
      default:
        if (!r.exists) {
          changes_.add(row_kind::insert, 0, row);
        } else if (ttl_ > 0 || !same(r.row, row)) {
          if (emits_update_before_) changes_.add(row_kind::update_before, 0, r.row);
          changes_.add(row_kind::update_after, 0, row);
        }
        r.exists = true;
        r.row = row;
      }
    }
  }

  bool same(std::uint32_t a, std::uint32_t b) const {
    for (const auto& c : all_)
      if (!rows_equal(*c, a, *c, b)) return false;
    return true;
  }

  void put_out() { changes_.flush({}, detail::views_of(all_), ports_[0]); }

  /// Keeps the rows that are there after the batch.
  void keep(const columnar_batch& in) {
    for (std::size_t k = 0; k < in.size(); ++k) {
      auto& r = row_of(values_[k]);
      // Each key once, at its last row that counts; one that is gone after its others.
      if (!r.exists || r.row != num_old_ + k) continue;
      byte_writer out(std::move(r.columns));
      out.buffer().clear();
      for (const auto& c : all_) detail::encode_key_value(out, *c, r.row);
      r.columns = out.take();
    }
    gone_.clear();
    for (std::size_t k = 0; k < in.size(); ++k) {
      auto& r = row_of(values_[k]);
      if (r.exists || r.batch != batch_) continue;
      r.batch = 0; // so that it is listed once
      gone_.push_back(values_[k]);
    }
    for (auto* v : gone_) rows_->erase(v);
  }

  void request_expiry() {
    if (ttl_ == 0 || expire_at_ != max_timestamp || rows_->size() == 0) return;
    expire_at_ = saturating_add(context_->processing_clock().now(), ttl_ + 1);
    context_->request_processing_time(expire_at_);
  }

  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::vector<data_type> input_;
  std::vector<std::size_t> keys_;
  bool emits_update_before_;
  std::int64_t ttl_;
  std::optional<keyed_rows> rows_;
  std::uint32_t batch_ = 0;
  timestamp expire_at_ = max_timestamp;

  // Of the batch at hand.
  std::vector<std::byte*> values_;
  std::vector<std::uint32_t> previous_; ///< the old row, at the first row of its key
  std::vector<std::shared_ptr<column>> old_;
  std::vector<std::shared_ptr<column>> all_;
  std::uint32_t num_old_ = 0;
  detail::change_list changes_;
  std::vector<std::byte*> gone_;
};

} // namespace

operator_factory make_changelog_normalize(std::vector<data_type> input,
                                          std::vector<std::size_t> keys, bool emits_update_before,
                                          operator_settings settings) {
  return [=, ttl = settings.state_ttl.count()] {
    return std::make_unique<changelog_normalize>(input, keys, emits_update_before, ttl);
  };
}

} // namespace sluice::table
