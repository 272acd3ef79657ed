/// What encoders of text formats have in common.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/types/number_text.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// `Encoder` has a const member `append_row(text, rows, row)`, which writes a row without its line
/// end.
template <class Encoder>
class row_encoder : public record_encoder {
public:
  void encode(const batch& records, std::size_t begin, std::size_t end,
              std::string& out) const final {
    for (auto row = begin; row < end; ++row) {
      self().append_row(out, as_columnar(records), row);
      out += '\n';
    }
  }

  void encode_messages(const batch& records, std::size_t begin, std::size_t end, std::string& out,
                       std::vector<std::size_t>& ends) const final {
    for (auto row = begin; row < end; ++row) {
      self().append_row(out, as_columnar(records), row);
      ends.push_back(out.size());
    }
  }

private:
  const Encoder& self() const noexcept { return static_cast<const Encoder&>(*this); }
};

template <class T>
void append_integer(std::string& out, T value) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

/// Appends what every format writes as it is: BOOLEAN, integers and intervals, which are numbers
/// here. False: the type is another one, and nothing is appended.
inline bool append_bare_value(std::string& out, const column& c, std::size_t row) {
  switch (c.type().root()) {
  case type_root::boolean:
    out += c.value<std::uint8_t>(row) != 0 ? "true" : "false";
    return true;
  case type_root::tinyint:
    append_integer(out, c.value<std::int8_t>(row));
    return true;
  case type_root::smallint:
    append_integer(out, c.value<std::int16_t>(row));
    return true;
  case type_root::integer:
  case type_root::interval_year_month:
    append_integer(out, c.value<std::int32_t>(row));
    return true;
  case type_root::bigint:
  case type_root::interval_day_time:
    append_integer(out, c.value<std::int64_t>(row));
    return true;
  default:
    return false;
  }
}

} // namespace sluice::table::internal
