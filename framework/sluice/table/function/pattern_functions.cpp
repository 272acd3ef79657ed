#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/like.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/types/utf8.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <cctype>

namespace sluice::table {

namespace {

using i32 = std::int32_t;
using sv = std::string_view;
template <class T>
using maybe = std::optional<T>;

re2::StringPiece piece(sv text) { return {text.data(), text.size()}; }

std::shared_ptr<const RE2> compile_regex(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(false);
  auto regex = std::make_shared<const RE2>(pattern, options);
  if (!regex->ok())
    throw error(
      fmt::format("the regular expression '{}' is not supported: {}", pattern, regex->error()));
  return regex;
}

/// The last pattern that was compiled, for patterns that come from columns.
template <class Compiled>
struct pattern_state final : function_state {
  std::string pattern;
  std::shared_ptr<const Compiled> compiled;
};

/// What hands out the compiled pattern of a row: compiled once if it is a literal.
template <class Compiled, class Compile>
auto pattern_source(const call_argument& argument, Compile compile) {
  std::shared_ptr<const Compiled> fixed;
  if (argument.literal && !argument.literal->is_null()) {
    try {
      fixed = compile(argument.literal->text());
    } catch (const plan_error&) {
      throw;
    } catch (const error& e) {
      throw plan_error(e.what());
    }
  }
  return [fixed, compile](kernel_call& call, sv pattern) -> const Compiled& {
    if (fixed) return *fixed;
    auto* state = static_cast<pattern_state<Compiled>*>(call.state.get());
    if (!state) {
      call.state = std::make_unique<pattern_state<Compiled>>();
      state = static_cast<pattern_state<Compiled>*>(call.state.get());
    }
    if (!state->compiled || state->pattern != pattern) {
      state->compiled = compile(std::string(pattern));
      state->pattern = pattern;
    }
    return *state->compiled;
  };
}

const call_argument& text_at(std::span<const call_argument> args, std::size_t i) {
  if (!args[i].type.is_character() && !args[i].type.is(type_root::null))
    throw plan_error("it takes texts, but got " + args[i].type.as_nullable().to_string());
  return args[i];
}

auto regex_source(const call_argument& argument) {
  return pattern_source<RE2>(argument, compile_regex);
}

// -- LIKE and SIMILAR TO
// ---------------------------------------------------------------------------

template <bool Negated>
resolved_call resolve_like(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 3);
  std::string escape;
  if (args.size() == 3) escape = literal_text(args[2], "the escape character of LIKE");
  auto source = pattern_source<like_pattern>(text_at(args, 1), [escape](const std::string& p) {
    return std::make_shared<const like_pattern>(like_pattern::compile(p, escape));
  });
  auto match = [source](kernel_call& call, sv text, sv pattern) {
    return source(call, pattern).matches(text) != Negated;
  };
  if (args.size() == 2) return overloads(true, match)(args);
  return overloads(true, [match](kernel_call& call, sv text, sv pattern, sv) {
    return match(call, text, pattern);
  })(args);
}

/// SQL's regular expressions as those of RE2.
std::string similar_to_regex(const std::string& pattern, const std::string& escape) {
  std::string out = "(?s)";
  auto e = escape.empty() ? '\0' : escape[0];
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    auto c = pattern[i];
    if (e != '\0' && c == e) {
      if (++i == pattern.size()) throw error("the pattern ends with its escape character");
      out += RE2::QuoteMeta(pattern.substr(i, 1));
    } else if (c == '%') {
      out += ".*";
    } else if (c == '_') {
      out += '.';
    } else if (c == '.' || c == '^' || c == '$' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '[') {
      auto end = pattern.find(']', i + 1);
      if (end == std::string::npos) throw error("the pattern has a [ without ]");
      out += '[';
      for (auto k = i + 1; k < end;) {
        if (pattern[k] == '\\') out += '\\';
        out += pattern[k++];
      }
      out += ']';
      i = end;
    } else {
      out += c;
    }
  }
  return out;
}

