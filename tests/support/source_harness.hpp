/// Runs sources and sinks without a runtime.
#pragma once

#include "sluice/io/sink.hpp"
#include "sluice/io/source.hpp"
#include "support/fake_io_context.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::testing {

/// A directory that is gone when the test ends.
class temporary_directory {
public:
  temporary_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  /// Writes a file, with the directories above it; returns its path.
  std::string write(const std::string& name, std::string_view content) const {
    auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// One reader of a source, driven by hand.
template <class T>
class reader_harness {
public:
  explicit reader_harness(const source<T>& from, std::vector<source_split> splits)
    : reader_(from.make_reader()) {
    reader_->open(context);
    reader_->add_splits(std::move(splits));
  }

  /// Appends the next records to `out`; false at the end. Blocking work runs when it has to wait.
  bool step(std::vector<T>& out, std::size_t max_records = 1000) {
    typed_batch<T> records;
    while (true) {
      records.clear();
      auto result = reader_->poll(records, max_records);
      for (auto& record : records) out.push_back(std::move(record));
      if (result.status == poll_result::state::finished) return false;
      if (result.status == poll_result::state::waiting && !context.pump_one())
        throw std::logic_error("the reader waits for nothing");
      if (!records.empty()) return true;
    }
  }

  std::vector<T> all(std::size_t max_records = 1000) {
    std::vector<T> out;
    while (step(out, max_records)) {}
    return out;
  }

  source_reader& reader() { return *reader_; }

  fake_io_context context;

private:
  std::unique_ptr<source_reader> reader_;
};

/// All splits of a source that finds them one after the other.
inline std::vector<source_split> all_splits(const source_base& source,
                                            std::uint32_t parallelism = 1) {
  auto enumerator = source.make_enumerator(parallelism);
  auto splits = enumerator->discover();
  while (source.bounded() == boundedness::bounded && enumerator->discovery_interval())
    for (auto& split : enumerator->discover()) splits.push_back(std::move(split));
  return splits;
}

/// All records of a bounded source, read by one reader.
template <class T>
std::vector<T> read_all(const source_ptr<T>& from, std::size_t max_records = 1000) {
  from->validate();
  reader_harness<T> harness(*from, all_splits(*from));
  return harness.all(max_records);
}

} // namespace sluice::testing
