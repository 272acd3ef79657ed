#include "sluice/table/ops/group_engine.hpp"

namespace sluice::table::detail {

namespace {

/// GROUP BY of bounded input.
class final_groups final : public group_engine {
public:
  explicit final_groups(group_surroundings s)
    : group_engine(s, value_of(s.spec), s.spec.input_retracts ? sizeof(group_header) : 0) {}

  void finish() override {
    if (spec().keys.empty() && !put_out_ && table().size() == 0) {
      // Of no rows there is a result as well.
      std::uint64_t hash = 0;
      std::byte* value = nullptr;
      table().find_or_insert({}, &hash, selection(1), &value, nullptr);
    }
    finish_keys();
  }

  void finish_keys() override {
    std::vector<const std::byte*> values;
    values.reserve(default_batch_rows);
    table().for_each([&](std::byte* v) {
      if (spec().input_retracts && !spec().keys.empty() && header_of(v).rows <= 0) return;
      values.push_back(v);
      if (values.size() < default_batch_rows) return;
      put_out(values);
      values.clear();
    });
    if (!values.empty()) put_out(values);
    with_.states.clear();
  }

private:
  static std::shared_ptr<const row_value> value_of(const group_aggregate_spec& spec) {
    if (spec.input_retracts) return std::make_shared<group_value>(spec.calls);
    return std::make_shared<states_value>(spec.calls);
  }

  void handle() override {
    auto* const* values = groups_.values();
    if (spec().input_retracts)
      for (std::size_t i = 0; i < groups_.size(); ++i)
        header_of(values[i]).rows += groups_.change(i);
    if (spec().keys.empty())
      groups_.apply_to_one(values[0]);
    else
      groups_.apply(values, selection(groups_.size()));
  }

  void put_out(const std::vector<const std::byte*>& values) {
    auto columns = make_columns(key_types_, values.size());
    table().append_keys(values.data(), values.size(), pointers_to(columns));
    auto results = make_columns(groups_.calls().results(), values.size());
    groups_.calls().emit(values.data(), values.size(), pointers_to(results));
    std::vector<column_ptr> all(columns.begin(), columns.end());
    all.insert(all.end(), results.begin(), results.end());
    out_.assign(std::move(all), values.size());
    with_.port.push(out_);
    put_out_ = true;
  }

  columnar_batch out_;
  bool put_out_ = false; ///< something was put out, so that no row of no input is due
};

} // namespace

std::unique_ptr<group_engine> make_final_groups(group_surroundings s) {
  return std::make_unique<final_groups>(s);
}

} // namespace sluice::table::detail
