#include "sluice/runtime/snapshot_store.hpp"

#include "sluice/core/codec.hpp"
#include "sluice/runtime/checkpoint_file.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <random>

namespace sluice::runtime {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view manifest_magic = "SLUICEMF";
constexpr std::string_view manifest_name = "manifest";

void sync_directory(const std::string& path) {
  checkpoint_file directory(path, O_RDONLY | O_DIRECTORY);
  directory.sync();
}

std::optional<std::uint64_t> number_of(std::string_view name) {
  for (std::string_view prefix : {"chk-", "savepoint-"}) {
    if (!name.starts_with(prefix)) continue;
    auto digits = name.substr(prefix.size());
    std::uint64_t id = 0;
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (ec == std::errc{}) return id;
  }
  return std::nullopt;
}

} // namespace

namespace snapshot_store {

std::string create(const std::string& directory, std::uint64_t id, bool savepoint) {
  std::string name = fmt::format("chk-{}", id);
  if (savepoint) name = fmt::format("savepoint-{}-{:08x}", id, std::random_device{}());
  auto path = (fs::path(directory) / name).string();
  std::error_code ec;
  fs::remove_all(path, ec); // a folder without a manifest may be left of an attempt that died
  fs::create_directories(path, ec);
  if (ec) throw io_error(fmt::format("cannot create {}: {}", path, ec.message()));
  return path;
}

void commit(const std::string& path, const manifest& m) {
  byte_writer body;
  encode_value(body, m);
  byte_writer head;
  head.append(manifest_magic.data(), manifest_magic.size());
  head.raw(checkpoint_format_version);
  head.raw<std::uint64_t>(XXH3_64bits(body.view().data(), body.size()));
  auto target = (fs::path(path) / manifest_name).string();
  auto temporary = target + ".inprogress";
  {
    checkpoint_file out(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    out.write(head.view());
    out.write(body.view());
    out.sync();
  }
  sync_directory(path); // the state files' names, before the manifest says that they exist
  if (::rename(temporary.c_str(), target.c_str()) != 0) throw_errno("rename", temporary);
  sync_directory(path);
  sync_directory(fs::path(path).parent_path().string());
}

manifest load(const std::string& path) {
  auto file_path = (fs::path(path) / manifest_name).string();
  std::string data;
  try {
    data = read_checkpoint_file(file_path);
  } catch (const io_error& e) {
    throw state_error(fmt::format("{} is not a checkpoint: {}", path, e.what()));
  }
  try {
    byte_reader in(data);
    if (in.take(manifest_magic.size()) != manifest_magic) throw format_error("not a manifest");
    if (auto v = in.raw<std::uint32_t>(); v != checkpoint_format_version)
      throw format_error(fmt::format("format version {} is not supported", v));
    auto checksum = in.raw<std::uint64_t>();
    auto body = std::string_view(data).substr(in.position());
    if (XXH3_64bits(body.data(), body.size()) != checksum)
      throw format_error("its checksum is wrong");
    auto m = decode_value<manifest>(in);
    for (auto& t : m.tasks) {
      if (t.file.empty()) continue;
      std::error_code ec;
      auto size = fs::file_size(fs::path(path) / t.file, ec);
      if (ec || size != t.bytes)
        throw format_error(fmt::format("file {} is {}", t.file, ec ? "missing" : "truncated"));
    }
    return m;
  } catch (const format_error& e) {
    throw state_error(fmt::format("checkpoint {} is corrupt: {}", path, e.what()));
  }
}

void remove(const std::string& path) noexcept {
  std::error_code ec;
  fs::remove(fs::path(path) / manifest_name, ec);
  fs::remove_all(path, ec);
}

std::vector<std::string> list(const std::string& directory) {
  std::vector<std::pair<std::uint64_t, std::string>> found;
  std::error_code ec;
  for (auto& entry : fs::directory_iterator(directory, ec)) {
    auto name = entry.path().filename().string();
    auto id = number_of(name);
    if (id && name.starts_with("chk-") && fs::exists(entry.path() / manifest_name, ec))
      found.emplace_back(*id, entry.path().string());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> paths;
  for (auto& f : found) paths.push_back(std::move(f.second));
  return paths;
}

std::uint64_t last_id(const std::string& directory) {
  std::uint64_t last = 0;
  std::error_code ec;
  for (auto& entry : fs::directory_iterator(directory, ec))
    if (auto id = number_of(entry.path().filename().string())) last = std::max(last, *id);
  return last;
}

} // namespace snapshot_store

} // namespace sluice::runtime
