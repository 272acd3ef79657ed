/// The unit of exchange: a contiguous run of records of one type.
#pragma once

#include "sluice/core/check.hpp"
#include "sluice/core/codec.hpp"
#include "sluice/core/time.hpp"

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace sluice {

/// A growable array that keeps its objects alive when it shrinks, so that refilling it reuses what
/// they own (the heap block of a string, say) instead of freeing and allocating it again.
template <class T>
class recycling_buffer {
public:
  recycling_buffer() = default;
  recycling_buffer(recycling_buffer&& other) noexcept { swap(other); }
  recycling_buffer& operator=(recycling_buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~recycling_buffer() { release(); }

  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  std::size_t capacity() const noexcept { return capacity_; }

  /// Makes room for `n` objects; those below `live` are kept.
  void reserve(std::size_t n, std::size_t live) {
    if (n > capacity_) grow(n, live);
  }

  /// Stores `value` at `index`. REQUIRES: index <= number of objects ever stored, < capacity.
  template <class U>
  void store(std::size_t index, U&& value) {
    if constexpr (trivial) {
      data_[index] = std::forward<U>(value);
    } else if (index < constructed_) {
      data_[index] = std::forward<U>(value);
    } else {
      std::construct_at(data_ + index, std::forward<U>(value));
      constructed_ = index + 1;
    }
  }

  /// Stores `T{fields...}` at `index`; an object that is there has its fields assigned, which
  /// reuses what they own. REQUIRES: as `store`; T is an aggregate.
  template <class... Fields>
  void store_fields(std::size_t index, Fields&&... fields) {
    constexpr auto numbers = std::index_sequence_for<Fields...>{};
    if (trivial || index >= constructed_) {
      store(index, make_of(numbers, std::forward<Fields>(fields)...));
    } else {
      assign_to(data_[index], numbers, std::forward<Fields>(fields)...);
    }
  }

  /// Makes the objects below `n` exist (default-constructed where they are new).
  void materialize(std::size_t n) {
    if constexpr (!trivial) {
      while (constructed_ < n) std::construct_at(data_ + constructed_++);
    }
  }

  void swap(recycling_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    std::swap(constructed_, other.constructed_);
  }

  /// Destroys everything and frees the memory.
  void release() noexcept {
    if constexpr (!trivial) std::destroy_n(data_, constructed_);
    if (data_) ::operator delete(data_, std::align_val_t{alignment});
    data_ = nullptr;
    capacity_ = constructed_ = 0;
  }

private:
  static constexpr bool trivial
    = std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>;
  static constexpr std::size_t alignment = std::max<std::size_t>(alignof(T), 64);

  template <std::size_t... I, class... Fields>
  static T make_of(std::index_sequence<I...>, Fields&&... fields) {
    return T{boost::pfr::tuple_element_t<I, T>(std::forward<Fields>(fields))...};
  }

  template <std::size_t... I, class... Fields>
  static void assign_to(T& to, std::index_sequence<I...>, Fields&&... fields) {
    auto assign = [](auto& field, auto&& value) {
      using field_type = std::remove_reference_t<decltype(field)>;
      if constexpr (std::is_assignable_v<field_type&, decltype(value)>
                    && !std::is_arithmetic_v<field_type>)
        field = std::forward<decltype(value)>(value);
      else
        field = field_type(std::forward<decltype(value)>(value));
    };
    (assign(boost::pfr::get<I>(to), std::forward<Fields>(fields)), ...);
  }

  void grow(std::size_t n, std::size_t live) {
    n = std::max(n, capacity_ + capacity_ / 2);
    auto fresh = static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{alignment}));
    if constexpr (trivial) {
      if (live > 0) std::memcpy(static_cast<void*>(fresh), data_, live * sizeof(T));
    } else {
      static_assert(std::is_nothrow_move_constructible_v<T> || std::is_move_constructible_v<T>);
      for (std::size_t i = 0; i < live; ++i) std::construct_at(fresh + i, std::move(data_[i]));
      std::destroy_n(data_, constructed_);
      constructed_ = live;
    }
    if (data_) ::operator delete(data_, std::align_val_t{alignment});
    data_ = fresh;
    capacity_ = n;
  }

  T* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t constructed_ = 0; // meaningless for trivial types
};

class element_type;

/// A run of records whose type only the operators at both ends know.
///
/// Ownership: exactly one owner at a time; it moves with the batch from actor to actor.
class batch {
public:
  batch() = default;
  batch(const batch&) = delete;
  batch& operator=(const batch&) = delete;
  virtual ~batch() = default;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// What the records occupy, heap blocks they own included, as well as it is known.
  std::size_t bytes() const noexcept { return bytes_; }

