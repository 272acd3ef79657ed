#include "sluice/connect/format/utf8.hpp"
#include "sluice/connect/table/internal/column_set.hpp"
#include "sluice/connect/table/internal/json_settings.hpp"
#include "sluice/connect/table/internal/json_template.hpp"
#include "sluice/connect/table/internal/line_records.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/types/decimal.hpp"
#include "sluice/table/types/number_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sluice::table::internal {

namespace {

namespace od = simdjson::ondemand;

/// The fields that an object is looked through for; of a ROW, or of the record itself.
struct object_fields {
  std::vector<std::string> names; ///< each as it is in the text, with the closing quote

  explicit object_fields(std::span<const std::string> plain) {
    for (const auto& name : plain) names.push_back(name + '"');
  }
  std::size_t size() const noexcept { return names.size(); }
};

/// How a column is read, with those below it.
struct json_column {
  data_type type;
  object_fields fields;
  std::vector<json_column> children;

  explicit json_column(const data_type& t) : type(t), fields(t.field_names()) {
    for (const auto& child : t.children()) children.emplace_back(child);
  }
};

bool is_json_number(std::string_view text) noexcept {
  auto take_digits = [&] {
    auto n = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(n);
    return n;
  };
  auto take = [&](std::string_view any) {
    bool found = !text.empty() && any.find(text.front()) != std::string_view::npos;
    if (found) text.remove_prefix(1);
    return found;
  };
  take("-");
  if (!take("0") && take_digits() == 0) return false;
  if (take(".") && take_digits() == 0) return false;
  if (!take("eE")) return text.empty();
  take("+-");
  return take_digits() > 0 && text.empty();
}

/// What became of a value.
enum class outcome : std::uint8_t {
  good,
  bad,    ///< it means nothing for its type: NULL was appended
  broken, ///< the text is no JSON: reading cannot go on, and columns are of unequal lengths
};

/// Reads the values of one document into columns.
class json_column_reader {
public:
  json_column_reader(const json_settings& settings, od::parser& parser)
    : settings_(settings), parser_(parser) {
    rules_.timestamps = settings.timestamps;
  }

  void start(const char* end) noexcept {
    end_ = end;
    path_.clear();
    nulled_ = 0;
  }

  std::size_t nulled() const noexcept { return nulled_; }
  std::string problem() const {
    return path_.empty() ? reason_
                         : fmt::format("Fail to deserialize at field: {}. {}", path_, reason_);
  }

  /// The fields of `object` to one row more of `columns[i]`, read as `fields` tells.
  template <class Columns, class Readers>
  outcome read_fields(od::object object, const object_fields& fields, Columns&& columns,
                      const Readers& readers) {
    auto rows = fields.size() == 0 ? 0 : columns(0).size();
    std::size_t expected = 0;
    std::size_t found = 0;
    for (auto item : object) {
      od::field field;
      if (auto error = std::move(item).get(field)) return broken(error);
      auto at = find(field, fields, expected);
      if (at == fields.size()) continue;
      expected = at + 1;
      auto& c = columns(at);
      outcome result;
      if (c.size() > rows) [[unlikely]] {
        result = read_again(field.value(), c, readers[at]);
      } else {
        ++found;
        result = read(field.value(), c, readers[at]);
      }
      if (result == outcome::good) [[likely]]
        continue;
      if (result == outcome::broken || !settings_.ignore_errors) {
        add_step(fields.names[at]);
        return result;
      }
      ++nulled_;
    }
    if (found == fields.size()) [[likely]]
      return outcome::good;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (columns(i).size() > rows) continue;
      if (settings_.fail_on_missing_field) {
        reason_ = "Could not find field with this name.";
        add_step(fields.names[i]);
        return outcome::broken;
      }
      columns(i).append_null();
    }
    return outcome::good;
  }

