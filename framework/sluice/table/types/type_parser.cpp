#include "sluice/table/types/data_type.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <map>
#include <optional>

namespace sluice::table {

namespace {

/// Reads one type from its text, by recursive descent.
class type_parser {
public:
  explicit type_parser(std::string_view text) : text_(text) { advance(); }

  data_type parse_all() {
    auto type = parse_type();
    if (!word_.empty() || !at_end_) fail("the end of the type");
    return type;
  }

private:
  data_type parse_type() {
    auto type = parse_bare();
    while (true) { // INT ARRAY, INT NOT NULL ARRAY, INT MULTISET
      if (accept("NOT")) {
        expect("NULL");
        type = type.not_null();
      } else if (accept("NULL")) {
        type = type.as_nullable();
      } else if (accept("ARRAY")) {
        type = data_type::array(type);
      } else {
        return type;
      }
    }
  }

  data_type parse_bare() {
    static const std::map<std::string, data_type (*)(), std::less<>> simple{
      {"NULL", data_type::null},       {"BOOLEAN", data_type::boolean},
      {"TINYINT", data_type::tinyint}, {"SMALLINT", data_type::smallint},
      {"INT", data_type::integer},     {"INTEGER", data_type::integer},
      {"BIGINT", data_type::bigint},   {"FLOAT", data_type::float_},
      {"STRING", data_type::string},   {"BYTES", data_type::bytes},
      {"DATE", data_type::date},
    };
    if (quoted_) fail("the name of a type");
    if (auto it = simple.find(word_); it != simple.end()) {
      advance();
      return it->second();
    }
    if (accept("DOUBLE")) {
      accept("PRECISION");
      return data_type::double_();
    }
    if (accept("DECIMAL") || accept("DEC") || accept("NUMERIC")) return parse_decimal();
    if (accept("CHAR") || accept("CHARACTER")) {
      if (accept("VARYING")) return data_type::varchar(argument().value_or(1));
      return data_type::char_(argument().value_or(1));
    }
    if (accept("VARCHAR")) return data_type::varchar(argument().value_or(1));
    if (accept("BINARY")) return data_type::binary(argument().value_or(1));
    if (accept("VARBINARY")) return data_type::varbinary(argument().value_or(1));
    if (accept("TIME")) {
      auto precision = argument().value_or(0);
      if (accept("WITHOUT")) time_zone_words();
      return data_type::time(precision);
    }
    if (accept("TIMESTAMP_LTZ")) return data_type::timestamp_ltz(argument().value_or(6));
    if (accept("TIMESTAMP")) return parse_timestamp();
    if (accept("INTERVAL")) return parse_interval();
    if (accept("ARRAY")) {
      expect("<");
      auto element = parse_type();
      expect(">");
      return data_type::array(element);
    }
    if (accept("MAP")) {
      expect("<");
      auto key = parse_type();
      expect(",");
      auto value = parse_type();
      expect(">");
      return data_type::map(key, value);
    }
    if (accept("ROW")) return parse_row();
    fail("the name of a type");
  }

  data_type parse_decimal() {
    if (!accept("(")) return data_type::decimal();
    auto precision = number();
    auto scale = accept(",") ? number() : 0;
    expect(")");
    return data_type::decimal(precision, scale);
  }

  data_type parse_timestamp() {
    auto precision = argument().value_or(6);
    if (accept("WITH")) {
      if (!accept("LOCAL"))
        throw plan_error("the type TIMESTAMP WITH TIME ZONE is not supported: use TIMESTAMP_LTZ");
      time_zone_words();
      return data_type::timestamp_ltz(precision);
    }
    if (accept("WITHOUT")) time_zone_words();
    return data_type::timestamp(precision);
  }

  void time_zone_words() {
    expect("TIME");
    expect("ZONE");
  }

  data_type parse_interval() {
    bool months = word_ == "YEAR" || word_ == "MONTH";
    auto unit = [&] {
      for (auto* u : {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}) {
        if (word_ == u && (u[0] == 'Y' || u == std::string_view("MONTH")) == months) {
          advance();
          argument();
          return;
        }
      }
      fail("a unit of time");
    };
    unit();
    if (accept("TO")) unit();
    return months ? data_type::interval_year_month() : data_type::interval_day_time();
  }

  data_type parse_row() {
    std::string close = ">";
    if (accept("("))
      close = ")";
    else
      expect("<");
    std::vector<data_type::field> fields;
    if (accept(close)) return data_type::row({});
    do {
      if (word_.empty()
          || (!quoted_ && std::ispunct(static_cast<unsigned char>(word_[0])) != 0
              && word_[0] != '_'))
        fail("the name of a field");
      auto name = original_;
      advance();
      auto type = parse_type();
      if (!at_end_ && word_.starts_with('\'')) advance(); // a comment on the field
      fields.push_back({std::move(name), std::move(type)});
    } while (accept(","));
    expect(close);
    return data_type::row(std::move(fields));
  }

  std::optional<std::int32_t> argument() {
    if (!accept("(")) return std::nullopt;
    auto n = number();
    expect(")");
    return n;
  }

  std::int32_t number() {
    std::int32_t value = 0;
    auto [end, failed] = std::from_chars(word_.data(), word_.data() + word_.size(), value);
    if (failed != std::errc{} || end != word_.data() + word_.size()) fail("a number");
    advance();
    return value;
  }

  bool accept(std::string_view word) {
    if (quoted_ || word_ != word) return false;
    advance();
    return true;
  }

  void expect(std::string_view word) {
    if (!accept(word)) fail("'" + std::string(word) + "'");
  }

  [[noreturn]] void fail(const std::string& wanted) const {
    auto found = word_.empty() && at_end_ ? std::string("the end") : "'" + original_ + "'";
    throw plan_error(fmt::format("type '{}', character {}: expected {}, found {}", text_,
                                 start_ + 1, wanted, found));
  }

  void advance() {
    while (next_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[next_])) != 0)
      ++next_;
    start_ = next_;
    word_.clear();
    original_.clear();
    quoted_ = false;
    at_end_ = next_ == text_.size();
    if (at_end_) return;
    auto c = text_[next_];
    if (c == '`' || c == '\'') return read_quoted(c);
    auto is_word = [](char x) {
      return std::isalnum(static_cast<unsigned char>(x)) != 0 || x == '_' || x == '$';
    };
    do {
      original_ += text_[next_++];
    } while (is_word(c) && next_ < text_.size() && is_word(text_[next_]));
    word_ = original_;
    for (auto& x : word_) x = static_cast<char>(std::toupper(static_cast<unsigned char>(x)));
  }

  void read_quoted(char quote) {
    quoted_ = quote == '`';
    if (quote == '\'') word_ = quote;
    ++next_;
    while (true) {
      if (next_ == text_.size())
        throw plan_error(
          fmt::format("type '{}', character {}: the quote is not closed", text_, start_ + 1));
      if (text_[next_] == quote) {
        if (next_ + 1 == text_.size() || text_[next_ + 1] != quote) break;
        ++next_;
      }
      original_ += text_[next_++];
    }
    ++next_;
    word_ += original_;
  }

  std::string_view text_;
  std::size_t next_ = 0;
  std::size_t start_ = 0;
  std::string word_;     // in capitals
  std::string original_; // as written
  bool quoted_ = false;
  bool at_end_ = false;
};

} // namespace

data_type data_type::parse(std::string_view text) { return type_parser(text).parse_all(); }

} // namespace sluice::table