  virtual const element_type& type() const noexcept = 0;

  /// Forgets the records and keeps the memory.
  void clear() noexcept {
    size_ = 0;
    bytes_ = 0;
    timed_ = false;
    hashed_ = false;
  }

  /// Another batch of this type, empty.
  virtual std::unique_ptr<batch> make_empty() const = 0;

  /// Exchanges contents in constant time. REQUIRES: same type.
  virtual void swap_contents(batch& other) noexcept = 0;

  /// Appends copies of the records [begin, end) of `from`. REQUIRES: same type.
  virtual void append_copy(const batch& from, std::size_t begin, std::size_t end) = 0;

  /// Appends the records [begin, end) of `from` by moving them. REQUIRES: same type.
  virtual void append_move(batch& from, std::size_t begin, std::size_t end) = 0;

  /// Gives memory back when the batch holds far more than `budget` bytes of it.
  virtual void trim(std::size_t budget) = 0;

  /// Writes records, timestamps and hashes; `decode` appends them to an empty batch.
  virtual void encode(byte_writer& out) const = 0;
  virtual void decode(byte_reader& in) = 0;

  // -- event timestamps: all records have one or none has -----------------------------------------

  bool has_timestamps() const noexcept { return timed_; }
  const timestamp* timestamps() const noexcept { return timestamps_.data(); }
  timestamp* timestamps() noexcept { return timestamps_.data(); }

  /// Makes every record have a timestamp slot; the caller fills them in.
  timestamp* make_timestamps() {
    timestamps_.reserve(std::max(size_, row_capacity()), timed_ ? size_ : 0);
    timed_ = true;
    return timestamps_.data();
  }

  void drop_timestamps() noexcept { timed_ = false; }

  /// Takes over the timestamps of `other`, which has as many records.
  void take_timestamps(batch& other) noexcept {
    timestamps_.swap(other.timestamps_);
    timed_ = other.timed_;
  }

  timestamp time_of(std::size_t index) const noexcept {
    return timed_ ? timestamps_.data()[index] : min_timestamp;
  }

  // -- key hashes: an edge that computed them once sends them along -------------------------------

  bool has_hashes() const noexcept { return hashed_; }
  const std::uint64_t* hashes() const noexcept { return hashes_.data(); }
  std::uint64_t* hashes() noexcept { return hashes_.data(); }
  std::uint64_t* make_hashes() {
    hashes_.reserve(std::max(size_, row_capacity()), hashed_ ? size_ : 0);
    hashed_ = true;
    return hashes_.data();
  }
  void drop_hashes() noexcept { hashed_ = false; }

  virtual std::size_t row_capacity() const noexcept = 0;

protected:
  void swap_base(batch& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(bytes_, other.bytes_);
    std::swap(timed_, other.timed_);
    std::swap(hashed_, other.hashed_);
    timestamps_.swap(other.timestamps_);
    hashes_.swap(other.hashes_);
  }

  /// Copies timestamps and hashes of `from` [begin, end) behind the own `size_` records.
  void append_columns(const batch& from, std::size_t begin, std::size_t end);

  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  bool timed_ = false;
  bool hashed_ = false;
  recycling_buffer<timestamp> timestamps_;
  recycling_buffer<std::uint64_t> hashes_;
};

/// Bytes that one record occupies, with the heap memory of strings and containers. A type may tell
/// by `std::size_t memory_bytes() const`.
template <class T>
std::size_t memory_size(const T& value) {
  if constexpr (std::is_trivially_copyable_v<T>) {
    return sizeof(T);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return sizeof(T) + (value.size() > 15 ? value.size() : 0);
  } else if constexpr (requires {
                         { value.memory_bytes() } -> std::same_as<std::size_t>;
                       }) {
    return value.memory_bytes();
  } else if constexpr (detail::is_optional<T> || detail::is_unique_ptr<T>
                       || detail::is_shared_ptr<T>) {
    return sizeof(T) + (value ? memory_size(*value) : 0);
  } else if constexpr (detail::is_variant<T>) {
    return sizeof(T) + std::visit([](const auto& x) { return memory_size(x); }, value);
  } else if constexpr (detail::tuple_like<T> && !detail::is_std_array<T>) {
    std::size_t total = 0;
    std::apply([&](const auto&... xs) { ((total += memory_size(xs)), ...); }, value);
    return total;
  } else if constexpr (detail::range_like<T>) {
    using element = typename T::value_type;
    if constexpr (std::is_trivially_copyable_v<element>) {
      return sizeof(T) + value.size() * sizeof(element);
    } else {
      std::size_t total = sizeof(T);
      for (const auto& x : value) total += memory_size(static_cast<const element&>(x));
      return total;
    }
  } else if constexpr (detail::plain_struct<T> && !has_custom_codec<T>) {
    std::size_t total = 0;
    boost::pfr::for_each_field(value, [&](const auto& x) { total += memory_size(x); });
    return total;
  } else {
    return sizeof(T);
  }
}