  outcome broken(simdjson::error_code error) {
    reason_ = simdjson::error_message(error);
    return outcome::broken;
  }

private:
  /// The number of the field with this key, starting with the one that is likely.
  std::size_t find(od::field& field, const object_fields& fields, std::size_t expected) {
    const char* key = field.key().raw();
    auto is = [&](const std::string& name) {
      return name.size() <= static_cast<std::size_t>(end_ - key)
             && std::memcmp(key, name.data(), name.size()) == 0;
    };
    if (expected < fields.size() && is(fields.names[expected])) [[likely]]
      return expected;
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (is(fields.names[i])) return i;
    for (auto* c = key; c < end_ && *c != '"'; ++c) {
      if (*c != '\\') continue;
      std::string_view text;
      if (field.unescaped_key().get(text)) return fields.size();
      for (std::size_t i = 0; i < fields.size(); ++i)
        if (std::string_view(fields.names[i]).substr(0, fields.names[i].size() - 1) == text)
          return i;
      break;
    }
    return fields.size();
  }

  /// A key that comes again: the last value counts (of nested values, the first).
  outcome read_again(od::value value, column& c, const json_column& reader) {
    if (c.type().is_nested()) return outcome::good;
    column other(c.type());
    auto result = read(value, other, reader);
    if (result == outcome::broken) return result;
    auto last = c.size() - 1;
    auto* bits = c.make_validity();
    bits[last / 64] |= std::uint64_t{1} << (last % 64);
    if (other.is_null(0)) {
      c.set_null(last);
    } else if (c.physical() == physical_type::string) {
      c.set_text(last, other.text(0));
    } else {
      visit_physical(c.physical(), [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        c.values<T>()[last] = other.value<T>(0);
      });
    }
    return result;
  }

  /// Appends one row, unless the text is broken.
  outcome read(od::value value, column& c, const json_column& reader) {
    switch (reader.type.root()) {
    case type_root::bigint:
      if (std::int64_t number = 0; !value.get_int64().get(number)) {
        c.append(number);
        return outcome::good;
      }
      return read_number<std::int64_t>(value, c);
    case type_root::integer:
      if (std::int64_t number = 0; !value.get_int64().get(number)) {
        if (number == static_cast<std::int32_t>(number)) {
          c.append(static_cast<std::int32_t>(number));
          return outcome::good;
        }
        return bad(c, std::to_string(number));
      }
      return read_number<std::int32_t>(value, c);
    case type_root::smallint:
      return read_number<std::int16_t>(value, c);
    case type_root::tinyint:
      return read_number<std::int8_t>(value, c);
    case type_root::double_:
      if (double number = 0; !value.get_double().get(number)) {
        c.append(number);
        return outcome::good;
      }
      return read_text_value(value, c);
    case type_root::char_:
    case type_root::varchar:
      if (od::raw_json_string raw; !value.get_raw_json_string().get(raw)) {
        std::string_view text;
        if (!resolve(raw, text)) return broken(simdjson::STRING_ERROR);
        c.append_text(text);
        return outcome::good;
      }
      return read_other_text(value, c);
    case type_root::timestamp:
    case type_root::timestamp_ltz: {
      std::string_view text;
      od::raw_json_string raw;
      if (value.get_raw_json_string().get(raw)) return null_or_bad(value, c);
      if (!resolve(raw, text)) return broken(simdjson::STRING_ERROR);
      std::int64_t micros = 0;
      if (!read_timestamp(text, settings_.timestamps, reader.type.is(type_root::timestamp_ltz),
                          micros))
        return bad(c, text);
      c.append(micros);
      return outcome::good;
    }
    case type_root::array:
      return read_array(value, c, reader);
    case type_root::map:
      return read_map(value, c, reader);
    case type_root::row:
      return read_row(value, c, reader);
    default:
      return read_text_value(value, c);
    }
  }

