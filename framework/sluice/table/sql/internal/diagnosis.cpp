#include "sluice/table/sql/internal/diagnosis.hpp"

#include "sluice/table/sql/internal/expected_tokens.hpp"
#include "sluice/table/sql/internal/grammar.hpp"
#include "sluice/table/sql/internal/keywords.hpp"
#include "sluice/table/sql/internal/lexer.hpp"
#include "sluice/table/sql/internal/words.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace sluice::sql::internal {

namespace {

using kind = grammar::token;

/// Statements of more tokens get no guesses: each costs a run of the parser.
constexpr std::size_t max_tokens_to_guess = 4000;
/// Likely words tried for a place.
constexpr std::size_t max_candidates = 8;

bool is_word(int token_kind) { return token_kind == kind::T_NAME || token_kind >= kind::T_ALL; }

/// Number of tokens that the parser accepts; all of them if it finds no fault.
std::size_t progress(std::string_view text, std::vector<token> raw, int start) {
  refine(raw);
  parse_context context(text, raw, start);
  try {
    grammar(context).parse();
  } catch (const unexpected_token& fault) {
    return fault.index;
  } catch (const sql_error&) { // understood, and refused for another reason
    return context.num_read();
  }
  return raw.size();
}

struct guess {
  std::size_t place = 0; ///< index of the token that it is about
  std::size_t reach = 0; ///< tokens of the original that are accepted with it
  std::size_t distance = 0;
  std::string hint;
};

class guesser {
public:
  guesser(std::string_view text, const std::vector<token>& raw, int start, std::size_t fault)
    : text_(text), raw_(raw), start_(start), fault_(fault) {}

  /// The best guess, or one without a hint.
  guess best() {
    for (std::size_t back = 0; back <= 2 && back <= fault_; ++back) try_typo(fault_ - back);
    try_reserved_word();
    try_comma_too_many();
    if (best_.hint.empty()) try_missing_comma();
    if (best_.hint.empty()) try_unquoted_option();
    return best_;
  }

private:
  std::string_view word(std::size_t i) const { return text_of(text_, raw_[i].range); }

  /// `needed`: tokens behind the fault that a guess must make acceptable.
  void offer(guess candidate, std::size_t needed) {
    auto wanted = std::min(raw_.size(), fault_ + needed);
    if (candidate.reach < wanted) return;
    bool better = best_.hint.empty() || candidate.reach > best_.reach
                  || (candidate.reach == best_.reach && candidate.distance < best_.distance);
    if (better) best_ = std::move(candidate);
  }

  std::size_t reach_with(std::size_t i, int replacement) const {
    auto changed = raw_;
    changed[i].kind = replacement;
    return progress(text_, std::move(changed), start_);
  }

  void try_typo(std::size_t i) {
    if (!is_word(raw_[i].kind)) return;
    auto limit = typo_limit(word(i));
    std::vector<std::pair<std::size_t, keyword>> near;
    for (const auto& k : all_keywords()) {
      auto distance = edit_distance(word(i), k.text, limit);
      if (distance > 0 && distance <= limit) near.emplace_back(distance, k);
    }
    std::stable_sort(near.begin(), near.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    if (near.size() > max_candidates) near.resize(max_candidates);
    for (const auto& [distance, k] : near)
      offer({i, reach_with(i, k.kind), distance, fmt::format("did you mean {}?", k.text)},
            i == fault_ ? 1 : 2);
  }

  void try_reserved_word() {
    if (raw_[fault_].kind < kind::T_ALL) return;
    offer({fault_, reach_with(fault_, kind::T_NAME), 3,
           fmt::format("{0} is a reserved word: as a name, write `{0}`", word(fault_))},
          2);
  }

  void try_comma_too_many() {
    if (fault_ == 0 || raw_[fault_ - 1].kind != kind::T_COMMA) return;
    auto changed = raw_;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(fault_) - 1);
    offer(
      {fault_ - 1, progress(text_, std::move(changed), start_) + 1, 2, "there is a comma too many"},
      1);
  }

  void try_missing_comma() {
    auto changed = raw_;
    token comma{kind::T_COMMA, {raw_[fault_].range.begin, raw_[fault_].range.begin}};
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(fault_), comma);
    auto reach = progress(text_, std::move(changed), start_);
    offer({fault_, reach == 0 ? 0 : reach - 1, 4,
           fmt::format("is a comma missing before {}?", word(fault_))},
          3);
  }

  /// `SET a.b = 5`, `WITH (connector = 'print')`.
  void try_unquoted_option() {
    if (!is_word(raw_[fault_].kind)) return;
    if (reach_with(fault_, kind::T_TEXT) <= fault_) return;
    auto end = fault_ + 1;
    while (raw_[end].kind == kind::T_DOT || raw_[end].kind == kind::T_MINUS
           || is_word(raw_[end].kind))
      ++end;
    if (raw_[end].kind == kind::T_EQUAL)
      best_ = {fault_, fault_, 0, "keys and values of options are written in 'single quotes'"};
  }

  std::string_view text_;
  const std::vector<token>& raw_;
  int start_;
  std::size_t fault_;
  guess best_;
};

/// The parenthesis that is open at the end of the statement, or none.
const token* open_parenthesis(const std::vector<token>& raw) {
  std::vector<const token*> open;
  for (const auto& t : raw) {
    if (t.kind == kind::T_LEFT_PAREN) open.push_back(&t);
    if (t.kind == kind::T_RIGHT_PAREN && !open.empty()) open.pop_back();
  }
  return open.empty() ? nullptr : open.back();
}