/// Records per batch that keep it inside the first-level caches; see architecture §3.
template <class T>
constexpr std::size_t default_batch_records() {
  return std::clamp<std::size_t>(24 * 1024 / sizeof(T), 32, 2048);
}

/// A batch of `T`.
template <class T>
class typed_batch final : public batch {
public:
  using value_type = T;

  T* begin() noexcept { return rows_.data(); }
  T* end() noexcept { return rows_.data() + size_; }
  const T* begin() const noexcept { return rows_.data(); }
  const T* end() const noexcept { return rows_.data() + size_; }
  T* data() noexcept { return rows_.data(); }
  const T* data() const noexcept { return rows_.data(); }
  T& operator[](std::size_t i) noexcept { return rows_.data()[i]; }
  const T& operator[](std::size_t i) const noexcept { return rows_.data()[i]; }

  std::size_t row_capacity() const noexcept override { return rows_.capacity(); }

  void reserve(std::size_t n) {
    rows_.reserve(n, size_);
    if (timed_) timestamps_.reserve(n, size_);
    if (hashed_) hashes_.reserve(n, size_);
  }

  /// Appends a record of a batch without timestamps and hashes.
  template <class U>
  void push_back(U&& value) {
    if (size_ == rows_.capacity()) [[unlikely]]
      reserve(std::max<std::size_t>(default_batch_records<T>(), 2 * size_));
    if constexpr (!std::is_trivially_copyable_v<T>) {
      rows_.store(size_, std::forward<U>(value));
      bytes_ += memory_size(rows_.data()[size_]);
    } else {
      rows_.store(size_, std::forward<U>(value));
      bytes_ += sizeof(T);
    }
    ++size_;
  }

  /// Appends `T{fields...}` to a batch without timestamps and hashes.
  template <class... Fields>
  void emplace_back(Fields&&... fields) {
    if (size_ == rows_.capacity()) [[unlikely]]
      reserve(std::max<std::size_t>(default_batch_records<T>(), 2 * size_));
    rows_.store_fields(size_, std::forward<Fields>(fields)...);
    bytes_ += memory_size(rows_.data()[size_]);
    ++size_;
  }

  /// Appends a record with its timestamp. REQUIRES: the batch is empty or has timestamps.
  template <class U>
  void push_back(U&& value, timestamp time) {
    push_back(std::forward<U>(value));
    stamp_last(time);
  }

  /// Gives the record appended last its timestamp. REQUIRES: it is the only one, or the ones before
  /// have timestamps.
  void stamp_last(timestamp time) {
    if (!timed_) [[unlikely]]
      make_timestamps();
    if (size_ > timestamps_.capacity()) timestamps_.reserve(rows_.capacity(), size_ - 1);
    timestamps_.data()[size_ - 1] = time;
  }

  /// Sets the number of records after they were written through `data()`; objects of non-trivial
  /// types that did not exist are default-constructed.
  void resize(std::size_t n) {
    rows_.reserve(n, size_);
    rows_.materialize(n);
    size_ = n;
    recount_bytes();
  }

  /// Sets the number of records after the first `n` were kept (by a filter in place).
  void truncate(std::size_t n) {
    size_ = n;
    recount_bytes();
  }

  void recount_bytes() {
    if constexpr (std::is_trivially_copyable_v<T>) {
      bytes_ = size_ * sizeof(T);
    } else {
      bytes_ = 0;
      for (std::size_t i = 0; i < size_; ++i) bytes_ += memory_size(rows_.data()[i]);
    }
  }

  const element_type& type() const noexcept override;

  std::unique_ptr<batch> make_empty() const override { return std::make_unique<typed_batch>(); }

  void swap_contents(batch& other) noexcept override {
    auto& same = static_cast<typed_batch&>(other);
    swap_base(same);
    rows_.swap(same.rows_);
  }

  void append_copy(const batch& from, std::size_t first, std::size_t last) override {
    auto& same = static_cast<const typed_batch&>(from);
    reserve(size_
            + (last - first)); // before the columns: growing later would keep only size_ of them
    append_columns(from, first, last);
    if constexpr (std::is_copy_constructible_v<T>) {
      for (auto i = first; i < last; ++i) push_back(same.rows_.data()[i]);
    } else {
      throw plan_error("records of type " + type_name<T>()
                       + " cannot be copied, so they cannot go to more than one consumer");
    }
  }

