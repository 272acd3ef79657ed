#include "sluice/connect/file/internal/part_files.hpp"

#include "sluice/core/bytes.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <unistd.h>

namespace sluice::internal {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t format_version = 1;

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

void check_version(byte_reader& in) {
  if (in.varint() != format_version) throw state_error("unknown version of a file sink's state");
}

} // namespace

std::string pending_file::encode() const {
  byte_writer out;
  out.varint(format_version);
  out.text(pending);
  out.text(final_name);
  return out.take();
}

pending_file pending_file::decode(std::string_view data) {
  byte_reader in(data);
  check_version(in);
  pending_file file;
  file.pending = in.text();
  file.final_name = in.text();
  return file;
}

void commit_files(const std::vector<std::string>& committables) {
  std::set<std::string> directories;
  for (auto& committable : committables) {
    auto file = pending_file::decode(committable);
    if (std::rename(file.pending.c_str(), file.final_name.c_str()) == 0) {
      directories.insert(parent_directory(file.final_name));
    } else if (errno != ENOENT) {
      throw_errno("rename to " + file.final_name, file.pending, errno);
    } else if (!exists(file.final_name)) {
      throw io_error(fmt::format("cannot commit '{}': neither it nor '{}' exists, so output of a "
                                 "complete checkpoint is missing",
                                 file.final_name, file.pending));
    }
  }
  for (auto& directory : directories) sync_directory(directory);
}

std::string part_files_state::encode() const {
  byte_writer out;
  out.varint(format_version);
  out.varint(lines.size());
  for (auto& line : lines) out.text(line);
  out.varint(pending.size());
  for (auto& file : pending) out.text(file.encode());
  return out.take();
}

part_files_state part_files_state::decode(std::string_view data) {
  byte_reader in(data);
  check_version(in);
  part_files_state state;
  for (auto n = in.count(); n > 0; --n) state.lines.emplace_back(in.text());
  for (auto n = in.count(); n > 0; --n) state.pending.push_back(pending_file::decode(in.text()));
  return state;
}

part_files::part_files(naming names) : names_(std::move(names)), uuid_(random_uuid()) {}

part_files::~part_files() {
  if (open_.is_open()) ::unlink(open_.path().c_str());
  for (auto& file : unreported_) ::unlink(file.pending.c_str());
}

void part_files::restore(const std::vector<std::string>& states) {
  make_directories(names_.directory);
  if (::access(names_.directory.c_str(), W_OK) != 0)
    throw_errno("write to directory", names_.directory, errno);
  for (auto& text : states) {
    auto state = part_files_state::decode(text);
    lines_.insert(lines_.end(), state.lines.begin(), state.lines.end());
    reported_.insert(reported_.end(), state.pending.begin(), state.pending.end());
  }
  if (lines_.empty())
    lines_.push_back(random_uuid());
  else
    remove_leftovers(names_.directory);
}

void part_files::remove_leftovers(const std::string& directory) const {
  auto dead = [&](const std::string& path, const std::string& name) {
    return name.starts_with('.')
           && std::any_of(lines_.begin(), lines_.end(),
                          [&](auto& line) { return name.ends_with(".inprogress." + line); })
           && std::none_of(reported_.begin(), reported_.end(),
                           [&](auto& file) { return file.pending == path; });
  };
  std::error_code code;
  fs::directory_iterator at(directory, code);
  for (; !code && at != fs::directory_iterator(); at.increment(code)) {
    std::error_code gone;
    if (names_.buckets && at->is_directory(gone))
      remove_leftovers(at->path().string());
    else if (dead(at->path().string(), at->path().filename().string()))
      ::unlink(at->path().c_str());
  }
  if (code) throw_errno("list", directory, code.value());
}

void part_files::begin(const std::string& bucket) {
  auto directory = fs::path(names_.directory);
  if (!bucket.empty()) {
    directory /= bucket;
    if (!exists(directory.string())) {
      make_directories(directory.string());
      sync_directory(parent_directory(directory.string()));
    }
  }
  auto name
    = fmt::format("{}-{}-{}-{}{}", names_.prefix, uuid_, names_.subtask, counter_++, names_.suffix);
  current_.final_name = (directory / name).string();
  current_.pending = (directory / fmt::format(".{}.inprogress.{}", name, lines_.front())).string();
  open_ = posix_file::create(current_.pending);
}

void part_files::write(std::string_view bytes) { open_.write(bytes); }

void part_files::finish() {
  if (!open_.is_open()) return;
  open_.sync();
  open_.close();
  unreported_.push_back(std::move(current_));
}

writer_snapshot part_files::snapshot() {
  std::set<std::string> directories;
  for (auto& file : unreported_) directories.insert(parent_directory(file.pending));
  for (auto& directory : directories) sync_directory(directory);
  // Somebody else may have committed what was reported before.
  std::erase_if(reported_, [](auto& file) { return !exists(file.pending); });
  reported_.insert(reported_.end(), unreported_.begin(), unreported_.end());
  unreported_.clear();
  writer_snapshot result;
  result.state = part_files_state{lines_, reported_}.encode();
  for (auto& file : reported_) result.committables.push_back(file.encode());
  return result;
}

void part_files::commit(const std::vector<std::string>& committables) {
  commit_files(committables);
  for (auto& text : committables) std::erase(reported_, pending_file::decode(text));
}

} // namespace sluice::internal
