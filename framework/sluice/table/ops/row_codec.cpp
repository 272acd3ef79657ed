#include "sluice/table/ops/row_codec.hpp"

#include "sluice/table/ops/nested_parts.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace sluice::table {

namespace {

template <class T>
using pointee = std::remove_pointer_t<T>;

constexpr std::size_t bitmap_bytes(std::size_t columns) { return (columns + 7) / 8; }

std::size_t varint_size(std::uint64_t value) {
  std::size_t n = 1;
  for (; value >= 0x80; value >>= 7) ++n;
  return n;
}

char* put_varint(char* to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

const char* get_varint(const char* from, std::uint64_t& value) {
  value = 0;
  for (int shift = 0;; shift += 7) {
    auto byte = static_cast<unsigned char>(*from++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return from;
  }
}

// -- nested values: NULL or not, and then the value, each by itself ------------------------------

std::size_t nested_size(const column& c, std::size_t i);

std::size_t value_size(const column& c, std::size_t i) {
  switch (c.physical()) {
  case physical_type::string: {
    auto size = c.value<string_ref>(i).size();
    return varint_size(size) + size;
  }
  case physical_type::list:
  case physical_type::row: {
    std::size_t total
      = c.physical() == physical_type::list ? varint_size(c.value<list_entry>(i).size) : 0;
    for_each_part(c, i,
                  [&](const column& part, std::size_t row) { total += nested_size(part, row); });
    return total;
  }
  default:
    return width_of(c.physical());
  }
}

std::size_t nested_size(const column& c, std::size_t i) {
  return 1 + (c.is_null(i) ? 0 : value_size(c, i));
}

char* put_value(char* to, const column& c, std::size_t i) {
  switch (c.physical()) {
  case physical_type::string: {
    const auto& text = c.value<string_ref>(i);
    to = put_varint(to, text.size());
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
  }
  case physical_type::list:
  case physical_type::row:
    if (c.physical() == physical_type::list) to = put_varint(to, c.value<list_entry>(i).size);
    for_each_part(c, i, [&](const column& part, std::size_t row) {
      *to++ = part.is_null(row) ? 1 : 0;
      if (!part.is_null(row)) to = put_value(to, part, row);
    });
    return to;
  default:
    return visit_physical(c.physical(), [&](auto* type) {
      using T = pointee<decltype(type)>;
      std::memcpy(to, &c.value<T>(i), sizeof(T));
      return to + sizeof(T);
    });
  }
}

/// Appends the value at `from` to `out`, which is flat.
const char* append_value(const char* from, column& out) {
  auto append_part = [&](column& part) {
    if (*from++ != 0)
      part.append_null();
    else
      from = append_value(from, part);
  };
  switch (out.physical()) {
  case physical_type::string: {
    std::uint64_t size = 0;
    from = get_varint(from, size);
    out.append_text({from, size});
    return from + size;
  }
  case physical_type::list: {
    std::uint64_t size = 0;
    from = get_varint(from, size);
    for (std::uint64_t k = 0; k < size; ++k)
      for (std::size_t p = 0; p < out.num_children(); ++p) append_part(out.child(p));
    out.append_list(size);
    return from;
  }
  case physical_type::row:
    for (std::size_t p = 0; p < out.num_children(); ++p) append_part(out.child(p));
    out.append_row();
    return from;
  default:
    visit_physical(out.physical(), [&](auto* type) {
      using T = pointee<decltype(type)>;
      T value;
      std::memcpy(&value, from, sizeof(T));
      out.append(value);
      from += sizeof(T);
    });
    return from;
  }
}

/// The end of the value at `from`, or null if it passes `end`.
const char* skip_value(const char* from, const char* end, const data_type& type) {
  auto length = [&](std::uint64_t& size) {
    auto at = from;
    while (at < end && (*at & 0x80) != 0 && at - from < 9) ++at;
    if (at == end || (*at & 0x80) != 0) return false;
    from = get_varint(from, size);
    return true;
  };
  auto skip_part = [&](const data_type& part) {
    if (from == end) return false;
    if (*from++ != 0) return true;
    from = skip_value(from, end, part);
    return from != nullptr;
  };
  auto physical = type.physical();
  std::uint64_t size = width_of(physical);
  if (physical == physical_type::string) {
    if (!length(size)) return nullptr;
  } else if (physical == physical_type::list) {
    if (!length(size)) return nullptr;
    for (std::uint64_t k = 0; k < size; ++k)
      for (const auto& part : type.children())
        if (!skip_part(part)) return nullptr;
    return from;
  } else if (physical == physical_type::row) {
    for (const auto& part : type.children())
      if (!skip_part(part)) return nullptr;
    return from;
  }
  return size <= static_cast<std::uint64_t>(end - from) ? from + size : nullptr;
}

// -- a column of many rows -----------------------------------------------------------------------

void add_sizes(const column& c, const selection& rows, std::size_t* sizes) {
  auto width = width_of(c.physical());
  if (c.physical() == physical_type::string) {
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (c.is_null(rows[k])) continue;
      auto size = c.value<string_ref>(rows[k]).size();
      sizes[k] += varint_size(size) + size;
    }
  } else if (c.type().is_nested()) {
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (!c.is_null(rows[k])) sizes[k] += value_size(c, rows[k]);
  } else if (!c.may_have_nulls()) {
    for (std::size_t k = 0; k < rows.size(); ++k) sizes[k] += width;
  } else {
    for (std::size_t k = 0; k < rows.size(); ++k) sizes[k] += c.is_null(rows[k]) ? 0 : width;
  }
}

void put_column(const column& c, const selection& rows, char* bytes, std::size_t* cursors) {
  if (c.physical() == physical_type::string || c.type().is_nested()) {
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (c.is_null(rows[k])) continue;
      auto* at = bytes + cursors[k];
      cursors[k] += static_cast<std::size_t>(put_value(at, c, rows[k]) - at);
    }
    return;
  }
  visit_physical(c.physical(), [&](auto* type) {
    using T = pointee<decltype(type)>;
    if (c.is_flat() && !c.may_have_nulls()) {
      const auto* values = c.values<T>();
      for (std::size_t k = 0; k < rows.size(); ++k) {
        std::memcpy(bytes + cursors[k], values + rows[k], sizeof(T));
        cursors[k] += sizeof(T);
      }
      return;
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (c.is_null(rows[k])) continue;
      std::memcpy(bytes + cursors[k], &c.value<T>(rows[k]), sizeof(T));
      cursors[k] += sizeof(T);
    }
  });
}

/// Where the decoding of a row stands; `from` is null for rows that are NULL altogether.
struct reader {
  const char* bitmap = nullptr;
  const char* from = nullptr;

