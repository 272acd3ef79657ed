#include "sluice/cluster/job_store.hpp"

#include "sluice/core/codec.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/runtime/checkpoint_storage.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sluice::cluster {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view magic = "SLUICEJB";
constexpr std::uint32_t format_version = 1;
constexpr std::string_view suffix = ".job";

[[noreturn]] void throw_errno(const std::string& what) {
  throw io_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

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
  runtime::storage_of(directory_).make_folder(directory_);
  if (is_new) fs::permissions(directory_, fs::perms::owner_all); // statements may hold passwords
  try {
    lock_directory();
    load();
  } catch (...) {
    give_up_lease();
    throw;
  }
}

job_store::~job_store() { give_up_lease(); }

void job_store::give_up_lease() noexcept {
  if (lease_ >= 0) ::close(std::exchange(lease_, -1));
}

void job_store::lock_directory() {
  auto path = (fs::path(directory_) / "lease").string();
  lease_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lease_ < 0) throw_errno("cannot open " + path);
  if (::flock(lease_, LOCK_EX | LOCK_NB) != 0) {
    std::string owner(256, '\0');
    auto n = ::read(lease_, owner.data(), owner.size());
    owner.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    throw state_error(fmt::format("another coordinator runs the jobs of {}: {}", directory_,
                                  owner.empty() ? "it has not said which process it is" : owner));
  }
  std::string host(256, '\0');
  ::gethostname(host.data(), host.size() - 1);
  auto owner = fmt::format("process {} on {}", ::getpid(), host.c_str());
  if (::ftruncate(lease_, 0) != 0
      || ::pwrite(lease_, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size()))
    throw_errno("cannot write " + path);
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
