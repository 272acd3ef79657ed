#include "sluice/runtime/snapshot_store.hpp"

#include "sluice/core/codec.hpp"
#include "sluice/runtime/checkpoint_storage.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <random>

namespace sluice::runtime {

namespace {

constexpr std::string_view manifest_magic = "SLUICEMF";
constexpr std::string_view manifest_name = "manifest";

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
  auto path = path_in(directory, name);
  auto& storage = storage_of(path);
  storage.remove(path); // a folder without a manifest may be left of an attempt that died
  storage.make_folder(path);
  return path;
}

void commit(const std::string& path, const manifest& m) {
  byte_writer body;
  encode_value(body, m);
  byte_writer head;
  head.append(manifest_magic.data(), manifest_magic.size());
  head.raw(checkpoint_format_version);
  head.raw<std::uint64_t>(XXH3_64bits(body.view().data(), body.size()));
  auto& storage = storage_of(path);
  storage.sync_folder(path); // the state files' names, before the manifest says that they exist
  storage.replace(path_in(path, manifest_name), {head.view(), body.view()});
  storage.sync_folder(std::filesystem::path(path).parent_path().string());
}

manifest load(const std::string& path) {
  auto& storage = storage_of(path);
  std::string data;
  try {
    data = storage.read(path_in(path, manifest_name));
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
      auto size = storage.size(path_in(path, t.file));
      if (size != t.bytes)
        throw format_error(fmt::format("file {} is {}", t.file, size ? "truncated" : "missing"));
    }
    return m;
  } catch (const format_error& e) {
    throw state_error(fmt::format("checkpoint {} is corrupt: {}", path, e.what()));
  }
}

void remove(const std::string& path) noexcept {
  auto& storage = storage_of(path);
  storage.remove(path_in(path, manifest_name));
  storage.remove(path);
}

std::vector<std::string> list(const std::string& directory) {
  auto& storage = storage_of(directory);
  std::vector<std::pair<std::uint64_t, std::string>> found;
  for (auto& name : storage.list(directory)) {
    auto id = number_of(name);
    auto path = path_in(directory, name);
    if (id && name.starts_with("chk-") && storage.size(path_in(path, manifest_name)))
      found.emplace_back(*id, path);
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> paths;
  for (auto& f : found) paths.push_back(std::move(f.second));
  return paths;
}

std::uint64_t last_id(const std::string& directory) {
  std::uint64_t last = 0;
  for (auto& name : storage_of(directory).list(directory))
    if (auto id = number_of(name)) last = std::max(last, *id);
  return last;
}

} // namespace snapshot_store

} // namespace sluice::runtime
