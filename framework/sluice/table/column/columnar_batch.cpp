#include "sluice/table/column/columnar_batch.hpp"

#include "sluice/core/check.hpp"
#include "sluice/table/column/text.hpp"

#include <algorithm>

namespace sluice::table {

std::string_view to_string(row_kind kind) noexcept {
  switch (kind) {
  case row_kind::insert:
    return "+I";
  case row_kind::update_before:
    return "-U";
  case row_kind::update_after:
    return "+U";
  case row_kind::delete_:
    return "-D";
  }
  return "?";
}

columnar_batch::columnar_batch(std::vector<data_type> types) {
  for (auto& type : types) columns_.push_back(std::make_shared<column>(std::move(type)));
}

columnar_batch::columnar_batch(std::vector<column_ptr> columns, std::size_t rows) {
  assign(std::move(columns), rows);
}

std::vector<data_type> columnar_batch::types() const {
  std::vector<data_type> result;
  for (const auto& c : columns_) result.push_back(c->type());
  return result;
}

void columnar_batch::assign(std::vector<column_ptr> columns, std::size_t rows) {
  columns_ = std::move(columns);
  drop_timestamps();
  drop_hashes();
  has_kinds_ = false;
  set_rows(rows);
}

void columnar_batch::set_rows(std::size_t rows) {
  for (const auto& c : columns_)
    SLUICE_CHECK(c->size() == rows, "a column of {} rows in a batch of {}", c->size(), rows);
  size_ = rows;
  recount_bytes();
}

void columnar_batch::recount_bytes() {
  bytes_ = has_kinds_ ? size_ : 0;
  for (const auto& c : columns_) bytes_ += c->bytes();
  bytes_ = std::max(bytes_, size_); // of rows without columns
}

column& columnar_batch::writable(std::size_t i) {
  auto& held = columns_[i];
  if (held.use_count() > 1 || !held->is_flat()) {
    auto own = std::make_shared<column>(held->type());
    own->append_rows(*held, selection(held->size()));
    held = std::move(own);
  }
  // The batch made it or is the last to hold it, and no column is created const.
  return const_cast<column&>(*held);
}

row_kind* columnar_batch::make_kinds() {
  if (!has_kinds_) kinds_.assign(size_, row_kind::insert);
  kinds_.resize(size_, row_kind::insert);
  has_kinds_ = true;
  return kinds_.data();
}

void columnar_batch::adopt_columns(const columnar_batch& from) {
  bool same = columns_.size() == from.columns_.size();
  for (std::size_t i = 0; same && i < columns_.size(); ++i)
    same = columns_[i]->type().same_as(from.columns_[i]->type());
  if (size_ > 0) {
    SLUICE_CHECK(same, "rows of other types were appended to a columnar batch");
    return;
  }
  if (!same) {
    columns_.clear();
    for (const auto& c : from.columns_) columns_.push_back(std::make_shared<column>(c->type()));
  }
  empty_columns();
}

/// `clear()` is not virtual, so rows that it forgot are still in the columns.
void columnar_batch::empty_columns() {
  has_kinds_ = false;
  for (auto& held : columns_) {
    if (held.use_count() > 1) {
      held = std::make_shared<column>(held->type());
    } else if (!held->empty() || !held->is_flat()) {
      const_cast<column&>(*held).clear();
    }
  }
}

void columnar_batch::append_rows(const columnar_batch& from, const selection& rows) {
  if (rows.empty()) return;
  adopt_columns(from);
  if (size_ == 0) {
    timed_ = from.has_timestamps();
    hashed_ = from.has_hashes();
  }
  SLUICE_CHECK(timed_ == from.has_timestamps(), "a batch with timestamps met one without");
  auto old = size_;
  auto total = old + rows.size();
  for (std::size_t i = 0; i < columns_.size(); ++i) writable(i).append_rows(from.at(i), rows);
  if (has_kinds_ || !from.insert_only()) {
    make_kinds();
    kinds_.resize(total, row_kind::insert);
    if (!from.insert_only())
      for (std::size_t i = 0; i < rows.size(); ++i) kinds_[old + i] = from.kinds_[rows[i]];
  }
  if (timed_) {
    timestamps_.reserve(std::max(total, row_capacity()), old);
    for (std::size_t i = 0; i < rows.size(); ++i)
      timestamps_.data()[old + i] = from.timestamps()[rows[i]];
  }
  hashed_ = hashed_ && from.has_hashes();
  if (hashed_) {
    hashes_.reserve(std::max(total, row_capacity()), old);
    for (std::size_t i = 0; i < rows.size(); ++i) hashes_.data()[old + i] = from.hashes()[rows[i]];
  }
  size_ = total;
  recount_bytes();
}

void columnar_batch::keep_rows(const selection& rows) {
  if (rows.size() == size_) return;
  SLUICE_CHECK(!rows.dense() || rows.size() <= size_, "more rows are kept than there are");
  std::vector<std::uint32_t> first;
  auto list = rows;
  if (rows.dense()) {
    first.resize(rows.size());
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = static_cast<std::uint32_t>(i);
    list = selection(first);
  }
  for (auto& held : columns_) held = gather(*held, list.rows(), list.size());
  auto pack = [&](auto* values) {
    for (std::size_t i = 0; i < list.size(); ++i) values[i] = values[list[i]];
  };
  if (has_kinds_) pack(kinds_.data());
  if (timed_) pack(timestamps_.data());
  if (hashed_) pack(hashes_.data());
  size_ = list.size();
  if (has_kinds_) kinds_.resize(size_);
  recount_bytes();
}

std::string columnar_batch::row_text(std::size_t i) const {
  std::string out(to_string(kind(i)));
  out += '[';
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (c > 0) out += ", ";
    append_row_text(out, *columns_[c], i);
  }
  return out + ']';
}

