#include "sluice/table/ops/sorted_runs.hpp"

#include <algorithm>

namespace sluice::table {

namespace {

/// Runs that are merged at once.
constexpr std::size_t most_runs = 64;

constexpr std::size_t block_rows = default_batch_rows;

} // namespace

/// A run while it is written.
class sorted_runs::writer {
public:
  explicit writer(run_file& file) : file_(file) {}

  void add(const columnar_batch& rows, const std::vector<std::string_view>& keys) {
    out_.buffer().clear();
    out_.varint(keys.size());
    for (auto key : keys) out_.text(key);
    rows.encode(out_);
    auto offset = file_.append(out_.view());
    run_.push_back({offset, out_.size()});
  }
  run take() { return std::move(run_); }

private:
  run_file& file_;
  byte_writer out_;
  run run_;
};

/// A run while it is read.
struct sorted_runs::reader {
  reader(const run_file& from, run all, std::size_t number)
    : file(from), blocks(std::move(all)), order(number) {}

  const run_file& file;
  run blocks;
  std::size_t order; ///< of the run
  std::size_t next_block = 0;
  std::string bytes;
  std::vector<std::string_view> keys;
  columnar_batch rows;
  std::size_t row = 0;
  std::vector<std::uint32_t> picked;

  bool load() {
    if (next_block == blocks.size()) return false;
    auto where = blocks[next_block++];
    file.read(where.offset, where.size, bytes);
    byte_reader in(bytes);
    keys.resize(in.count());
    for (auto& key : keys) key = in.text();
    rows.decode(in);
    row = 0;
    return !keys.empty();
  }
  std::string_view key() const noexcept { return keys[row]; }
};

sorted_runs::sorted_runs(std::vector<data_type> types, std::string directory,
                         std::string operator_name)
  : types_(std::move(types)), directory_(std::move(directory)),
    operator_name_(std::move(operator_name)) {}
sorted_runs::sorted_runs(sorted_runs&&) noexcept = default;
sorted_runs& sorted_runs::operator=(sorted_runs&&) noexcept = default;
sorted_runs::~sorted_runs() = default;

void sorted_runs::add(const sort_buffer& rows) {
  if (!file_) file_ = std::make_unique<run_file>(directory_, operator_name_);
  if (runs_.size() >= most_runs) merge_some();
  writer out(*file_);
  std::vector<std::uint32_t> numbers;
  std::vector<std::string_view> keys;
  for (std::size_t done = 0; done < rows.size();) {
    auto n = std::min(block_rows, rows.size() - done);
    numbers.clear();
    keys.clear();
    for (auto place = done; place < done + n; ++place) {
      numbers.push_back(rows.row(place));
      keys.push_back(rows.key(place));
    }
    columnar_batch part(types_);
    part.append_rows(rows.rows(), selection(numbers));
    out.add(part, keys);
    done += n;
  }
  runs_.push_back(out.take());
}

/// Makes one run of the oldest ones. Their space is not given back before the end.
void sorted_runs::merge_some() {
  writer out(*file_);
  merge_into(0, runs_.size(), [&](columnar_batch& rows, const auto& keys) {
    out.add(rows, keys);
    return true;
  });
  runs_.clear();
  runs_.push_back(out.take());
}

void sorted_runs::merge(const std::function<bool(columnar_batch&)>& take) {
  merge_into(0, runs_.size(), [&](columnar_batch& rows, const auto&) { return take(rows); });
  runs_.clear();
  file_.reset();
}

void sorted_runs::merge_into(std::size_t first, std::size_t last, const merged_rows& take) {
  std::vector<std::unique_ptr<reader>> readers;
  std::vector<reader*> heap;
  for (auto r = first; r < last; ++r) {
    readers.push_back(std::make_unique<reader>(*file_, runs_[r], r));
    if (readers.back()->load()) heap.push_back(readers.back().get());
  }
  auto later = [](const reader* a, const reader* b) {
    auto order = compare_keys(a->key(), b->key());
    return order != 0 ? order > 0 : a->order > b->order;
  };
  std::make_heap(heap.begin(), heap.end(), later);

  // Rows are picked by number, and made columns of before the first of their blocks goes.
  std::vector<reader*> picks;
  std::vector<std::string_view> keys;
  std::vector<std::uint32_t> places;
  auto hand_over = [&] {
    if (picks.empty()) return true;
    columnar_batch together(types_);
    std::vector<std::uint32_t> begins(readers.size());
    for (std::size_t r = 0; r < readers.size(); ++r) {
      begins[r] = static_cast<std::uint32_t>(together.size());
      together.append_rows(readers[r]->rows, selection(readers[r]->picked));
      readers[r]->picked.clear();
    }
    places.clear();
    for (auto* from : picks) places.push_back(begins[from->order - first]++);
    std::vector<column_ptr> columns;
    for (std::size_t c = 0; c < together.num_columns(); ++c)
      columns.push_back(gather(together.at(c), places.data(), places.size()));
    columnar_batch out(std::move(columns), places.size());
    bool more = take(out, keys);
    picks.clear();
    keys.clear();
    return more;
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    auto* from = heap.back();
    picks.push_back(from);
    keys.push_back(from->key());
    from->picked.push_back(static_cast<std::uint32_t>(from->row));
    bool block_done = ++from->row == from->keys.size();
    if ((block_done || picks.size() >= default_batch_rows) && !hand_over()) return;
    if (block_done && !from->load())
      heap.pop_back();
    else
      std::push_heap(heap.begin(), heap.end(), later);
  }
  hand_over();
}

} // namespace sluice::table
