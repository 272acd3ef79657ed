#include "sluice/connect/table/internal/partition_bucketer.hpp"

#include "sluice/connect/table/internal/partition_path.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/text.hpp"

#include <algorithm>
#include <unordered_map>

namespace sluice::table::internal {

namespace {

class partition_bucketer final : public file_bucketer {
public:
  partition_bucketer(std::vector<partition_column> columns, std::string default_partition)
    : columns_(std::move(columns)), default_(std::move(default_partition)) {}

  void assign(const batch& records, std::vector<std::uint32_t>& buckets) override {
    const auto& rows = as_columnar(records);
    buckets.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      key_.clear();
      for (const auto& p : columns_) append_key(rows.at(p.column), i);
      // Rows of one partition mostly follow each other.
      if (i > 0 && key_ == last_key_) {
        buckets[i] = buckets[i - 1];
        continue;
      }
      last_key_ = key_;
      auto at = numbers_.find(key_);
      if (at == numbers_.end()) at = numbers_.emplace(key_, number_of(path_of(rows, i))).first;
      buckets[i] = at->second;
    }
  }

  const std::string& name_of(std::uint32_t bucket) const override { return names_[bucket]; }

private:
  /// The value's bytes, such that different values never look alike.
  void append_key(const column& c, std::size_t row) {
    if (c.is_null(row)) {
      key_ += '\0';
      return;
    }
    key_ += '\1';
    if (c.physical() == physical_type::string) {
      auto text = c.text(row);
      auto size = static_cast<std::uint32_t>(text.size());
      key_.append(reinterpret_cast<const char*>(&size), sizeof size);
      key_ += text;
      return;
    }
    visit_physical(c.physical(), [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      key_.append(reinterpret_cast<const char*>(&c.value<T>(row)), sizeof(T));
    });
  }

  /// Different values may have the same directory: NULL and the empty text.
  std::uint32_t number_of(std::string path) {
    auto at = std::find(names_.begin(), names_.end(), path);
    if (at == names_.end()) at = names_.insert(at, std::move(path));
    return static_cast<std::uint32_t>(at - names_.begin());
  }

  std::string path_of(const columnar_batch& rows, std::size_t row) const {
    std::string path;
    for (const auto& p : columns_) {
      const auto& c = rows.at(p.column);
      std::string value;
      if (!c.is_null(row)) append_cast_text(value, c, row, time_zone());
      if (!path.empty()) path += '/';
      path += escape_path(p.name) + '=' + (value.empty() ? default_ : escape_path(value));
    }
    return path;
  }

  std::vector<partition_column> columns_;
  std::string default_;
  std::string key_;
  std::string last_key_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
};

} // namespace

std::unique_ptr<file_bucketer> make_partition_bucketer(std::vector<partition_column> columns,
                                                       std::string default_partition) {
  return std::make_unique<partition_bucketer>(std::move(columns), std::move(default_partition));
}

} // namespace sluice::table::internal
