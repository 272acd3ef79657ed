#include "sluice/connect/file/internal/part_files.hpp"

#include "sluice/core/bytes.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
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

namespace {

/// Removes what was in a directory before: visible files of other jobs.
void remove_others(const std::string& directory, const std::string& keep_only) {
  std::error_code code;
  for (fs::directory_iterator at(directory, code), end; !code && at != end; at.increment(code)) {
    auto name = at->path().filename().string();
    std::error_code gone;
    if (!name.starts_with('.') && name.find(keep_only) == std::string::npos
        && at->is_regular_file(gone))
      ::unlink(at->path().c_str());
  }
  if (code && code != std::errc::no_such_file_or_directory)
    throw_errno("list", directory, code.value());
}

void commit_file(const pending_file& file) {
  if (std::rename(file.pending.c_str(), file.final_name.c_str()) == 0) return;
  if (errno != ENOENT) throw_errno("rename to " + file.final_name, file.pending, errno);
  if (!exists(file.final_name))
    throw io_error(fmt::format("cannot commit '{}': neither it nor '{}' exists, so output of a "
                               "complete checkpoint is missing",
                               file.final_name, file.pending));
}

} // namespace

void commit_files(const std::vector<std::string>& committables, const commit_extras& extras) {
  std::set<std::string> directories;
  std::vector<pending_file> files;
  for (auto& committable : committables) {
    auto file = pending_file::decode(committable);
    directories.insert(file.pending.empty() ? file.final_name : parent_directory(file.final_name));
    if (!file.pending.empty()) files.push_back(std::move(file));
  }
  if (!extras.keep_only.empty())
    for (auto& directory : directories) remove_others(directory, extras.keep_only);
  for (auto& file : files) commit_file(file);
  if (!extras.success_file.empty()) {
    for (auto& directory : directories) {
      auto path = (fs::path(directory) / extras.success_file).string();
      if (directory != extras.base && !exists(path)) posix_file::open_to_touch(path).close();
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

part_files::part_files(naming names)
  : names_(std::move(names)), uuid_(names_.uuid.empty() ? random_uuid() : names_.uuid) {}

part_files::~part_files() {
  for (auto& [bucket, part] : open_) ::unlink(part.names.pending.c_str());
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
  if (!names_.uuid.empty()) skip_used_names(names_.directory);
}

/// Earlier attempts of the job had the same uuid.
void part_files::skip_used_names(const std::string& directory) {
  auto own = names_.names == part_names::by_task
               ? fmt::format("{}-{}-task-{}-file-", names_.prefix, uuid_, names_.subtask)
               : fmt::format("{}-{}-{}-", names_.prefix, uuid_, names_.subtask);
  std::error_code code;
  fs::directory_iterator at(directory, code);
  for (; !code && at != fs::directory_iterator(); at.increment(code)) {
    std::error_code gone;
    auto name = at->path().filename().string();
    if (name.starts_with('.')) name.erase(0, 1);
    if (names_.buckets && at->is_directory(gone))
      skip_used_names(at->path().string());
    else if (name.starts_with(own))
      counter_ = std::max<std::uint64_t>(counter_,
                                         std::strtoull(name.c_str() + own.size(), nullptr, 10) + 1);
  }
  if (code) throw_errno("list", directory, code.value());
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
  auto name = names_.names == part_names::by_task
                ? fmt::format("{}-{}-task-{}-file-{}{}", names_.prefix, uuid_, names_.subtask,
                              counter_, names_.suffix)
                : fmt::format("{}-{}-{}-{}{}", names_.prefix, uuid_, names_.subtask, counter_,
                              names_.suffix);
  ++counter_;
  auto& part = open_[bucket];
  part.names.final_name = (directory / name).string();
  part.names.pending
    = (directory / fmt::format(".{}.inprogress.{}", name, lines_.front())).string();
  part.file = posix_file::create(part.names.pending);
}

void part_files::write(const std::string& bucket, std::string_view bytes) {
  open_.at(bucket).file.write(bytes);
}

void part_files::finish(const std::string& bucket) {
  auto at = open_.find(bucket);
  at->second.file.sync();
  at->second.file.close();
  unreported_.push_back(std::move(at->second.names));
  open_.erase(at);
}

void part_files::replace_directory() { unreported_.push_back({"", names_.directory}); }

writer_snapshot part_files::snapshot() {
  std::set<std::string> directories;
  for (auto& file : unreported_)
    if (!file.pending.empty()) directories.insert(parent_directory(file.pending));
  for (auto& directory : directories) sync_directory(directory);
  // Somebody else may have committed what was reported before.
  std::erase_if(reported_,
                [](auto& file) { return file.pending.empty() || !exists(file.pending); });
  reported_.insert(reported_.end(), unreported_.begin(), unreported_.end());
  unreported_.clear();
  writer_snapshot result;
  result.state = part_files_state{lines_, reported_}.encode();
  for (auto& file : reported_) result.committables.push_back(file.encode());
  return result;
}

void part_files::commit(const std::vector<std::string>& committables) {
  commit_files(committables, names_.extras);
  for (auto& text : committables) std::erase(reported_, pending_file::decode(text));
}

} // namespace sluice::internal
