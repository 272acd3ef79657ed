#include "sluice/table/ops/batch_rows.hpp"

#include "sluice/core/check.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::table {

namespace {

/// Smaller batches are copied together.
constexpr std::size_t small_batch = default_batch_rows / 4;

} // namespace

/// The batches at a barrier; nobody changes them any more.
class batch_rows::view final : public state_snapshot {
public:
  view(std::string name, std::string schema, std::vector<std::shared_ptr<columnar_batch>> batches,
       std::uint32_t max_parallelism)
    : name_(std::move(name)), schema_(std::move(schema)), batches_(std::move(batches)),
      max_parallelism_(max_parallelism) {}

  void write(snapshot_writer& out, std::string_view operator_uid) override {
    out.begin_state(operator_uid, name_, state_kind::keyed, schema_);
    struct place {
      std::uint32_t batch;
      std::uint32_t row;
    };
    std::vector<std::vector<place>> groups(max_parallelism_);
    for (std::uint32_t b = 0; b < batches_.size(); ++b)
      for (std::uint32_t i = 0; i < batches_[b]->size(); ++i)
        groups[key_group_of(batches_[b]->hashes()[i], max_parallelism_)].push_back({b, i});
    std::vector<std::uint32_t> rows;
    byte_writer bytes;
    for (std::uint32_t g = 0; g < groups.size(); ++g) {
      const auto& places = groups[g];
      if (places.empty()) continue;
      out.begin_group(g);
      columnar_batch part;
      auto flush = [&] {
        bytes.buffer().clear();
        part.encode(bytes);
        out.append(bytes.view());
        part.clear();
      };
      for (std::size_t k = 0; k < places.size();) {
        auto from = places[k].batch;
        rows.clear();
        while (k < places.size() && places[k].batch == from
               && part.size() + rows.size() < default_batch_rows)
          rows.push_back(places[k++].row);
        part.append_rows(*batches_[from], selection(rows));
        if (part.size() >= default_batch_rows) flush();
      }
      if (!part.empty()) flush();
    }
  }

private:
  std::string name_;
  std::string schema_;
  std::vector<std::shared_ptr<columnar_batch>> batches_;
  std::uint32_t max_parallelism_;
};

void batch_rows::add(columnar_batch& rows) {
  SLUICE_CHECK(rows.has_hashes(), "rows of a keyed batch without hashes");
  if (rows.empty()) return;
  rows.drop_timestamps();
  num_rows_ += rows.size();
  // A batch that a snapshot shares is not changed.
  if (rows.size() < small_batch && !batches_.empty() && batches_.back().use_count() == 1
      && batches_.back()->size() + rows.size() <= default_batch_rows) {
    auto& last = *batches_.back();
    bytes_ -= last.bytes();
    last.append_rows(rows, selection(rows.size()));
    bytes_ += last.bytes();
    return;
  }
  auto held = std::make_shared<columnar_batch>();
  held->swap_contents(rows);
  bytes_ += held->bytes();
  batches_.push_back(std::move(held));
}

std::string batch_rows::schema() const {
  std::string text = "columnar rows v1:";
  for (const auto& t : types_) text += " " + t.as_nullable().to_string() + ";";
  return text;
}

void batch_rows::clear() {
  batches_.clear();
  num_rows_ = bytes_ = others_bytes_ = 0;
  last_column_ = nullptr;
}

const columnar_batch& batch_rows::together() {
  auto all = std::make_shared<columnar_batch>(types_);
  take_each([&](columnar_batch& rows) { all->append_rows(rows, selection(rows.size())); });
  num_rows_ = all->size();
  bytes_ = all->bytes();
  batches_.push_back(all);
  return *all;
}

std::unique_ptr<state_snapshot> batch_rows::snapshot(const std::string& name) {
  auto batches = batches_;
  if (last_column_) {
    const auto& rows = *batches_.front();
    std::vector<column_ptr> columns;
    for (std::size_t c = 0; c + 1 < rows.num_columns(); ++c) columns.push_back(rows.share(c));
    columns.push_back(last_column_());
    auto copy = std::make_shared<columnar_batch>(std::move(columns), rows.size());
    std::copy_n(rows.hashes(), rows.size(), copy->make_hashes());
    batches.assign(1, std::move(copy));
  }
  return std::make_unique<view>(name, schema(), std::move(batches), max_parallelism_);
}

void batch_rows::restore(const restored_group& group, const std::string& written_schema) {
  if (written_schema != schema())
    throw state_error("it holds \"" + written_schema + "\", the program wants \"" + schema()
                      + "\"");
  byte_reader in(group.bytes);
  while (!in.at_end()) {
    columnar_batch rows;
    rows.decode(in);
    if (!rows.has_hashes() || rows.num_columns() != types_.size())
      throw format_error("corrupt data: not rows of this state");
    add(rows);
  }
}

} // namespace sluice::table