template <bool Negated>
resolved_call resolve_similar(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 3);
  std::string escape;
  if (args.size() == 3) escape = literal_text(args[2], "the escape character of SIMILAR TO");
  auto source = pattern_source<RE2>(text_at(args, 1), [escape](const std::string& p) {
    return compile_regex(similar_to_regex(p, escape));
  });
  auto match = [source](kernel_call& call, sv text, sv pattern) {
    return RE2::FullMatch(piece(text), source(call, pattern)) != Negated;
  };
  if (args.size() == 2) return overloads(true, match)(args);
  return overloads(true, [match](kernel_call& call, sv text, sv pattern, sv) {
    return match(call, text, pattern);
  })(args);
}

// -- REGEXP functions
// ------------------------------------------------------------------------------

resolved_call resolve_regexp(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto source = regex_source(text_at(args, 1));
  return overloads(true, [source](kernel_call& call, sv text, sv pattern) {
    if (pattern.empty()) return false;
    return RE2::PartialMatch(piece(text), source(call, pattern));
  })(args);
}

maybe<slice> extract_group(const RE2& regex, sv text, i32 group) {
  if (group < 0 || group > regex.NumberOfCapturingGroups()) return std::nullopt;
  std::array<re2::StringPiece, 8> few;
  std::vector<re2::StringPiece> many;
  auto size = static_cast<std::size_t>(group) + 1;
  if (size > few.size()) many.resize(size);
  auto* groups = many.empty() ? few.data() : many.data();
  if (!regex.Match(piece(text), 0, text.size(), RE2::UNANCHORED, groups, static_cast<int>(size)))
    return std::nullopt;
  const auto& found = groups[size - 1];
  if (!found.data()) return std::nullopt;
  return slice{{found.data(), found.size()}};
}

resolved_call resolve_regexp_extract(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 3);
  auto source = regex_source(text_at(args, 1));
  return overloads(
    true,
    [source](kernel_call& call, sv text, sv pattern) {
      return extract_group(source(call, pattern), text, 0);
    },
    [source](kernel_call& call, sv text, sv pattern, i32 group) {
      return extract_group(source(call, pattern), text, group);
    })(args);
}

/// Java's `$1` and `\$` as RE2's `\1` and `$`.
std::string rewrite_of(sv replacement) {
  std::string out;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    auto c = replacement[i];
    bool digit = i + 1 < replacement.size()
                 && std::isdigit(static_cast<unsigned char>(replacement[i + 1])) != 0;
    if (c == '$' && digit) {
      out += '\\';
    } else if (c == '\\') {
      if (i + 1 == replacement.size()) throw error("the replacement ends with a backslash");
      if (replacement[++i] == '\\') out += '\\';
      out += replacement[i];
    } else {
      out += c;
    }
  }
  return out;
}

resolved_call resolve_regexp_replace(std::span<const call_argument> args) {
  check_argument_count(args.size(), 3, 3);
  auto source = regex_source(text_at(args, 1));
  return overloads(true, [source](kernel_call& call, sv text, sv pattern, sv replacement) {
    const auto& regex = source(call, pattern);
    auto rewrite = rewrite_of(replacement);
    std::string problem;
    if (!regex.CheckRewriteString(rewrite, &problem)) throw error(problem);
    std::string out(text);
    RE2::GlobalReplace(&out, regex, rewrite);
    return out;
  })(args);
}

/// Calls `use` for each match, one after the other.
template <class Use>
void for_each_match(const RE2& regex, sv text, std::vector<re2::StringPiece>& groups, Use use) {
  std::size_t at = 0;
  while (at <= text.size()) {
    if (!regex.Match(piece(text), at, text.size(), RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size())))
      return;
    use();
    auto end = static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
    if (!groups[0].empty())
      at = end;
    else
      at = end + (end < text.size() ? utf8::first_size(text.substr(end)) : 1);
  }
}

resolved_call resolve_regexp_count(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto source = regex_source(text_at(args, 1));
  return overloads(true, [source](kernel_call& call, sv text, sv pattern) {
    std::vector<re2::StringPiece> groups(1);
    i32 count = 0;
    for_each_match(source(call, pattern), text, groups, [&] { ++count; });
    return count;
  })(args);
}