  void append_move(batch& from, std::size_t first, std::size_t last) override {
    auto& same = static_cast<typed_batch&>(from);
    reserve(size_ + (last - first));
    append_columns(from, first, last);
    for (auto i = first; i < last; ++i) push_back(std::move(same.rows_.data()[i]));
  }

  void trim(std::size_t budget) override {
    // Objects kept alive may own more than the current ones tell; they count by capacity here.
    if (rows_.capacity() * sizeof(T) > budget || bytes_ > budget) {
      rows_.release();
      timestamps_.release();
      hashes_.release();
      clear();
    }
  }

  void encode(byte_writer& out) const override {
    if constexpr (encodable<T>) {
      out.varint(size_);
      out.raw<std::uint8_t>(static_cast<std::uint8_t>((timed_ ? 1 : 0) | (hashed_ ? 2 : 0)));
      if constexpr (detail::memory_is_encoding<T>()) {
        out.append(rows_.data(), size_ * sizeof(T));
      } else {
        for (std::size_t i = 0; i < size_; ++i) encode_value(out, rows_.data()[i]);
      }
      if (timed_) out.append(timestamps_.data(), size_ * sizeof(timestamp));
      if (hashed_) out.append(hashes_.data(), size_ * sizeof(std::uint64_t));
    } else {
      throw plan_error("records of type " + type_name<T>()
                       + " have no encoding: specialise sluice::codec for it");
    }
  }

  void decode(byte_reader& in) override {
    if constexpr (encodable<T>) {
      auto n = detail::decode_count<T>(in);
      auto flags = in.raw<std::uint8_t>();
      clear();
      if constexpr (detail::memory_is_encoding<T>()) {
        if (n > in.remaining() / sizeof(T)) throw format_error("corrupt data: a batch ends early");
        resize(n);
        in.copy(rows_.data(), n * sizeof(T));
      } else {
        for (std::size_t i = 0; i < n; ++i) push_back(decode_value<T>(in));
      }
      if (flags & 1) in.copy(make_timestamps(), n * sizeof(timestamp));
      if (flags & 2) in.copy(make_hashes(), n * sizeof(std::uint64_t));
    } else {
      throw plan_error("records of type " + type_name<T>()
                       + " have no encoding: specialise sluice::codec for it");
    }
  }

private:
  recycling_buffer<T> rows_;
};

/// What the plan and the runtime know of a record type. One object per type, never destroyed.
class element_type {
public:
  element_type(const std::type_info& id, std::string name, std::unique_ptr<batch> (*make)(),
               std::string (*schema_text)(), std::size_t batch_records, std::size_t record_size)
    : id_(id), name_(std::move(name)), make_(make), schema_(schema_text),
      batch_records_(batch_records), record_size_(record_size) {}
  element_type(const element_type&) = delete;

  const std::string& name() const noexcept { return name_; }
  std::unique_ptr<batch> make_batch() const { return make_(); }

  /// The `schema_of` text; empty when the type has no encoding.
  std::string schema() const { return schema_ ? schema_() : std::string{}; }

  /// Records a batch holds when it is full.
  std::size_t batch_records() const noexcept { return batch_records_; }

  /// `sizeof` the record.
  std::size_t record_size() const noexcept { return record_size_; }

  friend bool operator==(const element_type& a, const element_type& b) noexcept {
    return &a == &b || a.id_ == b.id_;
  }

private:
  const std::type_info& id_;
  std::string name_;
  std::unique_ptr<batch> (*make_)();
  std::string (*schema_)();
  std::size_t batch_records_;
  std::size_t record_size_;
};

/// The one `element_type` of `T`.
template <class T>
const element_type& element_type_of() {
  static const element_type instance = [] {
    std::string (*schema)() = nullptr;
    if constexpr (encodable<T>) schema = [] { return schema_of<T>(); };
    return element_type(
      typeid(T), type_name<T>(),
      []() -> std::unique_ptr<batch> { return std::make_unique<typed_batch<T>>(); }, schema,
      default_batch_records<T>(), sizeof(T));
  }();
  return instance;
}

template <class T>
const element_type& typed_batch<T>::type() const noexcept {
  return element_type_of<T>();
}

/// Views a batch as what the plan has proved it to be.
template <class T>
typed_batch<T>& batch_as(batch& b) {
  return static_cast<typed_batch<T>&>(b);
}

} // namespace sluice