  bool null(std::size_t bit) const noexcept {
    return !from || (static_cast<unsigned char>(bitmap[bit / 8]) >> (bit % 8) & 1) != 0;
  }
};

void skip_column(const data_type& type, std::size_t bit, std::span<reader> rows) {
  if (auto width = width_of(type.physical());
      !type.is_nested() && width > 0 && type.physical() != physical_type::string) {
    for (auto& r : rows)
      if (!r.null(bit)) r.from += width;
    return;
  }
  constexpr auto far = std::size_t{1} << 40; // the row was checked
  for (auto& r : rows)
    if (!r.null(bit)) r.from = skip_value(r.from, r.from + far, type);
}

void get_column(column& out, std::size_t bit, std::span<reader> rows) {
  if (out.type().is_nested()) {
    out.clear();
    for (auto& r : rows) {
      if (r.null(bit))
        out.append_null();
      else
        r.from = append_value(r.from, out);
    }
    return;
  }
  out.reset(rows.size());
  visit_physical(out.physical(), [&](auto* type) {
    using T = pointee<decltype(type)>;
    auto* values = out.values<T>();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      auto& r = rows[k];
      if (r.null(bit)) [[unlikely]] {
        values[k] = T();
        out.set_null(k);
        continue;
      }
      if constexpr (std::is_same_v<T, string_ref>) {
        std::uint64_t size = 0;
        r.from = get_varint(r.from, size);
        values[k] = out.heap().add({r.from, size});
        r.from += size;
      } else {
        std::memcpy(values + k, r.from, sizeof(T));
        r.from += sizeof(T);
      }
    }
  });
}

} // namespace

row_codec::row_codec(std::vector<data_type> types, std::vector<std::size_t> leading)
  : types_(std::move(types)), order_(std::move(leading)), num_leading_(order_.size()) {
  for (std::size_t c = 0; c < types_.size(); ++c)
    if (std::find(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(num_leading_), c)
        == order_.begin() + static_cast<std::ptrdiff_t>(num_leading_))
      order_.push_back(c);
}