std::string describe(std::string_view text, const token& t) {
  if (t.kind == kind::T_END_OF_STATEMENT) return "unexpected end of the statement";
  auto found = text_of(text, t.range);
  constexpr std::size_t longest = 40;
  if (found.size() > longest) return "unexpected text";
  bool sign = t.kind < kind::T_ALL && t.kind > kind::T_BINARY_TEXT && t.kind != kind::T_INTEGER;
  return sign ? fmt::format("unexpected '{}'", found) : fmt::format("unexpected {}", found);
}

} // namespace

sql_error diagnose(std::string_view text, const std::vector<token>& raw, int start,
                   const unexpected_token& fault) {
  auto index = std::min(fault.index, raw.size() - 1);
  guess found;
  if (raw.size() <= max_tokens_to_guess) found = guesser(text, raw, start, index).best();
  bool at_end = raw[index].kind == kind::T_END_OF_STATEMENT;
  if (!found.hint.empty()) {
    const auto& place = raw[found.place];
    return {describe(text, place), place.range, found.hint};
  }
  if (const auto* open = at_end ? open_parenthesis(raw) : nullptr)
    found.hint = fmt::format("the ( at {}:{} is not closed", open->range.begin.line,
                             open->range.begin.column);
  auto expected = describe_expected(fault.expected);
  return {describe(text, raw[index]) + (expected.empty() ? "" : ", expected " + expected),
          raw[index].range, found.hint, at_end};
}

// -- statements that are not there yet ----------------------------------------------

namespace {

/// First words of statements, in the order in which they are looked for.
constexpr std::string_view unsupported_heads[] = {"CREATE FUNCTION",
                                                  "CREATE MODEL",
                                                  "CREATE MATERIALIZED TABLE",
                                                  "CREATE CONNECTION",
                                                  "DROP FUNCTION",
                                                  "DROP MODEL",
                                                  "DROP MATERIALIZED TABLE",
                                                  "DROP CONNECTION",
                                                  "ALTER FUNCTION",
                                                  "ALTER MODEL",
                                                  "ALTER MATERIALIZED TABLE",
                                                  "ALTER CONNECTION",
                                                  "ALTER DATABASE",
                                                  "ALTER CATALOG",
                                                  "ALTER VIEW",
                                                  "ANALYZE TABLE",
                                                  "CALL",
                                                  "COMPILE",
                                                  "EXECUTE PLAN",
                                                  "EXECUTE IMMEDIATE",
                                                  "ADD JAR",
                                                  "REMOVE JAR",
                                                  "LOAD MODULE",
                                                  "UNLOAD MODULE",
                                                  "USE MODULES",
                                                  "SHOW MODULES",
                                                  "SHOW FULL MODULES",
                                                  "SHOW JARS",
                                                  "SHOW JOBS",
                                                  "SHOW PARTITIONS",
                                                  "SHOW PROCEDURES",
                                                  "SHOW MODELS",
                                                  "SHOW MATERIALIZED TABLES",
                                                  "SHOW CONNECTIONS",
                                                  "SHOW CREATE MODEL",
                                                  "SHOW CREATE MATERIALIZED TABLE",
                                                  "DESCRIBE JOB",
                                                  "DESCRIBE MODEL",
                                                  "DESCRIBE FUNCTION",
                                                  "DESC JOB",
                                                  "DESC MODEL",
                                                  "DESC FUNCTION",
                                                  "STOP JOB",
                                                  "TRUNCATE TABLE",
                                                  "UPDATE",
                                                  "DELETE FROM",
                                                  "MERGE INTO",
                                                  "UPSERT INTO",
                                                  "REPLACE TABLE"};

/// Words between CREATE, ALTER or DROP and the kind of object.
constexpr std::string_view modifiers[] = {"TEMPORARY", "SYSTEM"};

} // namespace

void refuse_unsupported(std::string_view text, const std::vector<token>& raw) {
  std::string head; // the first words, without what only modifies them
  std::size_t words = 0;
  source_range range = raw[0].range;
  for (std::size_t i = 0; i < raw.size() && words < 4 && is_word(raw[i].kind); ++i) {
    auto word = to_upper(text_of(text, raw[i].range));
    bool modifies
      = std::find(std::begin(modifiers), std::end(modifiers), word) != std::end(modifiers);
    if (i > 0 && modifies) continue;
    if (i == 1 && word == "OR" && i + 2 < raw.size()) {
      auto next = to_upper(text_of(text, raw[2].range));
      if (next == "REPLACE" || next == "ALTER") {
        if (head == "CREATE")
          parse_context::not_supported("CREATE OR " + next, {raw[0].range.begin, raw[2].range.end});
      }
    }
    head += (head.empty() ? "" : " ") + word;
    range.end = raw[i].range.end;
    ++words;
    for (auto unsupported : unsupported_heads)
      if (head == unsupported) {
        // SHOW PARTITIONS t, but a name where a name fits: `DESCRIBE job` alone is a table.
        bool more = i + 1 < raw.size() && raw[i + 1].kind != kind::T_END_OF_STATEMENT;
        if (!more && (head.starts_with("DESC"))) continue;
        parse_context::not_supported(head, range);
      }
  }
}

} // namespace sluice::sql::internal
