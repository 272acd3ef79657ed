#include "sluice/table/ops/key_layout.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/table/ops/nested_key.hpp"

#include <algorithm>
#include <memory>

namespace sluice::table::detail {

namespace {

constexpr std::size_t hash_bytes_of_key = 4;
constexpr std::size_t bits_per_word = 32;

std::uint32_t null_bit(std::size_t c) { return std::uint32_t{1} << (c % bits_per_word); }
std::size_t null_word(std::size_t c) { return hash_bytes_of_key + c / bits_per_word * 4; }

template <class T>
void store(std::byte* to, const T& value) noexcept {
  std::memcpy(to, &value, sizeof value);
}
template <class T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

} // namespace

key_layout::key_layout(const std::vector<data_type>& types) {
  std::size_t at
    = hash_bytes_of_key
      + std::max<std::size_t>(1, (types.size() + bits_per_word - 1) / bits_per_word) * 4;
  for (const auto& type : types) {
    bool nested = type.is_nested();
    auto physical = nested ? physical_type::string : type.physical();
    auto width = width_of(physical);
    auto alignment = std::min<std::size_t>(width, 8);
    at = (at + alignment - 1) / alignment * alignment;
    if (physical == physical_type::string)
      string_words_.push_back(static_cast<std::uint32_t>(at / 8));
    fields_.push_back({static_cast<std::uint32_t>(at), width, physical, nested});
    at += width;
  }
  size_ = (at + 15) / 16 * 16;
  for (std::uint32_t w = 0; w < size_ / 8; ++w) {
    bool end_of_string
      = w > 0
        && std::find(string_words_.begin(), string_words_.end(), w - 1) != string_words_.end();
    if (!end_of_string) plain_words_.push_back(w);
  }
}

// -- of columns -----------------------------------------------------------------------------------

void key_layout::normalize(std::span<const column* const> keys, const std::uint64_t* hashes,
                           const selection& rows, key_rows& out) const {
  auto n = rows.size();
  out.stride_ = size_;
  out.data_.reserve(n * size_, 0);
  out.nested_.clear();
  if (n == 0) return;
  auto* to = out.data_.data();
  std::memset(to, 0, n * size_); // padding and NULLs are 0
  for (std::size_t k = 0; k < n; ++k)
    store(to + k * size_, static_cast<std::uint32_t>(hashes[rows[k]]));
  for (std::size_t c = 0; c < keys.size(); ++c) {
    if (fields_[c].nested)
      normalize_nested(c, *keys[c], rows, out);
    else
      normalize_column(c, *keys[c], rows, out);
  }
}

void key_layout::normalize_column(std::size_t c, const column& from, const selection& rows,
                                  key_rows& out) const {
  auto n = rows.size();
  auto* base = out.data_.data();
  auto* to = base + fields_[c].offset;
  visit_physical(from.physical(), [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (!std::is_same_v<T, list_entry>) {
      if (from.may_have_nulls()) {
        for (std::size_t k = 0; k < n; ++k) {
          auto row = rows[k];
          if (from.is_null(row)) {
            auto* word = base + k * size_ + null_word(c);
            store(word, load<std::uint32_t>(word) | null_bit(c));
          } else {
            store(to + k * size_, key_number(from.value<T>(row)));
          }
        }
      } else if (from.is_flat() && rows.dense()) {
        const auto* values = from.values<T>();
        for (std::size_t k = 0; k < n; ++k) store(to + k * size_, key_number(values[k]));
      } else {
        for (std::size_t k = 0; k < n; ++k)
          store(to + k * size_, key_number(from.value<T>(rows[k])));
      }
    }
  });
}

void key_layout::normalize_nested(std::size_t c, const column& from, const selection& rows,
                                  key_rows& out) const {
  auto* base = out.data_.data();
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (from.is_null(rows[k])) {
      auto* word = base + k * size_ + null_word(c);
      store(word, load<std::uint32_t>(word) | null_bit(c));
      continue;
    }
    byte_writer bytes(std::move(out.encoded_));
    bytes.buffer().clear();
    encode_key_value(bytes, from, rows[k]);
    store(base + k * size_ + fields_[c].offset, out.nested_.add(bytes.view()));
    out.encoded_ = bytes.take();
  }
}

bool key_layout::is_null(const std::byte* key, std::size_t c) const noexcept {
  return (load<std::uint32_t>(key + null_word(c)) & null_bit(c)) != 0;
}

void key_layout::append_column(std::size_t c, const std::byte* const* rows, std::size_t distance,
                               std::size_t count, column& out) const {
  const auto& f = fields_[c];
  out.reserve(out.size() + count);
  if (f.nested) {
    for (std::size_t k = 0; k < count; ++k) {
      const auto* key = rows[k] - distance;
      if (is_null(key, c)) {
        out.append_null();
        continue;
      }
      byte_reader in(string_at(key, f.offset / 8)->view());
      decode_key_value(in, out);
    }
    return;
  }
  visit_physical(f.physical, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (!std::is_same_v<T, list_entry>) {
      for (std::size_t k = 0; k < count; ++k) {
        const auto* key = rows[k] - distance;
        if (is_null(key, c))
          out.append_null();
        else if constexpr (std::is_same_v<T, string_ref>)
          out.append_text(reinterpret_cast<const string_ref*>(key + f.offset)->view());
        else
          out.append(load<T>(key + f.offset));
      }
    }
  });
}

// -- of tables ------------------------------------------------------------------------------------

string_ref key_layout::own_string(std::string_view text) {
  auto* memory = new char[text.size()];
  std::memcpy(memory, text.data(), text.size());
  return string_ref({memory, text.size()});
}

std::size_t key_layout::copy(const std::byte* key, std::byte* to) const {
  std::memcpy(to, key, size_);
  std::size_t owned = 0;
  for (auto w : string_words_) {
    auto text = load<string_ref>(key + std::size_t{w} * 8);
    if (text.is_inline()) continue;
    store(to + std::size_t{w} * 8, own_string(text.view()));
    owned += text.size();
  }
  return owned;
}

std::size_t key_layout::destroy(std::byte* key) const noexcept {
  std::size_t owned = 0;
  for (auto w : string_words_) {
    auto text = load<string_ref>(key + std::size_t{w} * 8);
    if (text.is_inline()) continue;
    owned += text.size();
    delete[] text.data();
  }
  return owned;
}

void key_layout::encode(const std::byte* key, byte_writer& out) const {
  out.append(key, fields_.empty() ? size_ : null_word(fields_.size() - 1) + 4);
  for (const auto& f : fields_) {
    if (f.physical == physical_type::string)
      out.text(reinterpret_cast<const string_ref*>(key + f.offset)->view());
    else
      out.append(key + f.offset, f.width);
  }
}

std::size_t key_layout::decode(byte_reader& in, std::byte* key) const {
  std::memset(key, 0, size_);
  in.copy(key, fields_.empty() ? size_ : null_word(fields_.size() - 1) + 4);
  std::size_t owned = 0;
  try {
    for (const auto& f : fields_) {
      if (f.physical != physical_type::string) {
        in.copy(key + f.offset, f.width);
        continue;
      }
      auto text = in.text();
      bool here = text.size() <= string_ref::inline_size;
      store(key + f.offset, here ? string_ref(text) : own_string(text));
      owned += here ? 0 : text.size();
    }
  } catch (...) {
    destroy(key);
    throw;
  }
  return owned;
}

} // namespace sluice::table::detail
