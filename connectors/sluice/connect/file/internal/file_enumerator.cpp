#include "sluice/connect/file/internal/file_split.hpp"
#include "sluice/connect/file/internal/posix_file.hpp"
#include "sluice/connect/format/record_scan.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <vector>

namespace sluice::internal {

namespace fs = std::filesystem;

std::string file_split::encode() const {
  byte_writer out;
  out.varint(1); // version
  out.text(path);
  out.varint(begin);
  out.varint(end);
  out.varint(position);
  return out.take();
}

file_split file_split::decode(std::string_view data) {
  byte_reader in(data);
  if (in.varint() != 1) throw format_error("unknown version of a file split");
  file_split split;
  split.path = in.text();
  split.begin = in.varint();
  split.end = in.varint();
  split.position = in.varint();
  return split;
}

void validate_file_source(const file_source_spec& spec) {
  if (spec.path.empty()) throw plan_error("file source: the path is empty");
  if (spec.options.split_bytes == 0 || spec.options.block_bytes == 0)
    throw plan_error("file source: split_bytes and block_bytes must be positive");
  if (spec.options.monitor_interval && *spec.options.monitor_interval <= duration::zero())
    throw plan_error("file source: monitor_interval must be positive");
  if (!spec.options.regex.empty()) {
    try {
      std::regex compiled(spec.options.regex);
    } catch (const std::regex_error& e) {
      throw plan_error(fmt::format("file source: the regular expression '{}' is wrong: {}",
                                   spec.options.regex, e.what()));
    }
  }
  spec.format->validate();
}

namespace {

/// What runs before have cut of a file: all that is before `end`, and whether that is the whole.
struct known_part {
  std::uint64_t end = 0;
  bool whole = false;
};

/// A file by whatever name the program calls it.
std::string identity_of(const std::string& path) {
  return fs::absolute(path).lexically_normal().string();
}

/// `<file>@<begin>-<end>`, with the word "end" in the last split of a file: whoever goes on from a
/// checkpoint knows from the ids alone what is left to cut, whatever `split_bytes` says now.
std::string id_of(const file_split& split, bool last) {
  auto file = identity_of(split.path);
  return last ? fmt::format("{}@{}-end", file, split.begin)
              : fmt::format("{}@{}-{}", file, split.begin, split.end);
}

void note_known(std::map<std::string, known_part>& parts, std::string_view id) {
  auto at = id.rfind('@');
  auto dash = at == id.npos ? id.npos : id.find('-', at);
  std::uint64_t end = 0;
  auto text = dash == id.npos ? std::string_view{} : id.substr(dash + 1);
  auto number = std::from_chars(text.data(), text.data() + text.size(), end);
  bool whole = text == "end";
  if (!whole && (number.ec != std::errc{} || number.ptr != text.data() + text.size()))
    throw format_error(
      fmt::format("file source: the checkpoint knows a split '{}', which is not of "
                  "this version",
                  id));
  auto& part = parts[std::string(id.substr(0, at))];
  part.whole |= whole;
  part.end = std::max(part.end, end);
}

/// Finds where records start, in a pass that skips what it can.
class file_cutter {
public:
  /// Cuts what is behind `begin`, where a record starts. REQUIRES: `file` stays where it is.
  file_cutter(const posix_file& file, std::uint64_t begin, const record_layout& layout)
    : file_(file), layout_(layout), scanner_(layout), buffer_(256 * 1024, '\0'), position_(begin) {
    // Passed over, so that a quote behind it opens a field. A split of it alone holds no record.
    if (begin == 0 && read(byte_order_mark.size()) == byte_order_mark)
      position_ = byte_order_mark.size();
  }

  /// The first record start at or behind `target`, or the file's end. Targets must increase.
  std::uint64_t next_start(std::uint64_t target, std::uint64_t file_size) {
    // A record starts at `target` if the byte before it ends one.
    auto from = target - 1;
    if (!layout_.quoted_newlines) position_ = std::max(position_, from);
    while (position_ < from)
      position_ += pass_over(std::min<std::uint64_t>(from - position_, buffer_.size()));
    if (position_ > from) return position_;
    while (position_ < file_size) {
      auto bytes = read(buffer_.size());
      if (bytes.empty()) break;
      auto end = scanner_.find_end(bytes);
      if (end != std::string_view::npos) return position_ += end;
      position_ += bytes.size();
    }
    return file_size;
  }

private:
  std::uint64_t pass_over(std::size_t size) {
    auto bytes = read(size);
    if (bytes.empty()) return size; // the file became shorter: its reader will say so
    scanner_.skip(bytes);
    return bytes.size();
  }

  std::string_view read(std::size_t size) {
    auto got = file_.read_at(position_, buffer_.data(), size);
    return {buffer_.data(), got};
  }

  const posix_file& file_;
  record_layout layout_;
  record_scanner scanner_;
  std::string buffer_;
  std::uint64_t position_;
};

/// A file that is being cut.
struct open_cut {
  posix_file file;
  std::uint64_t size = 0;
  std::uint64_t begin = 0; // of the next split
  std::unique_ptr<file_cutter> cutter;
};

/// Cutting files with quotes takes a pass over them, so splits are handed out while that goes on.
class file_enumerator final : public split_enumerator {
public:
  explicit file_enumerator(std::shared_ptr<const file_source_spec> spec) : spec_(std::move(spec)) {
    if (!spec_->options.regex.empty()) regex_.emplace(spec_->options.regex);
  }