std::size_t row_codec::typical_bytes() const noexcept {
  std::size_t total = bitmap_bytes(num_leading_) + bitmap_bytes(types_.size() - num_leading_);
  for (const auto& t : types_) total += std::max<std::size_t>(width_of(t.physical()), 4);
  return total;
}

void row_codec::encode(const columnar_batch& in, const selection& rows, encoded_rows& out) const {
  auto n = rows.size();
  auto rest = order_.size() - num_leading_;
  auto& sizes = out.cursors_;
  auto add = [&](std::size_t first, std::size_t last) {
    for (auto& size : sizes) size += bitmap_bytes(last - first);
    for (auto k = first; k < last; ++k) add_sizes(in.at(order_[k]), rows, sizes.data());
  };
  sizes.assign(n, 0);
  add(0, num_leading_);
  out.leading_.resize(n);
  for (std::size_t k = 0; k < n; ++k) out.leading_[k] = static_cast<std::uint32_t>(sizes[k]);
  add(num_leading_, order_.size());
  out.offsets_.resize(n + 1);
  out.offsets_[0] = 0;
  for (std::size_t k = 0; k < n; ++k) out.offsets_[k + 1] = out.offsets_[k] + sizes[k];
  if (out.bytes_.size() < out.offsets_[n]) out.bytes_.resize(out.offsets_[n]);
  std::copy_n(out.offsets_.begin(), n, out.cursors_.begin());
  auto* bytes = out.bytes_.data();

  auto put = [&](std::size_t first, std::size_t count) {
    for (auto& at : out.cursors_) {
      std::memset(bytes + at, 0, bitmap_bytes(count));
      at += bitmap_bytes(count);
    }
    for (std::size_t k = 0; k < count; ++k) {
      const auto& c = in.at(order_[first + k]);
      if (c.may_have_nulls())
        for (std::size_t r = 0; r < n; ++r) {
          auto start = out.offsets_[r] + (first > 0 ? out.leading_[r] : 0);
          if (c.is_null(rows[r]))
            bytes[start + k / 8] = static_cast<char>(bytes[start + k / 8] | 1 << (k % 8));
        }
      put_column(c, rows, bytes, out.cursors_.data());
    }
  };
  put(0, num_leading_);
  put(num_leading_, rest);
}

void row_codec::decode(const char* const* rows, std::size_t count,
                       std::span<column* const> out) const {
  std::vector<reader> readers(count);
  for (std::size_t k = 0; k < count; ++k) readers[k].from = rows[k];
  std::size_t last = 0; // columns behind it are not wanted
  for (std::size_t k = 0; k < order_.size(); ++k)
    if (out[order_[k]]) last = k + 1;
  for (std::size_t k = 0; k < last; ++k) {
    bool leading = k < num_leading_;
    if (k == 0 || k == num_leading_) {
      auto columns = leading ? num_leading_ : order_.size() - num_leading_;
      for (auto& r : readers) {
        if (!r.from) continue;
        r.bitmap = r.from;
        r.from += bitmap_bytes(columns);
      }
    }
    auto bit = leading ? k : k - num_leading_;
    if (auto* target = out[order_[k]])
      get_column(*target, bit, readers);
    else
      skip_column(types_[order_[k]], bit, readers);
  }
}

bool row_codec::check(std::string_view bytes) const noexcept {
  const auto* from = bytes.data();
  const auto* end = from + bytes.size();
  const auto* bitmap = from;
  for (std::size_t k = 0; k < order_.size(); ++k) {
    bool leading = k < num_leading_;
    if (k == 0 || k == num_leading_) {
      auto size = bitmap_bytes(leading ? num_leading_ : order_.size() - num_leading_);
      if (size > static_cast<std::size_t>(end - from)) return false;
      bitmap = from;
      from += size;
    }
    auto bit = leading ? k : k - num_leading_;
    if ((static_cast<unsigned char>(bitmap[bit / 8]) >> (bit % 8) & 1) != 0) continue;
    from = skip_value(from, end, types_[order_[k]]);
    if (!from) return false;
  }
  return from == end;
}

std::string row_codec::schema() const {
  std::string text = "row(";
  for (std::size_t k = 0; k < order_.size(); ++k) {
    if (k > 0) text += k == num_leading_ ? "; " : ", ";
    text += types_[order_[k]].as_nullable().to_string();
  }
  return text + ")";
}

} // namespace sluice::table
