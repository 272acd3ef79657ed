#include "sluice/table/ops/keyed_rows.hpp"

#include "sluice/core/check.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/column/key.hpp"
#include "sluice/table/ops/row_directory.hpp"
#include "sluice/table/ops/row_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::table {

namespace {

using detail::key_layout;
using detail::row_chunk;
using detail::row_directory;
using detail::row_store;
using detail::store_view;

/// Keys that are looked up together.
constexpr std::size_t block_rows = 256;

} // namespace

struct keyed_rows::impl {
  impl(std::vector<data_type> types, std::shared_ptr<const row_value> v, key_group_range g,
       std::uint32_t max)
    : key_types(std::move(types)), value(std::move(v)), groups(g), max_parallelism(max) {
    reset();
  }

  void reset() {
    view.reset(); // who writes it keeps the rows
    store = std::make_shared<row_store>(key_layout(key_types), value, groups.size());
    directory = row_directory();
  }

  /// Forgets a view that nobody reads any more.
  void check_view() {
    if (view && view->closed()) {
      view.reset();
      store->set_watched(false);
    }
  }

  void prefetch_rows(const selection& rows, std::size_t begin, std::size_t n);

  template <bool Insert>
  void look_up(const selection& rows, std::byte** values, std::uint8_t* fresh);
  template <bool Insert, class Equal>
  void look_up_with(const selection& rows, std::byte** values, std::uint8_t* fresh, Equal equal);

  std::byte* insert(std::size_t& at, const std::byte* key, std::uint64_t hash);

  std::vector<data_type> key_types;
  std::shared_ptr<const row_value> value;
  key_group_range groups;
  std::uint32_t max_parallelism;
  std::shared_ptr<row_store> store;
  row_directory directory;
  std::shared_ptr<store_view> view; ///< that may still be written

  // Of the batch at hand.
  std::vector<std::uint64_t> batch_hashes;
  std::vector<const column*> batch_keys;
  detail::key_rows keys;
  const std::uint64_t* hashes = nullptr;
  std::array<std::uint32_t, block_rows> positions{};
};

// -- looking up -----------------------------------------------------------------------------------

/// First pass: where probing of each key of a block begins. Second: the first entry that may be the
/// key's, and its row. Both only start loads.
void keyed_rows::impl::prefetch_rows(const selection& rows, std::size_t begin, std::size_t n) {
  const bool long_rows = store->row_size() > 64;
  for (std::size_t k = 0; k < n; ++k)
    directory.prefetch(directory.start_of(static_cast<std::uint32_t>(hashes[rows[begin + k]])));
  for (std::size_t k = 0; k < n; ++k) {
    auto hash = static_cast<std::uint32_t>(hashes[rows[begin + k]]);
    auto at = directory.start_of(hash);
    for (;; at = directory.after(at)) {
      auto e = directory.at(at);
      if (e == row_directory::empty) break;
      if (!row_directory::may_be(e, hash)) continue;
      __builtin_prefetch(row_directory::row_of(e), 1);
      if (long_rows) __builtin_prefetch(row_directory::row_of(e) + 64, 1);
      break;
    }
    positions[k] = static_cast<std::uint32_t>(at);
  }
}

template <bool Insert, class Equal>
void keyed_rows::impl::look_up_with(const selection& rows, std::byte** values, std::uint8_t* fresh,
                                    Equal equal) {
  const auto value_offset = store->value_offset();
  for (std::size_t begin = 0; begin < rows.size(); begin += block_rows) {
    auto n = std::min(block_rows, rows.size() - begin);
    prefetch_rows(rows, begin, n);
    auto generation = directory.generation();
    for (std::size_t k = 0; k < n; ++k) {
      const auto* key = keys.at(begin + k);
      auto hash = key_layout::hash_of(key);
      // What was passed over in the second pass is still there, unless the table was rebuilt.
      auto at = directory.generation() == generation ? positions[k] : directory.start_of(hash);
      std::byte* row = nullptr;
      for (;; at = directory.after(at)) {
        auto e = directory.at(at);
        if (row_directory::may_be(e, hash) && equal(row_directory::row_of(e), key)) [[likely]] {
          row = row_directory::row_of(e);
          if (view) [[unlikely]]
            store->before_change(store->chunk_of(row));
          if constexpr (Insert)
            if (fresh) fresh[begin + k] = 0;
          break;
        }
        if (e != row_directory::empty) continue;
        if constexpr (Insert) {
          row = insert(at, key, hashes[rows[begin + k]]);
          if (fresh) fresh[begin + k] = 1;
        }
        break;
      }
      values[begin + k] = row ? row + value_offset : nullptr;
    }
  }
}