// -- batch
// -----------------------------------------------------------------------------------------

const element_type& columnar_rows() {
  static const element_type instance(
    typeid(columnar_batch), "row",
    []() -> std::unique_ptr<batch> { return std::make_unique<columnar_batch>(); },
    []() -> std::string { return "columnar rows v1"; }, default_batch_rows, 64);
  return instance;
}

const element_type& columnar_batch::type() const noexcept { return columnar_rows(); }

std::unique_ptr<batch> columnar_batch::make_empty() const {
  return std::make_unique<columnar_batch>(types());
}

void columnar_batch::swap_contents(batch& other) noexcept {
  auto& same = as_columnar(other);
  swap_base(same);
  columns_.swap(same.columns_);
  kinds_.swap(same.kinds_);
  std::swap(has_kinds_, same.has_kinds_);
}

void columnar_batch::append_copy(const batch& from, std::size_t begin, std::size_t end) {
  const auto& rows = as_columnar(from);
  if (begin == 0 && end == rows.size()) return append_rows(rows, selection(end));
  std::vector<std::uint32_t> numbers(end - begin);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<std::uint32_t>(begin + i);
  append_rows(rows, selection(numbers));
}

void columnar_batch::append_move(batch& from, std::size_t begin, std::size_t end) {
  append_copy(from, begin, end);
}

void columnar_batch::trim(std::size_t budget) {
  std::size_t held = 0;
  for (const auto& c : columns_) held += c->capacity_bytes();
  if (held <= budget) return;
  for (auto& c : columns_) c = std::make_shared<column>(c->type());
  timestamps_.release();
  hashes_.release();
  has_kinds_ = false;
  clear();
}

namespace {

constexpr std::uint8_t timed_flag = 1;
constexpr std::uint8_t hashed_flag = 2;
constexpr std::uint8_t kinds_flag = 4;
constexpr std::size_t most_rows = std::size_t{1} << 24;
constexpr int deepest_type = 32;

data_type decode_type_at(byte_reader& in, int depth);

} // namespace

void columnar_batch::encode(byte_writer& out) const {
  out.varint(size_);
  out.raw(static_cast<std::uint8_t>((timed_ ? timed_flag : 0) | (hashed_ ? hashed_flag : 0)
                                    | (has_kinds_ ? kinds_flag : 0)));
  out.varint(columns_.size());
  for (const auto& c : columns_) {
    encode_type(out, c->type());
    if (size_ > 0) c->encode(out);
  }
  if (has_kinds_) out.append(kinds_.data(), size_);
  if (timed_) out.append(timestamps_.data(), size_ * sizeof(timestamp));
  if (hashed_) out.append(hashes_.data(), size_ * sizeof(std::uint64_t));
}

