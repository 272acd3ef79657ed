#include "sluice/runtime/snapshot_store.hpp"

#include "sluice/core/codec.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <random>

namespace sluice::runtime {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t format_version = 2;
constexpr std::string_view state_magic = "SLUICEST";
constexpr std::string_view manifest_magic = "SLUICEMF";
constexpr std::string_view manifest_name = "manifest";
constexpr std::size_t write_buffer = 256 * 1024;

[[noreturn]] void throw_errno(std::string_view what, const std::string& path) {
  throw io_error(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

/// A file descriptor that closes itself.
class file {
public:
  file(const std::string& path, int flags)
    : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw_errno("open", path);
  }
  ~file() {
    if (fd_ >= 0) ::close(fd_);
  }
  file(const file&) = delete;

  void write(std::string_view data) {
    while (!data.empty()) {
      auto n = ::write(fd_, data.data(), data.size());
      if (n < 0) {
        if (errno == EINTR) continue;
        throw_errno("write", path_);
      }
      data.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void sync() {
    if (::fdatasync(fd_) != 0) throw_errno("sync", path_);
  }

private:
  std::string path_;
  int fd_;
};

void sync_directory(const std::string& path) {
  file directory(path, O_RDONLY | O_DIRECTORY);
  directory.sync();
}

std::string read_all(const std::string& path) {
  auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_errno("open", path);
  std::string content;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && info.st_size > 0)
    content.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[64 * 1024];
  for (;;) {
    auto n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      auto saved = errno;
      ::close(fd);
      errno = saved;
      throw_errno("read", path);
    }
    if (n == 0) break;
    content.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return content;
}

struct index_group {
  std::uint32_t number = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
struct index_state {
  std::string uid;
  std::string name;
  std::uint8_t kind = 0;
  std::string schema;
  std::vector<index_group> groups;
};

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

struct state_file_writer::impl {
  explicit impl(std::string p) : path(std::move(p)), out(path, O_WRONLY | O_CREAT | O_TRUNC) {
    XXH3_64bits_reset(&hash);
    buffer.reserve(write_buffer + 64 * 1024);
    put(state_magic);
    byte_writer version;
    version.raw(format_version);
    put(version.view());
  }

  void put(std::string_view bytes) {
    XXH3_64bits_update(&hash, bytes.data(), bytes.size());
    position += bytes.size();
    if (buffer.size() + bytes.size() > write_buffer) drain();
    if (bytes.size() >= write_buffer)
      out.write(bytes);
    else
      buffer.append(bytes);
  }

  void drain() {
    out.write(buffer);
    buffer.clear();
  }

  std::string path;
  file out;
  std::string buffer;
  std::uint64_t position = 0;
  XXH3_state_t hash;
  std::vector<index_state> index;
};

state_file_writer::state_file_writer(std::string path)
  : impl_(std::make_unique<impl>(std::move(path))) {}
state_file_writer::~state_file_writer() = default;

void state_file_writer::begin_state(std::string_view operator_uid, std::string_view name,
                                    state_kind kind, std::string_view schema) {
  impl_->index.push_back({std::string(operator_uid),
                          std::string(name),
                          static_cast<std::uint8_t>(kind),
                          std::string(schema),
                          {}});
}

void state_file_writer::begin_group(std::uint32_t group_or_item) {
  impl_->index.back().groups.push_back({group_or_item, impl_->position, 0});
}

void state_file_writer::append(std::string_view bytes) {
  impl_->index.back().groups.back().length += bytes.size();
  impl_->put(bytes);
}

state_file_writer::result state_file_writer::finish() {
  auto index_at = impl_->position;
  byte_writer tail;
  encode_value(tail, impl_->index);
  tail.raw(index_at);
  impl_->put(tail.view());
  impl_->drain();
  impl_->out.sync();
  return {impl_->position, XXH3_64bits_digest(&impl_->hash)};
}

state_file_reader::state_file_reader(const std::string& path, std::uint64_t bytes,
                                     std::uint64_t checksum) {
  std::string data;
  try {
    data = read_all(path);
  } catch (const io_error& e) {
    throw state_error(e.what());
  }
  if (data.size() != bytes)
    throw state_error(
      fmt::format("{} is truncated: {} bytes instead of {}", path, data.size(), bytes));
  if (XXH3_64bits(data.data(), data.size()) != checksum)
    throw state_error(fmt::format("{} is corrupt: its checksum is wrong", path));
  content_ = std::make_shared<const std::string>(std::move(data));
  std::string_view view = *content_;
  try {
    byte_reader head(view);
    if (head.take(state_magic.size()) != state_magic) throw format_error("not a state file");
    if (auto v = head.raw<std::uint32_t>(); v != format_version)
      throw format_error(fmt::format("format version {} is not supported", v));
    byte_reader foot(view.substr(view.size() - sizeof(std::uint64_t)));
    auto index_at = foot.raw<std::uint64_t>();
    if (index_at > view.size()) throw format_error("the index is out of bounds");
    byte_reader in(view.substr(index_at));
    for (auto& s : decode_value<std::vector<index_state>>(in)) {
      state result{s.uid, s.name, static_cast<state_kind>(s.kind), s.schema, {}};
      for (auto& g : s.groups) {
        if (g.offset > view.size() || g.length > view.size() - g.offset)
          throw format_error("a group is out of bounds");
        result.groups.push_back({g.number, view.substr(g.offset, g.length)});
      }
      states_.push_back(std::move(result));
    }
  } catch (const format_error& e) {
    throw state_error(fmt::format("{}: {}", path, e.what()));
  }
}

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
  head.raw(format_version);
  head.raw<std::uint64_t>(XXH3_64bits(body.view().data(), body.size()));
  auto target = (fs::path(path) / manifest_name).string();
  auto temporary = target + ".inprogress";
  {
    file out(temporary, O_WRONLY | O_CREAT | O_TRUNC);
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
    data = read_all(file_path);
  } catch (const io_error& e) {
    throw state_error(fmt::format("{} is not a checkpoint: {}", path, e.what()));
  }
  try {
    byte_reader in(data);
    if (in.take(manifest_magic.size()) != manifest_magic) throw format_error("not a manifest");
    if (auto v = in.raw<std::uint32_t>(); v != format_version)
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