resolved_call resolve_regexp_instr(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto source = regex_source(text_at(args, 1));
  return overloads(true, [source](kernel_call& call, sv text, sv pattern) {
    re2::StringPiece found;
    if (!source(call, pattern).Match(piece(text), 0, text.size(), RE2::UNANCHORED, &found, 1))
      return i32{0};
    auto before = text.substr(0, static_cast<std::size_t>(found.data() - text.data()));
    return static_cast<i32>(utf8::length(before)) + 1;
  })(args);
}

resolved_call resolve_regexp_substr(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto source = regex_source(text_at(args, 1));
  return overloads(true, [source](kernel_call& call, sv text, sv pattern) {
    return extract_group(source(call, pattern), text, 0);
  })(args);
}

resolved_call resolve_regexp_extract_all(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 3);
  auto source = regex_source(text_at(args, 1));
  resolved_call call;
  call.arguments = {data_type::string().with_nullable(text_at(args, 0).type.nullable()),
                    data_type::string().with_nullable(args[1].type.nullable())};
  if (args.size() == 3) {
    if (!args[2].type.is_integer()) throw plan_error("the group must be an integer");
    call.arguments.push_back(data_type::integer().with_nullable(args[2].type.nullable()));
  }
  call.result = data_type::array(data_type::string());
  call.can_fail = true;
  call.run = [source](kernel_call& c) {
    auto* out = c.out.values<list_entry>();
    auto& elements = c.out.child(0);
    c.rows.for_each([&](std::size_t i) {
      auto text = c.args[0]->text(i);
      const auto& regex = source(c, c.args[1]->text(i));
      // The first group unless told otherwise, as in Flink.
      auto group = c.args.size() == 3 ? c.args[2]->value<i32>(i) : 1;
      if (group < 0 || group > regex.NumberOfCapturingGroups()) return c.out.set_null(i);
      std::vector<re2::StringPiece> groups(static_cast<std::size_t>(group) + 1);
      auto begin = elements.size();
      for_each_match(regex, text, groups, [&] {
        const auto& g = groups.back();
        if (g.data())
          elements.append_text({g.data(), g.size()});
        else
          elements.append_null();
      });
      out[i]
        = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(elements.size() - begin)};
    });
  };
  return call;
}

} // namespace

void add_pattern_functions(function_registry& r) {
  r.add({"LIKE",
         {},
         "string1 LIKE string2 [ ESCAPE char ]",
         "Whether it matches: % any text, _ one "
         "character.",
         resolve_like<false>});
  r.add({"NOT LIKE",
         {},
         "string1 NOT LIKE string2 [ ESCAPE char ]",
         "Whether it does not match.",
         resolve_like<true>});
  r.add({"SIMILAR TO",
         {},
         "string1 SIMILAR TO string2 [ ESCAPE char ]",
         "Whether all of it matches the SQL regular expression.",
         resolve_similar<false>});
  r.add({"NOT SIMILAR TO",
         {},
         "string1 NOT SIMILAR TO string2 [ ESCAPE char ]",
         "Whether it does not match.",
         resolve_similar<true>});
  r.add({"REGEXP", {}, "REGEXP(string1, string2)", "Whether a part matches.", resolve_regexp});
  r.add({"REGEXP_EXTRACT",
         {},
         "REGEXP_EXTRACT(string1, string2[, integer])",
         "The first match, or a group of it; NULL if there is none.",
         resolve_regexp_extract});
  r.add({"REGEXP_REPLACE",
         {},
         "REGEXP_REPLACE(string1, string2, string3)",
         "With all matches replaced; $1 stands for a group.",
         resolve_regexp_replace});
  r.add({"REGEXP_COUNT",
         {},
         "REGEXP_COUNT(str, regex)",
         "The number of matches.",
         resolve_regexp_count});
  r.add({"REGEXP_INSTR",
         {},
         "REGEXP_INSTR(str, regex)",
         "Where the first match begins, from 1; 0 if nowhere.",
         resolve_regexp_instr});
  r.add({"REGEXP_SUBSTR",
         {},
         "REGEXP_SUBSTR(str, regex)",
         "The first match; NULL if there is none.",
         resolve_regexp_substr});
  r.add({"REGEXP_EXTRACT_ALL",
         {},
         "REGEXP_EXTRACT_ALL(str, regex[, extractIndex])",
         "A group of each match, the first unless told otherwise.",
         resolve_regexp_extract_all});
}

} // namespace sluice::table
