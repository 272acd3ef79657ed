#include "sluice/table/column/column.hpp"

#include "sluice/core/check.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>

namespace sluice::table {

namespace {

constexpr std::size_t alignment = 64;

constexpr std::size_t words_for(std::size_t rows) { return (rows + 63) / 64; }

template <class T>
using pointee = std::remove_pointer_t<T>;

/// Sets bits [from, to).
void set_bits(std::uint64_t* words, std::size_t from, std::size_t to) {
  while (from < to && from % 64 != 0) {
    words[from / 64] |= std::uint64_t{1} << (from % 64);
    ++from;
  }
  while (from + 64 <= to) {
    words[from / 64] = ~std::uint64_t{0};
    from += 64;
  }
  while (from < to) {
    words[from / 64] |= std::uint64_t{1} << (from % 64);
    ++from;
  }
}

} // namespace

raw_buffer::~raw_buffer() {
  if (data_) ::operator delete(data_, std::align_val_t{alignment});
}

void raw_buffer::grow(std::size_t size, std::size_t live) {
  size = std::max({size, capacity_ + capacity_ / 2, std::size_t{64}});
  size = (size + alignment - 1) / alignment * alignment;
  auto fresh = static_cast<std::byte*>(::operator new(size, std::align_val_t{alignment}));
  if (live > 0) std::memcpy(fresh, data_, live);
  if (data_) ::operator delete(data_, std::align_val_t{alignment});
  data_ = fresh;
  capacity_ = size;
}

std::uint32_t width_of(physical_type type) noexcept {
  switch (type) {
  case physical_type::boolean:
  case physical_type::int8:
    return 1;
  case physical_type::int16:
    return 2;
  case physical_type::int32:
  case physical_type::float32:
    return 4;
  case physical_type::int64:
  case physical_type::float64:
  case physical_type::list:
    return 8;
  case physical_type::decimal128:
  case physical_type::string:
    return 16;
  case physical_type::row:
    return 0;
  }
  return 0;
}

column::column(data_type type)
  : type_(std::move(type)), physical_(type_.physical()), width_(width_of(physical_)) {
  for (const auto& child : type_.children()) children_.push_back(std::make_shared<column>(child));
}

column_ptr column::constant(const column& value, std::size_t size) {
  auto result = std::make_shared<column>(value.type());
  result->append_range(value, 0, 1);
  result->encoding_ = column_encoding::constant;
  result->size_ = size;
  return result;
}

column_ptr column::nulls(data_type type, std::size_t size) {
  auto result = std::make_shared<column>(std::move(type));
  result->append_null();
  result->encoding_ = column_encoding::constant;
  result->size_ = size;
  return result;
}

column_ptr column::dictionary(column_ptr values, const std::uint32_t* indices, std::size_t size) {
  SLUICE_CHECK(values->is_flat(), "the values of a dictionary are not flat");
  auto result = std::make_shared<column>(values->type());
  result->encoding_ = column_encoding::dictionary;
  result->size_ = size;
  result->data_.reserve(size * sizeof(std::uint32_t), 0);
  if (size > 0) std::memcpy(result->data_.data(), indices, size * sizeof(std::uint32_t));
  if (values->may_have_nulls()) {
    auto* bits = result->make_validity();
    for (std::size_t i = 0; i < size; ++i)
      if (values->is_null(indices[i])) bits[i / 64] &= ~(std::uint64_t{1} << (i % 64));
  }
  result->dictionary_ = std::move(values);
  return result;
}

std::size_t column::null_count() const noexcept {
  if (!has_validity_) return 0;
  if (is_constant()) return is_null(0) ? size_ : 0;
  std::size_t valid = 0;
  const auto* bits = validity();
  for (std::size_t w = 0; w < size_ / 64; ++w)
    valid += static_cast<std::size_t>(std::popcount(bits[w]));
  if (auto rest = size_ % 64; rest > 0)
    valid += static_cast<std::size_t>(
      std::popcount(bits[size_ / 64] & ((std::uint64_t{1} << rest) - 1)));
  return size_ - valid;
}

std::uint64_t* column::make_validity() {
  auto words = words_for(std::max<std::size_t>(size_, 1));
  auto* bits = reinterpret_cast<std::uint64_t*>(validity_.data());
  if (!has_validity_) {
    validity_.reserve(words * 8, 0);
    bits = reinterpret_cast<std::uint64_t*>(validity_.data());
    std::memset(bits, 0xff, words * 8);
    has_validity_ = true;
  }
  return bits;
}

void column::reset(std::size_t size) {
  encoding_ = column_encoding::flat;
  dictionary_.reset();
  shared_heaps_.clear();
  has_validity_ = false;
  if (heap_) {
    if (heap_.use_count() == 1)
      heap_->clear();
    else
      heap_.reset(); // its strings live on in other columns
  }
  if (width_ > 0) data_.reserve(size * width_, 0);
  if (physical_ == physical_type::row) {
    for (auto& child : children_) child->reset(size);
  } else {
    for (auto& child : children_) child->reset(0);
  }
  size_ = size;
}

void column::reserve(std::size_t rows) {
  if (width_ > 0) data_.reserve(rows * width_, size_ * width_);
}

void column::retype(data_type type) {
  SLUICE_CHECK(type.physical() == physical_, "{} is not stored as {}", type.to_string(),
               type_.to_string());
  type_ = std::move(type);
}

string_heap& column::heap() {
  if (!heap_) heap_ = std::make_shared<string_heap>();
  return *heap_;
}

void column::share_heaps(const column& other) {
  auto add = [&](std::shared_ptr<const string_heap> heap) {
    if (!heap || heap == heap_) return;
    if (std::find(shared_heaps_.begin(), shared_heaps_.end(), heap) == shared_heaps_.end())
      shared_heaps_.push_back(std::move(heap));
  };
  const auto& source = other.dictionary_ ? *other.dictionary_ : other;
  add(source.heap_);
  for (const auto& heap : source.shared_heaps_) add(heap);
}

void column::grow_to(std::size_t size) {
  if (width_ > 0 && size * width_ > data_.capacity())
    data_.reserve(std::max(size, std::size_t{16}) * width_, size_ * width_);
  if (has_validity_) {
    auto words = words_for(size);
    validity_.reserve(words * 8, words_for(size_) * 8);
    auto* bits = reinterpret_cast<std::uint64_t*>(validity_.data());
    for (auto w = words_for(size_); w < words; ++w) bits[w] = 0;
    set_bits(bits, size_, size);
  }
  size_ = size;
}

void column::append_null() {
  if (physical_ == physical_type::row) {
    for (auto& child : children_) child->append_null();
  }
  grow_to(size_ + 1);
  if (width_ > 0) std::memset(data_.data() + (size_ - 1) * width_, 0, width_);
  set_null(size_ - 1);
}

void column::append_list(std::size_t size) {
  auto end = children_[0]->size();
  append(list_entry{static_cast<std::uint32_t>(end - size), static_cast<std::uint32_t>(size)});
}

void column::append_range(const column& from, std::size_t begin, std::size_t end) {
  if (from.is_flat() && !from.may_have_nulls() && physical_ != physical_type::string
      && !type_.is_nested()) {
    auto old = size_;
    grow_to(size_ + (end - begin));
    if (end > begin)
      std::memcpy(data_.data() + old * width_, from.data_.data() + begin * width_,
                  (end - begin) * width_);
    return;
  }
  std::vector<std::uint32_t> rows(end - begin);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::uint32_t>(begin + i);
  append_rows(from, selection(rows));
}

void column::append_rows(const column& from, const selection& rows) {
  auto old = size_;
  auto count = rows.size();
  if (count == 0) return;
  if (physical_ == physical_type::row) {
    SLUICE_CHECK(from.encoding_ != column_encoding::dictionary, "rows in a dictionary");
    if (from.is_constant()) {
      std::vector<std::uint32_t> zeros(count, 0);
      for (std::size_t c = 0; c < children_.size(); ++c)
        children_[c]->append_rows(from.child(c), selection(zeros));
    } else {
      for (std::size_t c = 0; c < children_.size(); ++c)
        children_[c]->append_rows(from.child(c), rows);
    }
  }
  grow_to(old + count);
  if (physical_ == physical_type::string) {
    auto* out = values<string_ref>();
    for (std::size_t i = 0; i < count; ++i) {
      auto row = rows[i];
      if (from.is_null(row)) {
        out[old + i] = string_ref();
        continue;
      }
      const auto& value = from.value<string_ref>(row);
      out[old + i] = value.is_inline() ? value : heap().add(value.view());
    }
  } else if (physical_ == physical_type::list) {
    auto* out = values<list_entry>();
    for (std::size_t i = 0; i < count; ++i) {
      auto row = rows[i];
      if (from.is_null(row)) {
        out[old + i] = {};
        continue;
      }
      auto entry = from.value<list_entry>(row);
      const auto& source = from.dictionary_ ? *from.dictionary_ : from;
      out[old + i] = {static_cast<std::uint32_t>(children_[0]->size()), entry.size};
      for (std::size_t c = 0; c < children_.size(); ++c)
        children_[c]->append_range(source.child(c), entry.offset, entry.offset + entry.size);
    }
  } else if (width_ > 0) {
    visit_physical(physical_, [&](auto* type) {
      using T = pointee<decltype(type)>;
      auto* out = values<T>() + old;
      if (from.is_flat()) {
        const auto* in = from.values<T>();
        for (std::size_t i = 0; i < count; ++i) out[i] = in[rows[i]];
      } else {
        for (std::size_t i = 0; i < count; ++i) out[i] = from.value<T>(rows[i]);
      }
    });
  }
  if (from.may_have_nulls()) {
    for (std::size_t i = 0; i < count; ++i)
      if (from.is_null(rows[i])) set_null(old + i);
  }
}

void column::copy_rows(const column& from, const selection& rows) {
  if (rows.empty()) return;
  if (physical_ == physical_type::row) {
    for (std::size_t c = 0; c < children_.size(); ++c) {
      if (from.is_constant())
        children_[c]->copy_rows(*column::constant(from.child(c), size_), rows);
      else
        children_[c]->copy_rows(from.child(c), rows);
    }
  } else if (physical_ == physical_type::list) {
    const auto& source = from.dictionary_ ? *from.dictionary_ : from;
    auto* out = values<list_entry>();
    rows.for_each([&](std::size_t i) {
      if (from.is_null(i)) return;
      auto entry = from.value<list_entry>(i);
      out[i] = {static_cast<std::uint32_t>(children_[0]->size()), entry.size};
      for (std::size_t c = 0; c < children_.size(); ++c)
        children_[c]->append_range(source.child(c), entry.offset, entry.offset + entry.size);
    });
  } else {
    if (physical_ == physical_type::string) share_heaps(from);
    visit_physical(physical_, [&](auto* type) {
      using T = pointee<decltype(type)>;
      auto* out = values<T>();
      if (from.is_flat()) {
        const auto* in = from.values<T>();
        rows.for_each([&](std::size_t i) { out[i] = in[i]; });
      } else {
        rows.for_each([&](std::size_t i) { out[i] = from.value<T>(i); });
      }
    });
  }
  if (from.may_have_nulls() || has_validity_) {
    auto* bits = make_validity();
    rows.for_each([&](std::size_t i) {
      auto bit = std::uint64_t{1} << (i % 64);
      if (from.is_null(i))
        bits[i / 64] &= ~bit;
      else
        bits[i / 64] |= bit;
    });
  }
}

std::size_t column::bytes() const noexcept {
  auto stored = is_constant() ? std::min<std::size_t>(size_, 1) : size_;
  if (encoding_ == column_encoding::dictionary) return size_ * sizeof(std::uint32_t);
  std::size_t total = stored * width_ + (has_validity_ ? words_for(stored) * 8 : 0);
  if (heap_) total += heap_->bytes();
  for (const auto& child : children_) total += child->bytes();
  return total;
}

std::size_t column::capacity_bytes() const noexcept {
  auto total = data_.capacity() + validity_.capacity();
  if (heap_) total += heap_->capacity();
  for (const auto& child : children_) total += child->capacity_bytes();
  return total;
}

// -- gather
// ----------------------------------------------------------------------------------------

void gather_into(column& out, const column& source, const std::uint32_t* rows, std::size_t count) {
  if (source.type().is_nested()) {
    out.clear();
    out.append_rows(source, selection(rows, count));
    return;
  }
  out.reset(count);
  if (source.physical() == physical_type::string) out.share_heaps(source);
  visit_physical(source.physical(), [&](auto* type) {
    using T = pointee<decltype(type)>;
    auto* to = out.values<T>();
    if (source.is_flat()) {
      const auto* from = source.values<T>();
      for (std::size_t i = 0; i < count; ++i) to[i] = from[rows[i]];
    } else if (source.is_constant()) {
      std::fill_n(to, count, source.values<T>()[0]);
    } else {
      const auto* from = source.dictionary_values()->values<T>();
      const auto* indices = source.indices();
      for (std::size_t i = 0; i < count; ++i) to[i] = from[indices[rows[i]]];
    }
  });
  if (!source.may_have_nulls()) return;
  auto* bits = out.make_validity();
  for (std::size_t i = 0; i < count; ++i)
    if (source.is_null(rows[i])) bits[i / 64] &= ~(std::uint64_t{1} << (i % 64));
}

std::shared_ptr<column> gather(const column& source, const std::uint32_t* rows, std::size_t count) {
  auto result = std::make_shared<column>(source.type());
  gather_into(*result, source, rows, count);
  return result;
}

column_ptr flattened(const column_ptr& source) {
  if (source->is_flat()) return source;
  std::vector<std::uint32_t> rows(source->size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::uint32_t>(i);
  return gather(*source, rows.data(), rows.size());
}

// -- encoding
// --------------------------------------------------------------------------------------

namespace {

constexpr std::uint8_t constant_flag = 1;
constexpr std::uint8_t validity_flag = 2;

} // namespace

void column::encode(byte_writer& out) const {
  if (encoding_ == column_encoding::dictionary) {
    std::vector<std::uint32_t> rows(size_);
    for (std::size_t i = 0; i < size_; ++i) rows[i] = static_cast<std::uint32_t>(i);
    gather(*this, rows.data(), size_)->encode(out);
    return;
  }
  auto stored = is_constant() ? std::min<std::size_t>(size_, 1) : size_;
  out.varint(size_);
  out.raw(static_cast<std::uint8_t>((is_constant() ? constant_flag : 0)
                                    | (has_validity_ ? validity_flag : 0)));
  if (has_validity_) out.append(validity_.data(), (stored + 7) / 8);
  if (physical_ == physical_type::string) {
    encode_strings(out, stored);
  } else if (physical_ == physical_type::list) {
    // Entries are written as lengths, and the children in the order of the rows.
    const auto* entries = values<list_entry>();
    std::vector<std::uint32_t> rows;
    for (std::size_t i = 0; i < stored; ++i) {
      auto entry = is_null(i) ? list_entry{} : entries[i];
      out.varint(entry.size);
      for (std::uint32_t k = 0; k < entry.size; ++k) rows.push_back(entry.offset + k);
    }
    for (const auto& child : children_) gather(*child, rows.data(), rows.size())->encode(out);
  } else if (physical_ == physical_type::row) {
    for (const auto& child : children_) child->encode(out);
  } else {
    out.append(data_.data(), stored * width_);
  }
}

void column::encode_strings(byte_writer& out, std::size_t stored) const {
  const auto* strings = values<string_ref>();
  for (std::size_t i = 0; i < stored; ++i) out.varint(is_null(i) ? 0 : strings[i].size());
  for (std::size_t i = 0; i < stored; ++i)
    if (!is_null(i)) out.append(strings[i].data(), strings[i].size());
}

void column::decode(byte_reader& in) {
  auto size = static_cast<std::size_t>(in.varint());
  auto flags = in.raw<std::uint8_t>();
  if (flags > (constant_flag | validity_flag) || size > std::numeric_limits<std::uint32_t>::max())
    throw format_error("corrupt data: a column has an unknown form");
  bool constant = (flags & constant_flag) != 0;
  auto stored = constant ? std::min<std::size_t>(size, 1) : size;
  std::string_view bits;
  if ((flags & validity_flag) != 0) bits = in.take((stored + 7) / 8);
  if (width_ > 0 && physical_ != physical_type::string && physical_ != physical_type::list
      && stored > in.remaining() / width_)
    throw format_error("corrupt data: a column ends early");
  if (stored > in.remaining() && (width_ > 0 || children_.empty()))
    throw format_error("corrupt data: a column ends early");
  if (physical_ == physical_type::row) {
    reset(0);
    for (auto& child : children_) {
      child->decode(in);
      if (child->size() != stored)
        throw format_error("corrupt data: the columns of a row differ in length");
    }
    size_ = stored;
  } else {
    reset(stored);
    if (physical_ == physical_type::string) {
      decode_strings(in, stored);
    } else if (physical_ == physical_type::list) {
      auto* entries = values<list_entry>();
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < stored; ++i) {
        auto length = in.varint();
        if (total + length > std::numeric_limits<std::uint32_t>::max())
          throw format_error("corrupt data: a list is too long");
        entries[i] = {static_cast<std::uint32_t>(total), static_cast<std::uint32_t>(length)};
        total += length;
      }
      for (auto& child : children_) {
        child->decode(in);
        if (child->size() != total || child->is_constant())
          throw format_error("corrupt data: the elements of lists do not match their lengths");
      }
    } else {
      in.copy(data_.data(), stored * width_);
      if (physical_ == physical_type::boolean)
        for (std::size_t i = 0; i < stored; ++i)
          if (values<std::uint8_t>()[i] > 1 && bits.empty())
            throw format_error("corrupt data: a boolean is neither 0 nor 1");
    }
  }
  if (!bits.empty()) {
    auto* words = make_validity();
    std::memcpy(words, bits.data(), bits.size());
  }
  if (constant && size > 0) {
    encoding_ = column_encoding::constant;
    size_ = size;
  }
}

void column::decode_strings(byte_reader& in, std::size_t stored) {
  std::vector<std::uint32_t> lengths(stored);
  std::size_t total = 0;
  for (auto& length : lengths) {
    auto n = in.varint();
    if (n > in.remaining()) throw format_error("corrupt data: a string ends early");
    length = static_cast<std::uint32_t>(n);
    total += length;
  }
  auto text = in.take(total);
  auto* strings = values<string_ref>();
  for (std::size_t i = 0; i < stored; ++i) {
    strings[i] = heap().add(text.substr(0, lengths[i]));
    text.remove_prefix(lengths[i]);
  }
}

} // namespace sluice::table
