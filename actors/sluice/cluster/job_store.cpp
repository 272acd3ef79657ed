#include "sluice/cluster/job_store.hpp"

#include "sluice/core/codec.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <filesystem>

namespace sluice::cluster {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view magic = "SLUICEJB";
constexpr std::uint32_t format_version = 1;
constexpr std::string_view suffix = ".job";

job_record read_record(const std::string& path) {
  auto data = runtime::storage_of(path).read(path);
  try {
    byte_reader in(data);
    if (in.take(magic.size()) != magic) throw format_error("it is no job's record");
    if (auto v = in.raw<std::uint32_t>(); v != format_version)
      throw format_error(fmt::format("format version {} is not supported", v));
    auto checksum = in.raw<std::uint64_t>();
    auto body = std::string_view(data).substr(in.position());
    if (XXH3_64bits(body.data(), body.size()) != checksum)
      throw format_error("its checksum is wrong");
    return decode_value<job_record>(in);
  } catch (const format_error& e) {
    throw state_error(fmt::format("job record {} is corrupt: {}", path, e.what()));
  }
}

} // namespace

job_store::job_store(std::string directory) : directory_(std::move(directory)) {
  if (directory_.empty()) return;
  auto is_new = !fs::exists(directory_);
  lease_ = runtime::own_directory(directory_, "coordinator");
  if (is_new) fs::permissions(directory_, fs::perms::owner_all); // statements may hold passwords
  load();
}

void job_store::load() {
  for (auto& entry : fs::directory_iterator(directory_))
    if (entry.path().extension() == suffix) records_.push_back(read_record(entry.path().string()));
  std::sort(records_.begin(), records_.end(), [](auto& a, auto& b) { return a.id < b.id; });
}

void job_store::write(const job_record& r) const {
  if (directory_.empty()) return;
  byte_writer body;
  encode_value(body, r);
  byte_writer head;
  head.append(magic.data(), magic.size());
  head.raw(format_version);
  head.raw<std::uint64_t>(XXH3_64bits(body.view().data(), body.size()));
  auto file = runtime::path_in(directory_, fmt::format("{}{}", r.id, suffix));
  runtime::storage_of(file).replace(file, {head.view(), body.view()});
}

job_record& job_store::record(std::uint64_t id) {
  auto at = std::find_if(records_.begin(), records_.end(), [&](auto& r) { return r.id == id; });
  if (at == records_.end()) throw state_error(fmt::format("there is no job {}", id));
  return *at;
}

std::vector<job_record> job_store::jobs() const {
  std::lock_guard lock(mutex_);
  return records_;
}

std::optional<job_record> job_store::find(std::uint64_t id) const {
  std::lock_guard lock(mutex_);
  for (auto& r : records_)
    if (r.id == id) return r;
  return std::nullopt;
}

job_record job_store::add(job_record r) {
  std::lock_guard lock(mutex_);
  r.id = records_.empty() ? 1 : records_.back().id + 1;
  write(r);
  records_.push_back(r);
  return r;
}

} // namespace sluice::cluster