void columnar_batch::decode(byte_reader& in) {
  auto rows = in.varint();
  auto flags = in.raw<std::uint8_t>();
  if (rows > most_rows || flags > 7) throw format_error("corrupt data: not a columnar batch");
  auto count = in.count(1);
  clear();
  columns_.resize(std::min(columns_.size(), count));
  for (std::size_t i = 0; i < count; ++i) {
    auto type = decode_type(in);
    bool reuse = i < columns_.size() && columns_[i].use_count() == 1 && columns_[i]->type() == type;
    auto own
      = reuse ? std::const_pointer_cast<column>(columns_[i]) : std::make_shared<column>(type);
    if (rows > 0)
      own->decode(in);
    else
      own->clear();
    if (own->size() != rows) throw format_error("corrupt data: columns differ in length");
    if (i < columns_.size())
      columns_[i] = std::move(own);
    else
      columns_.push_back(std::move(own));
  }
  has_kinds_ = (flags & kinds_flag) != 0;
  if (has_kinds_) {
    auto bytes = in.take(rows);
    kinds_.resize(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      if (static_cast<unsigned char>(bytes[i]) > 3)
        throw format_error("corrupt data: an unknown row kind");
      kinds_[i] = static_cast<row_kind>(bytes[i]);
    }
  }
  size_ = rows;
  if ((flags & timed_flag) != 0) in.copy(make_timestamps(), rows * sizeof(timestamp));
  if ((flags & hashed_flag) != 0) in.copy(make_hashes(), rows * sizeof(std::uint64_t));
  recount_bytes();
}

void encode_type(byte_writer& out, const data_type& type) {
  out.raw(static_cast<std::uint8_t>(static_cast<unsigned>(type.root()) << 1
                                    | (type.nullable() ? 1u : 0u)));
  switch (type.root()) {
  case type_root::decimal:
    out.varint(static_cast<std::uint64_t>(type.precision()));
    out.varint(static_cast<std::uint64_t>(type.scale()));
    break;
  case type_root::char_:
  case type_root::varchar:
  case type_root::binary:
  case type_root::varbinary:
  case type_root::time:
  case type_root::timestamp:
  case type_root::timestamp_ltz:
    out.varint(static_cast<std::uint64_t>(type.length()));
    break;
  case type_root::array:
  case type_root::map:
    for (const auto& child : type.children()) encode_type(out, child);
    break;
  case type_root::row:
    out.varint(type.children().size());
    for (std::size_t i = 0; i < type.children().size(); ++i) {
      out.text(type.field_names()[i]);
      encode_type(out, type.children()[i]);
    }
    break;
  default:
    break;
  }
}

namespace {

data_type decode_bare_type(byte_reader& in, type_root root, int depth) {
  auto number = [&] {
    auto n = in.varint();
    if (n > static_cast<std::uint64_t>(data_type::max_length))
      throw format_error("corrupt data: a type's length is absurd");
    return static_cast<std::int32_t>(n);
  };
  switch (root) {
  case type_root::null:
    return data_type::null();
  case type_root::boolean:
    return data_type::boolean();
  case type_root::tinyint:
    return data_type::tinyint();
  case type_root::smallint:
    return data_type::smallint();
  case type_root::integer:
    return data_type::integer();
  case type_root::bigint:
    return data_type::bigint();
  case type_root::float_:
    return data_type::float_();
  case type_root::double_:
    return data_type::double_();
  case type_root::decimal: {
    auto precision = number();
    return data_type::decimal(precision, number());
  }
  case type_root::char_:
    return data_type::char_(number());
  case type_root::varchar:
    return data_type::varchar(number());
  case type_root::binary:
    return data_type::binary(number());
  case type_root::varbinary:
    return data_type::varbinary(number());
  case type_root::date:
    return data_type::date();
  case type_root::time:
    return data_type::time(number());
  case type_root::timestamp:
    return data_type::timestamp(number());
  case type_root::timestamp_ltz:
    return data_type::timestamp_ltz(number());
  case type_root::interval_year_month:
    return data_type::interval_year_month();
  case type_root::interval_day_time:
    return data_type::interval_day_time();
  case type_root::array:
    return data_type::array(decode_type_at(in, depth + 1));
  case type_root::map: {
    auto key = decode_type_at(in, depth + 1);
    return data_type::map(key, decode_type_at(in, depth + 1));
  }
  case type_root::row: {
    std::vector<data_type::field> fields;
    for (auto n = in.count(2); n > 0; --n) {
      std::string name(in.text());
      fields.push_back({std::move(name), decode_type_at(in, depth + 1)});
    }
    return data_type::row(std::move(fields));
  }
  }
  throw format_error("corrupt data: an unknown type");
}

data_type decode_type_at(byte_reader& in, int depth) {
  if (depth > deepest_type) throw format_error("corrupt data: a type is nested too deeply");
  auto head = in.raw<std::uint8_t>();
  if ((head >> 1) > static_cast<unsigned>(type_root::row))
    throw format_error("corrupt data: an unknown type");
  return decode_bare_type(in, static_cast<type_root>(head >> 1), depth)
    .with_nullable((head & 1) != 0);
}

} // namespace

data_type decode_type(byte_reader& in) {
  try {
    return decode_type_at(in, 0);
  } catch (const plan_error& e) { // of a length that no type has
    throw format_error(std::string("corrupt data: ") + e.what());
  }
}

} // namespace sluice::table