  /// The text of a string, which lies between its quotes unless there are escapes to resolve.
  bool resolve(od::raw_json_string raw, std::string_view& text) {
    auto* begin = raw.raw();
    auto* at = begin;
#ifdef __SSE2__
    auto quote = _mm_set1_epi8('"');
    auto backslash = _mm_set1_epi8('\\');
    for (; at < end_; at += 16) { // a chunk has 64 readable bytes behind it
      auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      auto found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
      if (auto mask = static_cast<unsigned>(_mm_movemask_epi8(found)); mask != 0) {
        at += std::countr_zero(mask);
        break;
      }
    }
#endif
    while (at < end_ && *at != '"' && *at != '\\') ++at;
    if (at >= end_) return false;
    text = {begin, static_cast<std::size_t>(at - begin)};
    if (*at == '"') return true;
    unescaped_.resize(static_cast<std::size_t>(end_ - begin) + simdjson::SIMDJSON_PADDING);
    auto* to = unescaped_.data();
    return !parser_.unescape(raw, to).get(text);
  }

  outcome bad(column& c, std::string_view text) {
    c.append_null();
    if (!settings_.ignore_errors)
      reason_ = fmt::format("{} is not {}", text.substr(0, 60), describe_type(c.type()));
    return outcome::bad;
  }

  /// NULL, or something of the wrong kind, or not even that.
  outcome null_or_bad(od::value value, column& c) {
    od::json_type type{};
    if (auto error = value.type().get(type)) return broken(error);
    if (type == od::json_type::null) {
      bool null = false;
      if (value.is_null().get(null) || !null) return broken(simdjson::N_ATOM_ERROR);
      c.append_null();
      return outcome::good;
    }
    return bad(c, type == od::json_type::array || type == od::json_type::object
                    ? "an object or array"
                    : token(value));
  }

  static std::string_view token(od::value& value) {
    auto text = std::string_view(value.raw_json_token());
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
  }

  /// Numbers that are not integers of 64 bits, and texts.
  template <class T>
  outcome read_number(od::value value, column& c) {
    constexpr auto least = std::numeric_limits<T>::min();
    constexpr auto most = std::numeric_limits<T>::max();
    std::int64_t number = 0;
    std::string_view text;
    double fraction = 0;
    if (!value.get_int64().get(number)) {
      if (number < least || number > most) return bad(c, std::to_string(number));
    } else if (!value.get_double().get(fraction)) { // cut, as Jackson does
      if (!(fraction > static_cast<double>(least) - 1 && fraction < static_cast<double>(most) + 1)
          || std::abs(fraction) >= 9.3e18)
        return bad(c, std::to_string(fraction));
      number = static_cast<std::int64_t>(fraction);
    } else if (!value.get_string().get(text)) {
      if (!read_integer(text, least, most, number)) return bad(c, text);
    } else {
      return null_or_bad(value, c);
    }
    c.append(static_cast<T>(number));
    return outcome::good;
  }

  /// Types whose values are texts, or are read from the text of a number.
  outcome read_text_value(od::value value, column& c) {
    od::json_type type{};
    if (auto error = value.type().get(type)) return broken(error);
    std::string_view text;
    if (type == od::json_type::string) {
      if (auto error = value.get_string().get(text)) return broken(error);
    } else if (type == od::json_type::number) {
      text = token(value);
      if (!is_json_number(text)) return broken(simdjson::NUMBER_ERROR);
      if (c.type().is_temporal() || c.type().is_binary()) return bad(c, text);
    } else if (type == od::json_type::boolean && c.type().is(type_root::boolean)) {
      bool yes = false;
      if (auto error = value.get_bool().get(yes)) return broken(error);
      c.append<std::uint8_t>(yes ? 1 : 0);
      return outcome::good;
    } else {
      return null_or_bad(value, c);
    }
    if (internal::append_value(c, text, rules_)) return outcome::good;
    if (!settings_.ignore_errors)
      reason_ = fmt::format("{} is not {}", text.substr(0, 60), describe_type(c.type()));
    return outcome::bad;
  }

