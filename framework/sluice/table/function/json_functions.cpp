#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/json_constructors.hpp"
#include "sluice/table/function/json_path.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/function/text_functions.hpp"
#include "sluice/table/types/number_text.hpp"
#include "sluice/table/types/utf8.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <map>

namespace sluice::table {

namespace {

using sv = std::string_view;
using element = simdjson::dom::element;
template <class T>
using maybe = std::optional<T>;

struct json_state final : function_state {
  simdjson::dom::parser parser;
  std::map<std::string, json_path, std::less<>> paths;
};

json_state& state_of(kernel_call& call) {
  if (!call.state) call.state = std::make_unique<json_state>();
  return static_cast<json_state&>(*call.state);
}

const json_path& path_of(json_state& state, sv text) {
  auto it = state.paths.find(text);
  if (it == state.paths.end()) {
    if (state.paths.size() > 1000) state.paths.clear();
    it = state.paths.emplace(std::string(text), json_path::parse(text)).first;
  }
  return it->second;
}

/// What a path leads to. Broken: the text is no JSON, or a strict path does not fit it.
struct found_values {
  bool broken = false;
  std::vector<element> values;
};

bool step_into(const json_path& path, const json_path::step& step, const element& from,
               std::vector<element>& out) {
  using kind = json_path::step::kind;
  if (from.is_array()) {
    simdjson::dom::array items = from.get_array().value_unsafe();
    if (step.what == kind::all) {
      for (auto item : items) out.push_back(item);
      return true;
    }
    if (step.what == kind::element) {
      std::size_t i = 0;
      for (auto item : items) {
        if (i++ == step.index) {
          out.push_back(item);
          return true;
        }
      }
      return !path.strict;
    }
    if (path.strict) return false;
    for (auto item : items) // a lax path looks into the elements
      if (item.is_object()) step_into(path, step, item, out);
    return true;
  }
  if (from.is_object() && step.what != kind::element) {
    simdjson::dom::object members = from.get_object().value_unsafe();
    if (step.what == kind::all) {
      for (auto member : members) out.push_back(member.value);
      return true;
    }
    element value;
    if (members.at_key(step.name).get(value) == simdjson::SUCCESS) {
      out.push_back(value);
      return true;
    }
    return !path.strict;
  }
  if (step.what == kind::element && step.index == 0 && !path.strict) {
    out.push_back(from); // a lax path takes a value for an array of one
    return true;
  }
  return !path.strict;
}

found_values find_values(json_state& state, sv json, const json_path& path) {
  found_values result;
  element root;
  if (state.parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) {
    result.broken = true;
    return result;
  }
  result.values.push_back(root);
  for (const auto& step : path.steps) {
    std::vector<element> next;
    for (const auto& value : result.values) {
      if (!step_into(path, step, value, next)) {
        result.broken = true;
        return result;
      }
    }
    result.values = std::move(next);
  }
  return result;
}

bool is_container(const element& e) { return e.is_array() || e.is_object(); }

std::string scalar_text(const element& e) {
  std::string out;
  switch (e.type()) {
  case simdjson::dom::element_type::STRING:
    out = e.get_string().value_unsafe();
    break;
  case simdjson::dom::element_type::DOUBLE:
    append_java(out, e.get_double().value_unsafe());
    break;
  default:
    out = simdjson::to_string(e);
  }
  return out;
}

/// What a literal behind ON EMPTY or ON ERROR asks for.
enum class fallback { null, error, default_value, empty_array, empty_object };

fallback parse_fallback(const call_argument& argument, bool query) {
  auto name = texts::upper(literal_text(argument, "the behaviour ON EMPTY or ON ERROR"));
  if (name == "NULL") return fallback::null;
  if (name == "ERROR") return fallback::error;
  if (!query && name == "DEFAULT") return fallback::default_value;
  if (query && name == "EMPTY ARRAY") return fallback::empty_array;
  if (query && name == "EMPTY OBJECT") return fallback::empty_object;
  throw plan_error("unknown behaviour '" + name + "'");
}

void check_path(const call_argument& argument) {
  if (!argument.literal || argument.literal->is_null()) return;
  try {
    json_path::parse(literal_text(argument, "the path"));
  } catch (const plan_error&) {
    throw;
  } catch (const error& e) {
    throw plan_error(e.what());
  }
}

void check_texts(std::span<const call_argument> args, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (!args[i].type.is_character() && !args[i].type.is(type_root::null))
      throw plan_error("it takes texts, but got " + args[i].type.as_nullable().to_string());
}

/// JSON_VALUE(json, path [, on empty, default, on error, default]).
resolved_call resolve_json_value(std::span<const call_argument> args) {
  if (args.size() != 2 && args.size() != 6) check_argument_count(args.size(), 2, 2);
  check_texts(args, 2);
  check_path(args[1]);
  auto on_empty = fallback::null;
  auto on_error = fallback::null;
  resolved_call call;
  for (const auto& a : args)
    call.arguments.push_back(data_type::string().with_nullable(a.type.nullable()));
  if (args.size() == 6) {
    on_empty = parse_fallback(args[2], false);
    on_error = parse_fallback(args[4], false);
  }
  call.result = data_type::string();
  call.propagates_nulls = false;
  call.can_fail = true;
  call.run = [on_empty, on_error](kernel_call& c) {
    auto& state = state_of(c);
    auto fall_back = [&](std::size_t i, fallback f, std::size_t value, const char* why) {
      if (f == fallback::error) throw error(why);
      if (f == fallback::null || c.args[value]->is_null(i)) return c.out.set_null(i);
      c.out.set_text(i, c.args[value]->text(i));
    };
    c.rows.for_each([&](std::size_t i) {
      if (c.args[0]->is_null(i) || c.args[1]->is_null(i)) return c.out.set_null(i);
      auto found = find_values(state, c.args[0]->text(i), path_of(state, c.args[1]->text(i)));
      if (found.broken) return fall_back(i, on_error, 5, "the text is no JSON that fits the path");
      if (found.values.empty()) return fall_back(i, on_empty, 3, "the path leads to nothing");
      if (found.values.size() > 1 || is_container(found.values[0]))
        return fall_back(i, on_error, 5, "the path leads to more than one value");
      if (found.values[0].is_null()) return c.out.set_null(i);
      c.out.set_text(i, scalar_text(found.values[0]));
    });
  };
  return call;
}

/// JSON_QUERY(json, path [, wrapper, on empty, on error]).
resolved_call resolve_json_query(std::span<const call_argument> args) {
  if (args.size() != 2 && args.size() != 5) check_argument_count(args.size(), 2, 2);
  check_texts(args, 2);
  check_path(args[1]);
  std::string wrapper = "WITHOUT";
  auto on_empty = fallback::null;
  auto on_error = fallback::null;
  resolved_call call;
  for (const auto& a : args)
    call.arguments.push_back(data_type::string().with_nullable(a.type.nullable()));
  if (args.size() == 5) {
    wrapper = texts::upper(literal_text(args[2], "the wrapper"));
    if (wrapper != "WITHOUT" && wrapper != "CONDITIONAL" && wrapper != "UNCONDITIONAL")
      throw plan_error("the wrapper must be WITHOUT, CONDITIONAL or UNCONDITIONAL");
    on_empty = parse_fallback(args[3], true);
    on_error = parse_fallback(args[4], true);
  }
  call.result = data_type::string();
  call.can_fail = true;
  call.run = [=](kernel_call& c) {
    auto& state = state_of(c);
    auto fall_back = [&](std::size_t i, fallback f, const char* why) {
      if (f == fallback::error) throw error(why);
      if (f == fallback::null) return c.out.set_null(i);
      c.out.set_text(i, f == fallback::empty_array ? "[]" : "{}");
    };
    c.rows.for_each([&](std::size_t i) {
      auto found = find_values(state, c.args[0]->text(i), path_of(state, c.args[1]->text(i)));
      if (found.broken) return fall_back(i, on_error, "the text is no JSON that fits the path");
      if (found.values.empty()) return fall_back(i, on_empty, "the path leads to nothing");
      bool one_container = found.values.size() == 1 && is_container(found.values[0]);
      bool wrap = wrapper == "UNCONDITIONAL" || (wrapper == "CONDITIONAL" && !one_container);
      if (!wrap && !one_container) {
        if (found.values.size() == 1 && found.values[0].is_null()) return c.out.set_null(i);
        return fall_back(i, on_error, "the path leads to no single array or object");
      }
      std::string out = wrap ? "[" : "";
      for (std::size_t k = 0; k < found.values.size(); ++k) {
        if (k > 0) out += ',';
        out += simdjson::to_string(found.values[k]);
      }
      if (wrap) out += ']';
      c.out.set_text(i, out);
    });
  };
  return call;
}

/// JSON_EXISTS(json, path [, 'TRUE' | 'FALSE' | 'UNKNOWN' | 'ERROR']).
resolved_call resolve_json_exists(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 3);
  check_texts(args, args.size());
  check_path(args[1]);
  auto on_error = args.size() == 3 ? texts::upper(literal_text(args[2], "the behaviour ON ERROR"))
                                   : std::string("FALSE");
  if (on_error != "TRUE" && on_error != "FALSE" && on_error != "UNKNOWN" && on_error != "ERROR")
    throw plan_error("unknown behaviour '" + on_error + "'");
  auto exists = [on_error](kernel_call& c, sv json, sv path) -> maybe<bool> {
    auto& state = state_of(c);
    auto found = find_values(state, json, path_of(state, path));
    if (!found.broken) return !found.values.empty();
    if (on_error == "ERROR") throw error("the text is no JSON that fits the path");
    if (on_error == "UNKNOWN") return std::nullopt;
    return on_error == "TRUE";
  };
  if (args.size() == 2) return overloads(true, exists)(args);
  return overloads(
    true, [exists](kernel_call& c, sv json, sv path, sv) { return exists(c, json, path); })(args);
}

enum class json_kind { value, scalar, array, object };

template <json_kind Kind>
bool is_json(kernel_call& c, sv text) {
  element root;
  if (state_of(c).parser.parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS)
    return false;
  switch (Kind) {
  case json_kind::value:
    return true;
  case json_kind::scalar:
    return !is_container(root);
  case json_kind::array:
    return root.is_array();
  case json_kind::object:
    return root.is_object();
  }
  return false;
}

/// FALSE for NULL, as Flink's IS JSON.
template <json_kind Kind, bool Negated>
bool test_json(kernel_call& c, maybe<sv> text) {
  return (text && is_json<Kind>(c, *text)) != Negated;
}

std::string json_quote(sv text) {
  std::string out;
  append_json_text(out, text, json_hex::lower);
  return out;
}

/// A text that is no quoted JSON text stays as it is.
std::string json_unquote(kernel_call& c, sv text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  element root;
  if (state_of(c).parser.parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS
      || !root.is_string())
    return std::string(text);
  return std::string(root.get_string().value_unsafe());
}

template <json_kind Kind>
void add_test(function_registry& r, const std::string& what) {
  auto add = [&](const std::string& name, bool positive, auto test) {
    std::vector<std::string> aliases;
    if (Kind == json_kind::value) aliases.push_back(name.substr(0, name.size() - 6));
    r.add(scalar_function{name, aliases, "string " + name,
                          positive ? "Whether it is such JSON." : "Whether it is no such JSON.",
                          overloads(false, test)});
  };
  add("IS JSON " + what, true, test_json<Kind, false>);
  add("IS NOT JSON " + what, false, test_json<Kind, true>);
}

} // namespace

void add_json_functions(function_registry& r) {
  r.add({"JSON_VALUE",
         {},
         "JSON_VALUE(jsonValue, path)",
         "The scalar that a path leads to.",
         resolve_json_value});
  r.add({"JSON_QUERY",
         {},
         "JSON_QUERY(jsonValue, path)",
         "The JSON text of the array or object that a path leads to.",
         resolve_json_query});
  r.add({"JSON_EXISTS",
         {},
         "JSON_EXISTS(jsonValue, path)",
         "Whether a path leads to something.",
         resolve_json_exists});
  add_test<json_kind::value>(r, "VALUE");
  add_test<json_kind::scalar>(r, "SCALAR");
  add_test<json_kind::array>(r, "ARRAY");
  add_test<json_kind::object>(r, "OBJECT");
  r.add({"JSON_QUOTE",
         {},
         "JSON_QUOTE(string)",
         "The text as a JSON text.",
         overloads(false, json_quote)});
  r.add({"JSON_UNQUOTE",
         {},
         "JSON_UNQUOTE(string)",
         "What a JSON text says.",
         overloads(false, json_unquote)});
  add_json_constructors(r);
}

} // namespace sluice::table
