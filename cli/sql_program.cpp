#include "sql_program.hpp"

#include "sluice/table/session/planned_job.hpp"
#include "sluice/table/sql/parser.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace sluice::cli {

namespace json = boost::json;

namespace {

constexpr std::uint64_t text_version = 1;
constexpr auto zone_key = "table.local-time-zone";

/// RESET must not make it the machine's, which is another one in another process.
void keep_zone(table::session_config& config, const std::string& zone) {
  auto& given = config.values();
  auto at = given.find(zone_key);
  if (at == given.end() || at->second == "default") config.set(zone_key, zone);
}

std::string text_of(const json::value& v) { return std::string(v.as_string()); }

} // namespace

std::string to_text(const sql_program& p) {
  json::object settings;
  for (auto& [key, value] : p.settings) settings[key] = value;
  json::array statements;
  for (auto& s : p.statements) statements.emplace_back(s);
  return json::serialize(json::object{{"version", text_version},
                                      {"settings", std::move(settings)},
                                      {"zone", p.zone},
                                      {"statements", std::move(statements)},
                                      {"job", p.job},
                                      {"submitted", p.submitted}});
}

sql_program read_program(std::string_view text) {
  sql_program p;
  try {
    auto all = json::parse(text);
    if (auto version = all.at("version").to_number<std::uint64_t>(); version != text_version)
      throw plan_error(fmt::format("SQL program: version {} is not supported", version));
    for (auto& [key, value] : all.at("settings").as_object())
      p.settings.emplace(key, text_of(value));
    p.zone = text_of(all.at("zone"));
    for (auto& s : all.at("statements").as_array()) p.statements.push_back(text_of(s));
    p.job = text_of(all.at("job"));
    p.submitted = all.at("submitted").to_number<std::int64_t>();
  } catch (const plan_error&) {
    throw;
  } catch (const std::exception& e) {
    throw plan_error(fmt::format("this is no SQL program: {}", e.what()));
  }
  return p;
}

job_graph graph_of(const std::string& text) {
  auto p = read_program(text);
  table::table_environment tables;
  for (auto& [key, value] : p.settings) tables.config().set(key, value);
  for (auto& s : p.statements) {
    keep_zone(tables.config(), p.zone);
    // Of CREATE TABLE AS, whose job has run by itself, there is the table.
    table::plan_statement(tables, sql::parse_statement(s), p.submitted);
  }
  keep_zone(tables.config(), p.zone);
  auto job = table::plan_statement(tables, sql::parse_statement(p.job), p.submitted);
  if (!job) throw plan_error("the statement makes no job");
  return std::move(*job);
}

} // namespace sluice::cli
