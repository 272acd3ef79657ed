#include "sluice/runtime/state_file.hpp"

#include "sluice/core/codec.hpp"
#include "sluice/runtime/checkpoint_storage.hpp"
#include "sluice/runtime/snapshot_store.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice::runtime {

namespace {

constexpr std::string_view state_magic = "SLUICEST";

/// Smaller ones cost more CPU per byte on the way past the page cache.
constexpr std::size_t write_buffer = 1024 * 1024;

/// Bytes that are put into the buffer from outside at once, at most; less than a buffer.
constexpr std::size_t most_room = 512 * 1024;

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

} // namespace

struct state_file_writer::impl {
  explicit impl(const std::string& path)
    : out(storage_of(path).create(path)),
      buffer(static_cast<char*>(::operator new(write_buffer + most_room, alignment))) {
    XXH3_64bits_reset(&hash);
    put(state_magic);
    byte_writer version;
    version.raw(checkpoint_format_version);
    put(version.view());
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() { ::operator delete(buffer, alignment); }

  void put(std::string_view bytes) {
    position += bytes.size();
    while (!bytes.empty()) {
      const auto n = std::min(bytes.size(), write_buffer + most_room - used);
      std::memcpy(buffer + used, bytes.data(), n);
      used += n;
      bytes.remove_prefix(n);
      write_full();
    }
  }

  /// What is written past the page cache must be as long as a buffer; the rest waits for more.
  void write_full() {
    if (used < write_buffer) return;
    out->set_large(true);
    write(write_buffer);
    used -= write_buffer;
    std::memcpy(buffer, buffer + write_buffer, used);
  }

  void write(std::size_t size) {
    XXH3_64bits_update(&hash, buffer, size);
    out->write({buffer, size});
  }

  static constexpr std::align_val_t alignment{storage_output::large_alignment};

  std::unique_ptr<storage_output> out;
  char* buffer;
  std::size_t used = 0;
  bool room_in_buffer = false;
  std::uint64_t position = 0;
  XXH3_state_t hash;
  std::vector<index_state> index;
};

state_file_writer::state_file_writer(const std::string& path)
  : impl_(std::make_unique<impl>(path)) {}
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

char* state_file_writer::room(std::size_t size) {
  impl_->room_in_buffer = size <= most_room;
  return impl_->room_in_buffer ? impl_->buffer + impl_->used : snapshot_writer::room(size);
}

void state_file_writer::filled(std::size_t size) {
  if (!impl_->room_in_buffer) {
    snapshot_writer::filled(size);
    return;
  }
  impl_->index.back().groups.back().length += size;
  impl_->position += size;
  impl_->used += size;
  impl_->write_full();
}

state_file_writer::result state_file_writer::finish() {
  auto index_at = impl_->position;
  byte_writer tail;
  encode_value(tail, impl_->index);
  tail.raw(index_at);
  impl_->put(tail.view());
  impl_->out->set_large(false); // the rest has any size
  impl_->write(impl_->used);
  impl_->out->finish();
  return {impl_->position, XXH3_64bits_digest(&impl_->hash)};
}

state_file_reader::state_file_reader(const std::string& path, std::uint64_t bytes,
                                     std::uint64_t checksum) {
  std::string data;
  try {
    data = storage_of(path).read(path);
  } catch (const io_error& e) {
    throw corrupt_snapshot(e.what());
  }
  if (data.size() != bytes)
    throw corrupt_snapshot(
      fmt::format("{} is truncated: {} bytes instead of {}", path, data.size(), bytes));
  if (XXH3_64bits(data.data(), data.size()) != checksum)
    throw corrupt_snapshot(fmt::format("{} is corrupt: its checksum is wrong", path));
  content_ = std::make_shared<const std::string>(std::move(data));
  std::string_view view = *content_;
  try {
    byte_reader head(view);
    if (head.take(state_magic.size()) != state_magic) throw format_error("not a state file");
    if (auto v = head.raw<std::uint32_t>(); v != checkpoint_format_version)
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
    throw corrupt_snapshot(fmt::format("{}: {}", path, e.what()));
  }
}

} // namespace sluice::runtime
