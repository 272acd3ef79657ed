#include "shell.hpp"

#include "sluice/table/sql/parser.hpp"
#include "sluice/table/sql/script_splitter.hpp"
#include "sluice/version.hpp"

#include <editline/readline.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace sluice::cli {

namespace {

constexpr auto prompt = "sluice> ";
constexpr auto continued = "     -> ";

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

/// What completion offers. The library's callbacks take no context.
std::vector<std::string>& words() {
  static std::vector<std::string> all;
  return all;
}

void collect_words(table::table_environment& tables) {
  auto& all = words();
  all.clear();
  for (auto k : sql::keywords()) all.emplace_back(k);
  for (const auto* f : tables.functions().scalar_functions()) all.push_back(f->name);
  for (const auto* f : tables.functions().aggregate_functions()) all.push_back(f->name);
  const auto& catalogs = tables.catalogs();
  for (auto& name : catalogs.tables(catalogs.current_catalog(), catalogs.current_database()))
    all.push_back(name);
  for (const auto& o : table::session_config::definitions()) all.push_back(o.key);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

/// The next word that begins with `text`; keywords in the case in which they are typed.
char* next_match(const char* text, int state) {
  static std::size_t at = 0;
  if (state == 0) at = 0;
  auto typed = std::string_view(text);
  auto wanted = upper(typed);
  auto lower = !typed.empty() && std::islower(static_cast<unsigned char>(typed[0])) != 0;
  while (at < words().size()) {
    auto word = words()[at++];
    if (upper(word).compare(0, wanted.size(), wanted) != 0) continue;
    if (lower && word == upper(word))
      std::transform(word.begin(), word.end(), word.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return strdup(word.c_str());
  }
  return nullptr;
}

char** complete(const char* text, int, int) {
  rl_attempted_completion_over = 1; // never file names
  return rl_completion_matches(text, next_match);
}

std::string history_file() {
  const auto* home = std::getenv("HOME");
  return home == nullptr ? std::string() : std::string(home) + "/.sluice_history";
}

bool is_blank(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isspace(c) != 0; });
}

/// QUIT, EXIT, HELP and CLEAR are the shell's own; with or without a semicolon.
std::string command_of(std::string line) {
  while (!line.empty()
         && (std::isspace(static_cast<unsigned char>(line.back())) != 0 || line.back() == ';'))
    line.pop_back();
  auto begin = line.find_first_not_of(" \t");
  return begin == std::string::npos ? std::string() : upper(line.substr(begin));
}

void print_help() {
  fmt::print(
    "Statements end with a semicolon and may go over several lines.\n"
    "  HELP, QUIT or EXIT, CLEAR        of the shell\n"
    "  SHOW TABLES, DESCRIBE t, EXPLAIN SELECT ...\n"
    "  SET 'execution.runtime-mode' = 'batch'; SET; RESET\n"
    "  SET 'sql-client.execution.result-mode' = 'table';    live view of changing results\n"
    "Tab completes, the arrow keys bring back former lines, Ctrl-C cancels what runs.\n");
}

} // namespace

void run_shell(sql_runner& runner) {
  rl_readline_name = const_cast<char*>("sluice");
  rl_attempted_completion_function = complete;
  using_history();
  auto history = history_file();
  if (!history.empty()) read_history(history.c_str());
  fmt::print("sluice {}: type HELP for help, QUIT to leave\n", SLUICE_VERSION);

  sql::script_splitter splitter;
  std::string text; // all that was typed since the last complete statement
  std::string entry;
  for (;;) {
    collect_words(runner.tables());
    char* line = readline(splitter.in_statement() ? continued : prompt);
    if (line == nullptr) break;
    std::string typed = line;
    std::free(line);
    if (!splitter.in_statement()) {
      auto command = command_of(typed);
      if (command == "QUIT" || command == "EXIT") break;
      if (command == "HELP" || command == "CLEAR") {
        if (command == "HELP")
          print_help();
        else
          fmt::print("\033[H\033[2J");
        continue;
      }
      if (is_blank(typed)) continue;
      splitter = {};
      text.clear();
      entry.clear();
    }
    text += typed + "\n";
    entry += (entry.empty() ? "" : " ") + typed;
    splitter.append(typed + "\n");
    auto complete_now = false;
    while (auto piece = splitter.next()) {
      complete_now = true;
      auto padded = std::string(piece->begin.line - 1, '\n')
                    + std::string(piece->begin.column - 1, ' ') + piece->text;
      runner.run_statement(padded, {}, text);
      std::fflush(stdout);
    }
    if (complete_now && !splitter.in_statement()) {
      add_history(entry.c_str());
      if (!history.empty()) write_history(history.c_str());
    }
  }
  fmt::print("\n");
}

} // namespace sluice::cli