  /// Anything but a text as text: a number as it is written, objects and arrays as JSON.
  outcome read_other_text(od::value value, column& c) {
    od::json_type type{};
    if (auto error = value.type().get(type)) return broken(error);
    std::string_view text;
    if (type == od::json_type::object || type == od::json_type::array) {
      od::object object;
      od::array array;
      auto error = type == od::json_type::object ? value.get_object().get(object)
                                                 : value.get_array().get(array);
      if (!error)
        error = type == od::json_type::object ? object.raw_json().get(text)
                                              : array.raw_json().get(text);
      if (error) return broken(error);
      std::string compact(text.size() + simdjson::SIMDJSON_PADDING, '\0');
      std::size_t size = 0;
      if ((error = simdjson::minify(text.data(), text.size(), compact.data(), size)))
        return broken(error);
      c.append_text(std::string_view(compact).substr(0, size));
      return outcome::good;
    }
    if (type == od::json_type::null) return null_or_bad(value, c);
    text = token(value);
    if (type == od::json_type::number ? !is_json_number(text) : text != "true" && text != "false")
      return broken(simdjson::TAPE_ERROR);
    c.append_text(text);
    return outcome::good;
  }

  outcome read_array(od::value value, column& c, const json_column& reader) {
    od::array array;
    if (value.get_array().get(array)) return null_or_bad(value, c);
    auto& elements = c.child(0);
    std::size_t count = 0;
    auto all = outcome::good;
    for (auto item : array) {
      od::value element;
      if (auto error = std::move(item).get(element)) return broken(error);
      auto result = read(element, elements, reader.children[0]);
      if (result == outcome::broken) return result;
      if (result == outcome::bad) {
        if (!settings_.ignore_errors) all = result;
        ++nulled_;
      }
      ++count;
    }
    c.append_list(count);
    return all;
  }

  outcome read_map(od::value value, column& c, const json_column& reader) {
    od::object object;
    if (value.get_object().get(object)) return null_or_bad(value, c);
    auto& keys = c.child(0);
    auto& values = c.child(1);
    auto begin = keys.size();
    auto all = outcome::good;
    for (auto item : object) {
      od::field field;
      if (auto error = std::move(item).get(field)) return broken(error);
      std::string_view key;
      if (auto error = field.unescaped_key().get(key)) return broken(error);
      keys.append_text(key);
      auto result = read(field.value(), values, reader.children[1]);
      if (result == outcome::broken) return result;
      if (result == outcome::bad) {
        if (!settings_.ignore_errors) all = result;
        ++nulled_;
      }
    }
    c.append_list(keys.size() - begin);
    return all;
  }

  outcome read_row(od::value value, column& c, const json_column& reader) {
    od::object object;
    if (value.get_object().get(object)) return null_or_bad(value, c);
    auto result = read_fields(
      object, reader.fields, [&](std::size_t i) -> column& { return c.child(i); }, reader.children);
    if (result != outcome::good)
      return outcome::broken; // of a strict format: the record is refused
    c.append_row();
    return outcome::good;
  }

  void add_step(std::string_view name) {
    name.remove_suffix(1);
    path_ = path_.empty() ? std::string(name) : std::string(name) + '.' + path_;
  }

  const json_settings& settings_;
  od::parser& parser_;
  text_rules rules_;
  std::vector<std::uint8_t> unescaped_;
  const char* end_ = nullptr; // of what may be read
  std::string path_;
  std::string reason_;
  std::size_t nulled_ = 0;
};

class columnar_json_decoder final : public line_records {
public:
  columnar_json_decoder(std::shared_ptr<const json_settings> settings,
                        const std::vector<data_type::field>& fields)
    : line_records(types_of(fields)), settings_(std::move(settings)), reader_(*settings_, parser_),
      fields_(names_of(fields)),
      template_(fields, settings_->timestamps, settings_->fail_on_missing_field) {
    for (const auto& field : fields) readers_.emplace_back(field.type);
  }

protected:
  void start(columnar_batch& out) override {
    out_ = &out;
    nulled_ = 0;
    refresh();
  }