template <bool Insert>
void keyed_rows::impl::look_up(const selection& rows, std::byte** values, std::uint8_t* fresh) {
  check_view();
  auto word = [](const std::byte* p, std::size_t w) {
    std::uint64_t v = 0;
    std::memcpy(&v, p + w * 8, 8);
    return v;
  };
  const auto& layout = store->keys();
  if (layout.size() == 16) {
    look_up_with<Insert>(rows, values, fresh, [&](const std::byte* a, const std::byte* b) {
      return ((word(a, 0) ^ word(b, 0)) | (word(a, 1) ^ word(b, 1))) == 0;
    });
  } else if (layout.size() == 32 && !layout.has_strings()) {
    look_up_with<Insert>(rows, values, fresh, [&](const std::byte* a, const std::byte* b) {
      return ((word(a, 0) ^ word(b, 0)) | (word(a, 1) ^ word(b, 1)) | (word(a, 2) ^ word(b, 2))
              | (word(a, 3) ^ word(b, 3)))
             == 0;
    });
  } else {
    look_up_with<Insert>(rows, values, fresh, [&](const std::byte* a, const std::byte* b) {
      return layout.equal(a, b);
    });
  }
}

std::byte* keyed_rows::impl::insert(std::size_t& at, const std::byte* key, std::uint64_t hash) {
  auto group = key_group_of(hash, max_parallelism);
  SLUICE_CHECK(groups.contains(group), "a row of key group {} came to the owner of [{}, {})", group,
               groups.first, groups.last);
  auto low = static_cast<std::uint32_t>(hash);
  if (directory.full()) [[unlikely]] {
    directory.rebuild(*store);
    at = directory.start_of(low);
    while (directory.at(at) != row_directory::empty) at = directory.after(at);
  }
  auto* row = store->insert(group - groups.first, key);
  directory.set(at, low, row);
  return row;
}

// -- the table ------------------------------------------------------------------------------------

keyed_rows::keyed_rows(std::vector<data_type> key_types, std::shared_ptr<const row_value> value,
                       key_group_range groups, std::uint32_t max_parallelism)
  : impl_(std::make_unique<impl>(std::move(key_types), std::move(value), groups, max_parallelism)) {
}

keyed_rows::~keyed_rows() = default;

std::size_t keyed_rows::size() const noexcept { return impl_->directory.size(); }

const std::uint64_t* keyed_rows::hashes(const columnar_batch& in,
                                        std::span<const std::size_t> key_columns) {
  if (in.has_hashes()) return in.hashes();
  auto& s = *impl_;
  s.batch_keys.clear();
  for (auto c : key_columns) s.batch_keys.push_back(&in.at(c));
  s.batch_hashes.resize(std::max(in.size(), s.batch_hashes.size()));
  hash_rows(s.batch_keys, in.size(), s.batch_hashes.data());
  return s.batch_hashes.data();
}

void keyed_rows::find_or_insert(std::span<const column* const> keys, const std::uint64_t* hashes,
                                const selection& rows, std::byte** values, std::uint8_t* fresh) {
  auto& s = *impl_;
  s.store->keys().normalize(keys, hashes, rows, s.keys);
  s.hashes = hashes;
  s.look_up<true>(rows, values, fresh);
}

void keyed_rows::find(std::span<const column* const> keys, const std::uint64_t* hashes,
                      const selection& rows, std::byte** values) {
  auto& s = *impl_;
  s.store->keys().normalize(keys, hashes, rows, s.keys);
  s.hashes = hashes;
  s.look_up<false>(rows, values, nullptr);
}

