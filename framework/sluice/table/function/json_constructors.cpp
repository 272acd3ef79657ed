// JSON_STRING, JSON_OBJECT and JSON_ARRAY: values as JSON texts.
#include "sluice/table/function/json_constructors.hpp"

#include "sluice/table/column/text.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/function/text_functions.hpp"

#include <fmt/format.h>

#include <cmath>

namespace sluice::table {

void append_json_text(std::string& out, std::string_view text, json_hex hex) {
  out += '"';
  for (char c : text) {
    switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default:
      if (auto code = static_cast<unsigned char>(c); code >= 0x20)
        out += c;
      else if (hex == json_hex::upper)
        fmt::format_to(std::back_inserter(out), "\\u{:04X}", code);
      else
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    }
  }
  out += '"';
}

namespace {

const column& stored_column(const column& c) {
  return c.encoding() == column_encoding::dictionary ? *c.dictionary_values() : c;
}

void append_json(std::string& out, const column& c, std::size_t i);

template <class T>
void append_floating(std::string& out, const column& c, std::size_t i) {
  // JSON has no word for these.
  if (!std::isfinite(c.value<T>(i))) out += '"';
  append_row_text(out, c, i);
  if (!std::isfinite(c.value<T>(i))) out += '"';
}

void append_elements(std::string& out, const column& c, std::size_t i, bool map) {
  auto entry = c.value<list_entry>(i);
  const auto& stored = stored_column(c);
  out += map ? '{' : '[';
  for (auto k = entry.offset; k < entry.offset + entry.size; ++k) {
    if (k > entry.offset) out += ',';
    if (map) {
      append_json_text(out, stored.child(0).text(k));
      out += ':';
    }
    append_json(out, stored.child(map ? 1 : 0), k);
  }
  out += map ? '}' : ']';
}

void append_fields(std::string& out, const column& c, std::size_t i) {
  auto names = c.type().field_names();
  out += '{';
  for (std::size_t f = 0; f < names.size(); ++f) {
    if (f > 0) out += ',';
    append_json_text(out, names[f]);
    out += ':';
    append_json(out, c.child(f), c.stored(i));
  }
  out += '}';
}

/// Numbers and BOOLEANs are themselves, arrays, maps and rows JSON's arrays and objects, bytes
/// Base64; all else is a text.
void append_json(std::string& out, const column& c, std::size_t i) {
  if (c.is_null(i)) {
    out += "null";
    return;
  }
  switch (c.type().root()) {
  case type_root::boolean:
  case type_root::tinyint:
  case type_root::smallint:
  case type_root::integer:
  case type_root::bigint:
    return append_row_text(out, c, i);
  case type_root::decimal:
    return append_cast_text(out, c, i, time_zone());
  case type_root::float_:
    return append_floating<float>(out, c, i);
  case type_root::double_:
    return append_floating<double>(out, c, i);
  case type_root::char_:
  case type_root::varchar:
    return append_json_text(out, c.text(i));
  case type_root::binary:
  case type_root::varbinary:
    return append_json_text(out, texts::to_base64(c.text(i)));
  case type_root::array:
    return append_elements(out, c, i, false);
  case type_root::map:
    return append_elements(out, c, i, true);
  case type_root::row:
    return append_fields(out, c, i);
  default: {
    std::string text;
    append_row_text(text, c, i);
    append_json_text(out, text);
  }
  }
}

/// Errors: `plan_error` for a type that has no JSON.
void check_type(const data_type& type) {
  if (type.is_interval()) throw plan_error(type.as_nullable().to_string() + " has no form in JSON");
  if (type.is(type_root::map) && !type.children()[0].is_character())
    throw plan_error("the keys of a MAP must be texts to be those of a JSON object, not "
                     + type.children()[0].as_nullable().to_string());
  if (type.is_nested())
    for (const auto& child : type.children()) check_type(child);
}

resolved_call resolve_string(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  check_type(args[0].type);
  resolved_call call;
  call.result = data_type::string().with_nullable(args[0].type.nullable());
  call.arguments = {args[0].type};
  call.run = [](kernel_call& c) {
    std::string text;
    c.rows.for_each([&](std::size_t i) {
      text.clear();
      append_json(text, *c.args[0], i);
      c.out.set_text(i, text);
    });
  };
  return call;
}

/// How an item goes into what is built, as the binder says it: a letter per item behind the first
/// one, which is `N` (NULL ON NULL) or `A` (ABSENT ON NULL).
constexpr char as_json = 'j'; ///< a JSON text already

void append_item(std::string& out, const column& c, std::size_t i, char how) {
  if (how == as_json && !c.is_null(i))
    out += c.text(i);
  else
    append_json(out, c, i);
}

/// Arguments: how (see above), then keys and values in turn if `Object`, or values.
template <bool Object>
resolved_call resolve_constructor(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 100'000);
  auto how = literal_text(args[0], "how to build JSON");
  resolved_call call;
  call.arguments = {args[0].type};
  for (std::size_t i = 1; i < args.size(); ++i) {
    bool key = Object && i % 2 == 1;
    if (key && !args[i].type.is_character())
      throw plan_error("a key must be a text, not " + args[i].type.as_nullable().to_string());
    check_type(args[i].type);
    call.arguments.push_back(args[i].type);
  }
  call.result = data_type::string().not_null();
  call.propagates_nulls = false;
  call.can_fail = Object;
  call.run = [how](kernel_call& c) {
    std::string text;
    bool absent = how[0] == 'A';
    c.rows.for_each([&](std::size_t i) {
      text = Object ? '{' : '[';
      for (std::size_t k = 1; k < c.args.size(); k += Object ? 2 : 1) {
        const auto& value = *c.args[Object ? k + 1 : k];
        if (Object && c.args[k]->is_null(i)) throw error("a key of JSON_OBJECT is NULL");
        if (absent && value.is_null(i)) continue;
        if (text.size() > 1) text += ',';
        if (Object) {
          append_json_text(text, c.args[k]->text(i));
          text += ':';
        }
        append_item(text, value, i, how[Object ? k + 1 : k]);
      }
      text += Object ? '}' : ']';
      c.out.set_text(i, text);
    });
  };
  return call;
}

} // namespace

void add_json_constructors(function_registry& r) {
  r.add({"JSON_STRING", {}, "JSON_STRING(value)", "The value as a JSON text.", resolve_string});
  r.add({"JSON_OBJECT",
         {},
         "JSON_OBJECT([[KEY] key VALUE value]* [ { NULL | ABSENT } ON NULL ])",
         "A JSON object of keys and their values.",
         resolve_constructor<true>});
  r.add({"JSON_ARRAY",
         {},
         "JSON_ARRAY([value]* [ { NULL | ABSENT } ON NULL ])",
         "A JSON array of values.",
         resolve_constructor<false>});
}

} // namespace sluice::table