  bool decode_line(std::string_view line, std::size_t& count, std::string& reason) override {
    if (template_.append(line, columns_)) [[likely]] {
      ++count;
      return true;
    }
    if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return true;
    auto before = count;
    auto result = decode_text(line, count);
    if (result == simdjson::UTF8_ERROR) {
      repaired_.clear();
      append_valid_utf8(repaired_, line);
      auto size = repaired_.size();
      repaired_.append(simdjson::SIMDJSON_PADDING, ' ');
      result = decode_text(std::string_view(repaired_).substr(0, size), count);
    }
    if (!result) {
      template_.learn(line);
      return true;
    }
    reason = reader_.problem();
    count = before;
    level_columns(*out_, before);
    refresh();
    return false;
  }

  void finish(columnar_batch& out, std::size_t rows, decode_sink& sink) override {
    out.set_rows(rows);
    if (nulled_ > 0) sink.fields_nulled(nulled_);
  }

private:
  static std::vector<data_type> types_of(const std::vector<data_type::field>& fields) {
    std::vector<data_type> types;
    for (const auto& field : fields) types.push_back(field.type);
    return types;
  }
  static std::vector<std::string> names_of(const std::vector<data_type::field>& fields) {
    std::vector<std::string> names;
    for (const auto& field : fields) names.push_back(field.name);
    return names;
  }

  void refresh() {
    columns_.clear();
    for (std::size_t i = 0; i < readers_.size(); ++i) columns_.push_back(&out_->writable(i));
  }

  /// SUCCESS, or what is wrong: the reader knows it in words.
  simdjson::error_code decode_text(std::string_view text, std::size_t& count) {
    reader_.start(text.data() + text.size());
    od::document document;
    auto error = parser_
                   .iterate(simdjson::padded_string_view(text.data(), text.size(),
                                                         text.size() + simdjson::SIMDJSON_PADDING))
                   .get(document);
    if (error) return fail(error);
    od::object object;
    error = document.get_object().get(object);
    if (!error) {
      error = decode_object(object);
      if (error) return error;
      ++count;
    } else {
      od::array array;
      if (document.get_array().get(array)) return fail(simdjson::INCORRECT_TYPE);
      for (auto item : array) {
        if ((error = item.get_object().get(object))) return fail(error);
        if ((error = decode_object(object))) return error;
        ++count;
      }
    }
    if (!document.current_location().error()) return fail(simdjson::TRAILING_CONTENT);
    nulled_ += reader_.nulled();
    return simdjson::SUCCESS;
  }

  simdjson::error_code decode_object(od::object object) {
    auto result = reader_.read_fields(
      object, fields_, [&](std::size_t i) -> column& { return *columns_[i]; }, readers_);
    return result == outcome::good ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
  }

  simdjson::error_code fail(simdjson::error_code error) {
    reader_.broken(error);
    return error;
  }

  std::shared_ptr<const json_settings> settings_;
  od::parser parser_;
  json_column_reader reader_;
  object_fields fields_;
  json_template template_;
  std::vector<json_column> readers_;
  columnar_batch* out_ = nullptr;
  std::vector<column*> columns_;
  std::size_t nulled_ = 0;
  std::string repaired_;
};

class columnar_json_format final : public record_format {
public:
  columnar_json_format(const format_columns& columns, json_settings settings)
    : settings_(std::make_shared<const json_settings>(std::move(settings))) {
    for (auto i : columns.wanted) fields_.push_back(columns.columns[i]);
    options_.errors = settings_->ignore_errors ? on_error::null_field : on_error::fail;
  }

  std::string name() const override { return "json"; }
  record_layout layout() const override { return {}; }
  const format_options& options() const override { return options_; }
  std::unique_ptr<record_decoder> make_decoder() const override {
    return std::make_unique<columnar_json_decoder>(settings_, fields_);
  }

private:
  std::shared_ptr<const json_settings> settings_;
  std::vector<data_type::field> fields_;
  format_options options_;
};

} // namespace

std::shared_ptr<const record_format>
make_json_decoder(const format_columns& columns, json_settings settings, const std::string& table) {
  check_json_types(columns, table);
  return std::make_shared<columnar_json_format>(columns, std::move(settings));
}

} // namespace sluice::table::internal