void keyed_rows::prepare_change(std::byte* const* values, std::size_t count) {
  auto& s = *impl_;
  s.check_view();
  if (!s.view) return;
  for (std::size_t k = 0; k < count; ++k)
    s.store->before_change(s.store->chunk_of(values[k] - s.store->value_offset()));
}

void keyed_rows::erase(std::byte* value) {
  auto& s = *impl_;
  s.check_view();
  auto* row = value - s.store->value_offset();
  if (s.view) s.store->before_change(s.store->chunk_of(row));
  s.directory.erase(row);
  s.store->erase(row);
}

void keyed_rows::append_keys(const std::byte* const* values, std::size_t count,
                             std::span<column* const> out) const {
  const auto& layout = impl_->store->keys();
  for (std::size_t c = 0; c < out.size(); ++c)
    layout.append_column(c, values, layout.size(), count, *out[c]);
}

key_group keyed_rows::group_of(const std::byte* value) const noexcept {
  const auto& s = *impl_;
  auto* row = const_cast<std::byte*>(value) - s.store->value_offset();
  return s.groups.first + s.store->chunk_of(row).group;
}

void keyed_rows::for_each(const std::function<void(std::byte*)>& f) {
  auto& s = *impl_;
  s.check_view();
  s.store->for_each_chunk([&](row_chunk& c) {
    if (c.live == 0) return;
    s.store->before_change(c);
    for (std::uint32_t i = 0; i < c.used; ++i)
      if (c.holds(i)) f(s.store->row_at(c, i) + s.store->value_offset());
  });
}

// -- state ----------------------------------------------------------------------------------------

namespace {

class rows_snapshot final : public state_snapshot {
public:
  rows_snapshot(std::string name, std::string schema, std::uint32_t first_group,
                std::shared_ptr<store_view> view)
    : name_(std::move(name)), schema_(std::move(schema)), first_group_(first_group),
      view_(std::move(view)) {}
  ~rows_snapshot() override {
    if (view_) view_->close();
  }

  void write(snapshot_writer& out, std::string_view operator_uid) override {
    out.begin_state(operator_uid, name_, state_kind::keyed, schema_);
    if (!view_) return;
    view_->write(out, first_group_);
    view_->close();
    view_.reset();
  }

private:
  std::string name_;
  std::string schema_;
  std::uint32_t first_group_;
  std::shared_ptr<store_view> view_;
};

} // namespace

std::string keyed_rows::schema() const {
  std::string text = "rows (";
  for (const auto& type : impl_->key_types)
    text += (text.back() == '(' ? "" : ", ") + type.as_nullable().to_string();
  return text + ") -> " + impl_->value->schema();
}

std::size_t keyed_rows::memory_bytes() const noexcept {
  return impl_->store->memory_bytes() + impl_->directory.memory_bytes();
}

std::size_t keyed_rows::owned_bytes() { return impl_->store->owned_bytes(); }

void keyed_rows::clear() {
  if (size() == 0 && memory_bytes() <= impl_->directory.memory_bytes()) return;
  impl_->reset();
}

std::unique_ptr<state_snapshot> keyed_rows::snapshot(const std::string& name) {
  auto& s = *impl_;
  s.check_view();
  if (s.view) s.view->settle_all(); // it is still being written: what it needs is put aside
  s.view.reset();
  s.store->set_watched(false);
  if (size() > 0) {
    s.view = std::make_shared<store_view>(s.store);
    s.store->set_watched(true);
  }
  return std::make_unique<rows_snapshot>(name, schema(), s.groups.first, s.view);
}

void keyed_rows::restore(const restored_group& group, const std::string& written_schema) {
  if (written_schema != schema())
    throw state_error(
      fmt::format("it holds \"{}\", the program wants \"{}\"", written_schema, schema()));
  auto& s = *impl_;
  SLUICE_CHECK(s.groups.contains(group.group), "key group {} was restored by another's owner",
               group.group);
  byte_reader in(group.bytes);
  while (!in.at_end()) {
    auto* row = s.store->decode(group.group - s.groups.first, in);
    if (s.directory.full()) {
      // The row is in the store already, so that the directory finds it there.
      s.directory.rebuild(*s.store);
    } else {
      s.directory.insert(key_layout::hash_of(row), row);
    }
  }
}

} // namespace sluice::table
