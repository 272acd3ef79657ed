#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/function/text_functions.hpp"
#include "sluice/table/types/number_text.hpp"
#include "sluice/table/types/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

namespace sluice::table {

namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;
using sv = std::string_view;
template <class T>
using maybe = std::optional<T>;

// -- concatenation
// ---------------------------------------------------------------------------------

resolved_call resolve_concat_operator(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  resolved_call call;
  bool all_char = true;
  i64 length = 0;
  for (const auto& a : args) {
    if (!a.type.is_character() && !a.type.is(type_root::null))
      throw plan_error("it takes texts, but got " + a.type.as_nullable().to_string());
    all_char = all_char && a.type.is(type_root::char_);
    length += a.type.length();
    call.arguments.push_back(data_type::string().with_nullable(a.type.nullable()));
  }
  length = std::clamp<i64>(length, 1, data_type::max_length);
  call.result = all_char ? data_type::char_(static_cast<i32>(length))
                         : data_type::varchar(static_cast<i32>(length));
  call.result = call.result.with_nullable(any_nullable(args));
  call.run = [](kernel_call& c) {
    std::string buffer;
    c.rows.for_each([&](std::size_t i) {
      buffer = c.args[0]->text(i);
      buffer += c.args[1]->text(i);
      c.out.set_text(i, buffer);
    });
  };
  return call;
}

/// Arguments of any type, as text.
resolved_call with_text_arguments(std::span<const call_argument> args, std::size_t least) {
  check_argument_count(args.size(), least, 100'000);
  resolved_call call;
  for (const auto& a : args) {
    if (!can_cast_explicitly(a.type, data_type::string()))
      throw plan_error("it does not take " + a.type.as_nullable().to_string());
    call.arguments.push_back(data_type::string().with_nullable(a.type.nullable()));
  }
  return call;
}

resolved_call resolve_concat(std::span<const call_argument> args) {
  auto call = with_text_arguments(args, 1);
  call.result = data_type::string().with_nullable(any_nullable(args));
  call.run = [](kernel_call& c) {
    std::string buffer;
    c.rows.for_each([&](std::size_t i) {
      buffer.clear();
      for (const auto* a : c.args) buffer += a->text(i);
      c.out.set_text(i, buffer);
    });
  };
  return call;
}

/// NULLs between are left out; only a NULL separator makes NULL.
resolved_call resolve_concat_ws(std::span<const call_argument> args) {
  auto call = with_text_arguments(args, 1);
  call.result = data_type::string().with_nullable(args[0].type.nullable());
  call.propagates_nulls = false;
  call.run = [](kernel_call& c) {
    std::string buffer;
    c.rows.for_each([&](std::size_t i) {
      if (c.args[0]->is_null(i)) return c.out.set_null(i);
      buffer.clear();
      bool first = true;
      for (std::size_t k = 1; k < c.args.size(); ++k) {
        if (c.args[k]->is_null(i)) continue;
        if (!std::exchange(first, false)) buffer += c.args[0]->text(i);
        buffer += c.args[k]->text(i);
      }
      c.out.set_text(i, buffer);
    });
  };
  return call;
}

/// ELT(n, first, second, ..): NULL if there is no such argument.
resolved_call resolve_elt(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 100'000);
  if (!args[0].type.is_integer() && !args[0].type.is(type_root::null))
    throw plan_error("the index must be an integer");
  resolved_call call;
  call.arguments.push_back(data_type::bigint().with_nullable(args[0].type.nullable()));
  bool binary = args[1].type.is_binary();
  for (const auto& a : args.subspan(1)) {
    if (binary ? !a.type.is_binary() : !a.type.is_character())
      throw plan_error("its arguments must all be texts or all be bytes");
    call.arguments.push_back(
      (binary ? data_type::bytes() : data_type::string()).with_nullable(a.type.nullable()));
  }
  call.result = binary ? data_type::bytes() : data_type::string();
  call.propagates_nulls = false;
  call.run = [](kernel_call& c) {
    c.rows.for_each([&](std::size_t i) {
      if (c.args[0]->is_null(i)) return c.out.set_null(i);
      auto n = c.args[0]->value<i64>(i);
      if (n < 1 || n >= static_cast<i64>(c.args.size())
          || c.args[static_cast<std::size_t>(n)]->is_null(i))
        return c.out.set_null(i);
      c.out.set_text(i, c.args[static_cast<std::size_t>(n)]->text(i));
    });
  };
  return call;
}

// -- trimming
// --------------------------------------------------------------------------------------

sv trim(sv text, sv blanks, bool front, bool back) {
  if (blanks == " ") {
    while (front && text.starts_with(' ')) text.remove_prefix(1);
    while (back && text.ends_with(' ')) text.remove_suffix(1);
    return text;
  }
  auto in_set = [&](sv one) { return blanks.find(one) != sv::npos; };
  while (front && !text.empty()) {
    auto size = utf8::first_size(text);
    if (!in_set(text.substr(0, size))) break;
    text.remove_prefix(size);
  }
  while (back && !text.empty()) {
    auto at = text.size() - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
    if (!in_set(text.substr(at))) break;
    text = text.substr(0, at);
  }
  return text;
}

template <bool Front, bool Back>
auto trim_overloads() {
  return overloads(
    false, [](sv text) { return slice{trim(text, " ", Front, Back)}; },
    [](sv text, sv blanks) { return slice{trim(text, blanks, Front, Back)}; });
}

/// TRIM(x), or TRIM('BOTH' | 'LEADING' | 'TRAILING', characters, x) as the parser writes it.
resolved_call resolve_trim(std::span<const call_argument> args) {
  if (args.size() < 3) return trim_overloads<true, true>()(args);
  check_argument_count(args.size(), 3, 3);
  auto side = texts::upper(literal_text(args[0], "the side of TRIM"));
  if (side != "BOTH" && side != "LEADING" && side != "TRAILING")
    throw plan_error("the side must be BOTH, LEADING or TRAILING");
  bool front = side != "TRAILING";
  bool back = side != "LEADING";
  return overloads(false, [front, back](sv, sv blanks, sv text) {
    return slice{trim(text, blanks, front, back)};
  })(args);
}

// -- padding, repeating, replacing
// -----------------------------------------------------------------

constexpr std::size_t longest_result = std::size_t{1} << 28;

void check_size(std::size_t size) {
  if (size > longest_result) throw error("the result is longer than 256 MiB");
}

/// NULL for a negative length or an empty padding, as Flink.
maybe<std::string> pad(sv text, i32 length, sv padding, bool left) {
  if (length < 0 || padding.empty()) return std::nullopt;
  auto wanted = static_cast<std::size_t>(length);
  auto have = utf8::length(text);
  if (have >= wanted) return std::string(utf8::prefix(text, wanted));
  check_size(wanted * 4);
  std::string fill;
  auto missing = wanted - have;
  auto unit = utf8::length(padding);
  for (; missing >= unit; missing -= unit) fill += padding;
  fill += utf8::prefix(padding, missing);
  return left ? fill + std::string(text) : std::string(text) + fill;
}

std::string repeat(sv text, i32 count) {
  std::string out;
  if (count <= 0) return out;
  check_size(text.size() * static_cast<std::size_t>(count));
  out.reserve(text.size() * static_cast<std::size_t>(count));
  for (i32 i = 0; i < count; ++i) out += text;
  return out;
}

std::string replace(sv text, sv from, sv to) {
  std::string out;
  if (from.empty()) return std::string(text);
  while (true) {
    auto at = text.find(from);
    out += text.substr(0, at);
    if (at == sv::npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

std::string translate(sv text, sv from, sv to) {
  std::u32string source;
  std::u32string target;
  while (!from.empty()) source += utf8::take(from);
  while (!to.empty()) target += utf8::take(to);
  std::string out;
  while (!text.empty()) {
    auto c = utf8::take(text);
    auto at = source.find(c);
    if (at == std::u32string::npos)
      utf8::append(out, c);
    else if (at < target.size())
      utf8::append(out, target[at]);
  }
  return out;
}

std::string overlay(sv text, sv part, i64 start, maybe<i64> length) {
  auto size = static_cast<i64>(utf8::length(text));
  if (start <= 0 || start > size) return std::string(text);
  auto cut = length ? *length : static_cast<i64>(utf8::length(part));
  auto rest = start - 1 + cut;
  std::string out(utf8::prefix(text, static_cast<std::size_t>(start - 1)));
  out += part;
  if (rest >= 0 && rest < size)
    out += text.substr(utf8::offset_of(text, static_cast<std::size_t>(rest)));
  return out;
}

/// The field of this number, from 0; the delimiter is a whole text.
maybe<slice> split_index(sv text, sv delimiter, i32 index) {
  if (index < 0 || delimiter.empty()) return std::nullopt;
  auto next = [&] { // a single character is found without comparing texts
    return delimiter.size() == 1 ? text.find(delimiter[0]) : text.find(delimiter);
  };
  for (; index > 0; --index) {
    auto at = next();
    if (at == sv::npos) return std::nullopt;
    text.remove_prefix(at + delimiter.size());
  }
  return slice{text.substr(0, next())};
}

maybe<std::string> character_of(i64 code) {
  if (code < 0) return std::nullopt;
  std::string out;
  utf8::append(out, static_cast<char32_t>(code % 256)); // as Flink: one of 256 code points
  return out;
}

i32 first_byte(sv text) { return text.empty() ? 0 : static_cast<unsigned char>(text[0]); }

template <int (*Is)(int)>
bool all_are(sv text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    auto u = static_cast<unsigned char>(c);
    return u < 0x80 && Is(u) != 0;
  });
}

bool is_decimal(sv text) {
  double number = 0;
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != sv::npos) return false;
  return parse_double(text, number);
}

std::string left(sv text, i32 n) {
  return n <= 0 ? std::string() : std::string(utf8::prefix(text, static_cast<std::size_t>(n)));
}
std::string right(sv text, i32 n) {
  if (n <= 0) return {};
  auto size = utf8::length(text);
  auto wanted = static_cast<std::size_t>(n);
  return std::string(size <= wanted ? text : text.substr(utf8::offset_of(text, size - wanted)));
}

// -- encodings
// -------------------------------------------------------------------------------------

enum class charset { ascii, latin1, utf8, utf16be, utf16le, utf16 };

charset parse_charset(sv name) {
  auto upper = texts::upper(name);
  if (upper == "UTF-8" || upper == "UTF8") return charset::utf8;
  if (upper == "US-ASCII" || upper == "ASCII") return charset::ascii;
  if (upper == "ISO-8859-1") return charset::latin1;
  if (upper == "UTF-16BE") return charset::utf16be;
  if (upper == "UTF-16LE") return charset::utf16le;
  if (upper == "UTF-16") return charset::utf16;
  throw error(fmt::format("unknown character set '{}'", name));
}

std::string encode(sv text, sv name) {
  auto set = parse_charset(name);
  std::string out;
  if (set == charset::utf8) return std::string(text);
  bool little = set == charset::utf16le;
  auto put16 = [&](std::uint32_t unit) {
    auto high = static_cast<char>(unit >> 8);
    auto low = static_cast<char>(unit & 0xff);
    out += little ? low : high;
    out += little ? high : low;
  };
  if (set == charset::utf16) put16(0xfeff);
  while (!text.empty()) {
    auto c = static_cast<std::uint32_t>(utf8::take(text));
    if (set == charset::ascii || set == charset::latin1) {
      out += c < (set == charset::ascii ? 0x80u : 0x100u) ? static_cast<char>(c) : '?';
    } else if (c >= 0x10000) {
      put16(0xd800 + ((c - 0x10000) >> 10));
      put16(0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
      put16(c);
    }
  }
  return out;
}

std::string decode(sv bytes, sv name) {
  auto set = parse_charset(name);
  std::string out;
  if (set == charset::utf8) return std::string(bytes);
  auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (set == charset::ascii || set == charset::latin1) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      utf8::append(out, set == charset::ascii && byte(i) >= 0x80 ? 0xfffd : byte(i));
    return out;
  }
  bool little = set == charset::utf16le;
  std::size_t i = 0;
  if (set == charset::utf16 && bytes.size() >= 2) {
    if (byte(0) == 0xfe && byte(1) == 0xff) i = 2;
    if (byte(0) == 0xff && byte(1) == 0xfe) {
      little = true;
      i = 2;
    }
  }
  auto unit = [&](std::size_t at) {
    return little ? byte(at + 1) << 8 | byte(at) : byte(at) << 8 | byte(at + 1);
  };
  for (; i + 1 < bytes.size(); i += 2) {
    auto u = unit(i);
    if (u >= 0xd800 && u < 0xdc00 && i + 3 < bytes.size()) {
      utf8::append(out, 0x10000 + ((u - 0xd800) << 10) + (unit(i + 2) - 0xdc00));
      i += 2;
    } else {
      utf8::append(out, u);
    }
  }
  return out;
}

/// Takes BYTES as well as texts, which are stored alike.
template <class Resolve>
resolved_call with_binary_argument(std::span<const call_argument> args, Resolve resolve) {
  std::vector<call_argument> given(args.begin(), args.end());
  bool binary = !given.empty() && given[0].type.is_binary();
  if (binary) given[0].type = data_type::string().with_nullable(given[0].type.nullable());
  auto call = resolve(std::span<const call_argument>(given));
  if (binary) call.arguments[0] = data_type::bytes().with_nullable(args[0].type.nullable());
  return call;
}

resolved_call resolve_decode(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  if (!args[0].type.is_binary()) throw plan_error("it takes BYTES and a text");
  return with_binary_argument(args, overloads(true, decode));
}

resolved_call resolve_encode(std::span<const call_argument> args) {
  auto call = overloads(true, encode)(args);
  call.result = data_type::bytes().with_nullable(call.result.nullable());
  return call;
}

resolved_call resolve_to_base64(std::span<const call_argument> args) {
  return with_binary_argument(args, overloads(false, texts::to_base64));
}

resolved_call resolve_length(std::span<const call_argument> args) {
  return overloads(false, [](sv text) { return static_cast<i32>(utf8::length(text)); })(args);
}

void add_plain(function_registry& r) {
  r.add(
    {"||", {}, "string1 || string2", "The texts one after the other.", resolve_concat_operator});
  r.add({"CONCAT",
         {},
         "CONCAT(string1, string2,...)",
         "The texts one after the other.",
         resolve_concat});
  r.add({"CONCAT_WS",
         {},
         "CONCAT_WS(string1, string2, string3,...)",
         "The texts that are not NULL with the first between them.",
         resolve_concat_ws});
  r.add(
    {"ELT", {}, "ELT(index, expr[, exprs]*)", "The argument of that number, from 1.", resolve_elt});
  r.add({"UPPER", {"UCASE"}, "UPPER(string)", "In capitals.", overloads(false, texts::upper)});
  r.add({"LOWER", {"LCASE"}, "LOWER(string)", "In small letters.", overloads(false, texts::lower)});
  r.add({"INITCAP",
         {},
         "INITCAP(string)",
         "Each word with a capital.",
         overloads(false, texts::initcap)});
  r.add({"REVERSE",
         {},
         "REVERSE(string)",
         "From the end to the start.",
         overloads(false, texts::reverse)});
  r.add({"CHAR_LENGTH",
         {"CHARACTER_LENGTH", "LENGTH"},
         "CHAR_LENGTH(string)",
         "The number of characters.",
         resolve_length});
  r.add({"TRIM",
         {},
         "TRIM([ BOTH | LEADING | TRAILING ] string1 FROM string2)",
         "Without blanks, or other characters, at the ends.",
         resolve_trim});
  r.add({"LTRIM",
         {},
         "LTRIM(str[, trimStr])",
         "Without blanks at the start.",
         trim_overloads<true, false>()});
  r.add({"RTRIM",
         {},
         "RTRIM(str[, trimStr])",
         "Without blanks at the end.",
         trim_overloads<false, true>()});
  r.add({"BTRIM",
         {},
         "BTRIM(str[, trimStr])",
         "Without blanks at both ends.",
         trim_overloads<true, true>()});
  r.add({"REPEAT", {}, "REPEAT(string, int)", "The text so many times.", overloads(true, repeat)});
  r.add({"REPLACE",
         {},
         "REPLACE(string1, string2, string3)",
         "With the second replaced by the third.",
         overloads(false, replace)});
  r.add({"TRANSLATE",
         {"TRANSLATE3"},
         "TRANSLATE(expr, fromStr, toStr)",
         "With characters replaced one by one.",
         overloads(false, translate)});
  r.add({"OVERLAY",
         {},
         "OVERLAY(string1 PLACING string2 FROM integer1 [ FOR integer2 ])",
         "With a part replaced.",
         overloads(
           false, [](sv a, sv b, i64 s) { return overlay(a, b, s, std::nullopt); },
           [](sv a, sv b, i64 s, i64 n) { return overlay(a, b, s, n); })});
  r.add({"SPLIT_INDEX",
         {},
         "SPLIT_INDEX(string1, string2, integer1)",
         "The field of that number, from 0.",
         overloads(false, split_index, [](sv text, i32 delimiter, i32 index) {
           auto one = character_of(delimiter);
           return one ? split_index(text, *one, index) : std::nullopt;
         })});
}

void add_parts(function_registry& r) {
  r.add({"SUBSTRING",
         {"SUBSTR"},
         "SUBSTRING(string FROM integer1 [ FOR integer2 ])",
         "The characters from a place, counted from 1 (from the end if negative).",
         overloads(
           false, [](sv text, i64 from) { return slice{texts::substring(text, from, {})}; },
           [](sv text, i64 from, i64 n) -> maybe<slice> {
             if (n < 0) return std::nullopt; // as Flink
             return slice{texts::substring(text, from, n)};
           })});
  r.add({"LEFT", {}, "LEFT(string, integer)", "The first characters.", overloads(false, left)});
  r.add({"RIGHT", {}, "RIGHT(string, integer)", "The last characters.", overloads(false, right)});
  r.add({"POSITION",
         {},
         "POSITION(string1 IN string2)",
         "Where the first begins in the second, from 1; 0 if nowhere.",
         overloads(false, [](sv part, sv text) { return texts::position(part, text); })});
  r.add({"INSTR",
         {},
         "INSTR(string1, string2)",
         "Where the second begins in the first.",
         overloads(false, [](sv text, sv part) { return texts::position(part, text); })});
  r.add({"LOCATE",
         {},
         "LOCATE(string1, string2[, integer])",
         "Where the first begins in the second, from a place on.",
         overloads(
           false, [](sv part, sv text) { return texts::position(part, text); },
           [](sv part, sv text, i32 from) { return texts::position(part, text, from); })});
  r.add({"STARTSWITH",
         {},
         "STARTSWITH(expr, startExpr)",
         "Whether it starts so.",
         overloads(false, [](sv text, sv start) { return text.starts_with(start); })});
  r.add({"ENDSWITH",
         {},
         "ENDSWITH(expr, endExpr)",
         "Whether it ends so.",
         overloads(false, [](sv text, sv end) { return text.ends_with(end); })});
  r.add({"LPAD",
         {},
         "LPAD(string1, integer, string2)",
         "Filled up at the start, or cut.",
         overloads(true, [](sv t, i32 n, sv p) { return pad(t, n, p, true); })});
  r.add({"RPAD",
         {},
         "RPAD(string1, integer, string2)",
         "Filled up at the end, or cut.",
         overloads(true, [](sv t, i32 n, sv p) { return pad(t, n, p, false); })});
  r.add(
    {"ASCII", {}, "ASCII(string)", "The first byte as a number.", overloads(false, first_byte)});
  r.add(
    {"CHR", {}, "CHR(integer)", "The character of that number.", overloads(false, character_of)});
  r.add({"IS_ALPHA",
         {},
         "IS_ALPHA(string)",
         "Whether it is letters only.",
         overloads(false, all_are<std::isalpha>)});
  r.add({"IS_DIGIT",
         {},
         "IS_DIGIT(string)",
         "Whether it is digits only.",
         overloads(false, all_are<std::isdigit>)});
  r.add({"IS_DECIMAL",
         {},
         "IS_DECIMAL(string)",
         "Whether it can be read as a number.",
         overloads(false, is_decimal)});
}

void add_encodings(function_registry& r) {
  r.add({"TO_BASE64", {}, "TO_BASE64(string)", "In Base64.", resolve_to_base64});
  r.add({"FROM_BASE64",
         {},
         "FROM_BASE64(string)",
         "What the Base64 says; NULL if it is none.",
         overloads(false, texts::from_base64)});
  r.add(
    {"ENCODE", {}, "ENCODE(string1, string2)", "The bytes in a character set.", resolve_encode});
  r.add({"DECODE",
         {},
         "DECODE(binary, string)",
         "The text of bytes in a character set.",
         resolve_decode});
  r.add({"URL_ENCODE",
         {},
         "URL_ENCODE(string)",
         "As a form sends it.",
         overloads(false, texts::url_encode)});
  r.add({"URL_DECODE",
         {},
         "URL_DECODE(string)",
         "As a form meant it; NULL if it is malformed.",
         overloads(false, texts::url_decode)});
  r.add({"PARSE_URL",
         {},
         "PARSE_URL(string1, string2[, string3])",
         "A part of a URL: HOST, PATH, QUERY (of a key), REF, PROTOCOL, AUTHORITY, FILE, USERINFO.",
         overloads(
           false, [](sv url, sv part) { return texts::url_part(url, part, std::nullopt); },
           [](sv url, sv part, sv key) { return texts::url_part(url, part, key); })});
}

} // namespace

void add_string_functions(function_registry& r) {
  add_plain(r);
  add_parts(r);
  add_encodings(r);
}

} // namespace sluice::table