  void restore(const std::vector<std::string>& known) override {
    for (auto& id : known) note_known(before_, id);
  }

  std::vector<source_split> discover() override {
    if (!more_ || (waiting_.empty() && !cut_)) {
      bool first = !more_;
      more_ = false;
      if (!first) return {}; // all that was found is with the readers: there is no more
      for (auto& path : list_files())
        if (known_.insert(path).second) waiting_.push_back(path);
    }
    std::vector<source_split> splits;
    std::uint64_t scanned = 0;
    while (cut_ || !waiting_.empty()) {
      if (scanned >= bytes_at_a_time) {
        more_ = true;
        break;
      }
      if (!cut_) {
        begin_cut(waiting_.front());
        waiting_.pop_front();
      }
      scanned += cut_next(splits);
    }
    return splits;
  }

  std::optional<duration> discovery_interval() const override {
    if (more_) return duration(1);
    return spec_->options.monitor_interval;
  }

private:
  static bool hidden(const fs::path& path) {
    auto name = path.filename().string();
    return name.starts_with('.') || name.starts_with('_');
  }

  bool wanted(const fs::path& path) const {
    if (regex_ && !std::regex_match(fs::absolute(path).lexically_normal().string(), *regex_))
      return false;
    if (spec_->options.select && !spec_->options.select(path.string())) return false;
    auto& glob = spec_->options.glob;
    if (glob.empty()) return true;
    auto name = glob.find('/') == std::string::npos
                  ? path.filename().string()
                  : path.lexically_relative(spec_->path).generic_string();
    return ::fnmatch(glob.c_str(), name.c_str(), FNM_PATHNAME) == 0;
  }

  std::vector<std::string> list_files() const {
    std::error_code code;
    auto status = fs::status(spec_->path, code);
    if (!fs::exists(status)) throw_errno("read", spec_->path, code ? code.value() : ENOENT);
    std::vector<std::string> files;
    if (fs::is_directory(status)) {
      std::vector<fs::path> inside;
      list_directory(spec_->path, inside, files);
      std::sort(files.begin(), files.end());
    } else {
      files.push_back(spec_->path);
    }
    return files;
  }

  /// `inside` are the directories that led here: a link back to one of them is not followed.
  void list_directory(const fs::path& directory, std::vector<fs::path>& inside,
                      std::vector<std::string>& files) const {
    std::error_code code;
    auto self = fs::canonical(directory, code);
    if (code) throw_errno("list", directory.string(), code.value());
    if (std::find(inside.begin(), inside.end(), self) != inside.end()) return;
    inside.push_back(self);
    fs::directory_iterator at(directory, code);
    if (code) throw_errno("list", directory.string(), code.value());
    for (; at != fs::directory_iterator(); at.increment(code)) {
      if (code) throw_errno("list", directory.string(), code.value());
      std::error_code gone; // a file that vanishes meanwhile is no error
      if (hidden(at->path())) continue;
      if (at->is_directory(gone)) {
        if (spec_->options.recursive) list_directory(at->path(), inside, files);
      } else if (at->is_regular_file(gone) && wanted(at->path())) {
        files.push_back(at->path().string());
      }
    }
    inside.pop_back();
  }

  void begin_cut(const std::string& path) {
    auto known = before_.find(identity_of(path));
    if (known != before_.end() && known->second.whole) return;
    auto begin = known == before_.end() ? 0 : known->second.end;
    auto file = posix_file::open_to_read(path);
    auto size = file.size();
    if (size <= begin) return;
    cut_.emplace(open_cut{std::move(file), size, begin, nullptr});
    cut_->cutter = std::make_unique<file_cutter>(cut_->file, begin, spec_->format->layout());
  }

  /// Adds the next split of the file that is being cut; returns how many bytes were looked at.
  std::uint64_t cut_next(std::vector<source_split>& splits) {
    if (!cut_) return 0;
    auto layout = spec_->format->layout();
    auto& c = *cut_;
    auto split_bytes = layout.cuttable ? spec_->options.split_bytes : c.size;
    auto end = c.size - c.begin <= split_bytes
                 ? c.size
                 : c.cutter->next_start(c.begin + split_bytes, c.size);
    file_split split{c.file.path(), c.begin, end, c.begin};
    splits.push_back({id_of(split, end >= c.size), split.encode()});
    auto looked_at = layout.quoted_newlines && end < c.size ? end - c.begin : 0;
    c.begin = end;
    if (end >= c.size) cut_.reset();
    return looked_at;
  }

  /// Scanned in one call of `discover`, about: enough for readers to begin with.
  static constexpr std::uint64_t bytes_at_a_time = std::uint64_t{64} << 20;

  std::shared_ptr<const file_source_spec> spec_;
  std::optional<std::regex> regex_;
  std::map<std::string, known_part> before_; // what earlier runs have cut, by `identity_of`
  std::set<std::string> known_;
  std::deque<std::string> waiting_; // files to cut
  std::optional<open_cut> cut_;
  /// Whether `discover` has to be called again at once. It turns false only in a call that returns
  /// nothing, because others may look at it while splits are on their way to them.
  std::atomic<bool> more_{false};
};

} // namespace

std::unique_ptr<split_enumerator>
make_file_enumerator(std::shared_ptr<const file_source_spec> spec) {
  return std::make_unique<file_enumerator>(std::move(spec));
}

} // namespace sluice::internal
