/// A session for tests of the binder: statements in, plans and errors as text out.
#pragma once

#include "sluice/table/bind/binder.hpp"
#include "sluice/table/sql/parser.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bind_tests {

using namespace sluice::table;
namespace sql = sluice::sql;

/// Reads and writes nothing: only plans are made of it.
struct test_source : table_source {
  sluice::boundedness bounded() const override { return sluice::boundedness::bounded; }
  std::shared_ptr<const sluice::source_base> make(const scan_request&) const override {
    throw std::logic_error("nothing is run here");
  }
};

struct test_sink : table_sink {
  changelog_mode accept(const changelog_mode& offered) const override { return offered; }
  std::shared_ptr<const sluice::sink_base> make() const override {
    throw std::logic_error("nothing is run here");
  }
};

/// `test` can be read and written, `test_source` only read, `test_sink` only written.
class test_factory : public table_factory {
public:
  test_factory(std::string name, bool source, bool sink)
    : name_(std::move(name)), source_(source), sink_(sink) {}

  std::string identifier() const override { return name_; }
  std::string doc() const override { return "For tests."; }
  std::vector<option_definition> source_options(const table_description&) const override {
    return source_ ? options() : std::vector<option_definition>{};
  }
  std::vector<option_definition> sink_options(const table_description&) const override {
    return sink_ ? options() : std::vector<option_definition>{};
  }
  std::shared_ptr<const table_source> make_source(const table_description& table,
                                                  const table_options& options,
                                                  const connector_context& context) const override {
    if (!source_) return table_factory::make_source(table, options, context);
    return std::make_shared<test_source>();
  }
  std::shared_ptr<const table_sink> make_sink(const table_description& table,
                                              const table_options& options,
                                              const connector_context& context) const override {
    if (!sink_) return table_factory::make_sink(table, options, context);
    return std::make_shared<test_sink>();
  }

private:
  static std::vector<option_definition> options() {
    return {{"rows", option_type::integer, false, "10", {}, "How many rows."},
            {"mode", option_type::text, false, {}, {"fast", "slow"}, "How fast."},
            {"delay", option_type::duration, false, {}, {}, "How late."}};
  }

  std::string name_;
  bool source_;
  bool sink_;
};

/// A catalog with connectors; runs DDL and binds the rest.
class test_session {
public:
  test_session() {
    connectors.add(std::make_shared<test_factory>("test", true, true));
    connectors.add(std::make_shared<test_factory>("test_source", true, false));
    connectors.add(std::make_shared<test_factory>("test_sink", false, true));
  }

  bind_context context() const {
    return {catalogs, function_registry::built_in(), connectors, {mode, {}}, nullptr};
  }

  void run(const std::string& script) {
    for (const auto& s : sql::parse_script(script)) run(s);
  }

  void run(const sql::statement& s) {
    if (const auto* create = s.as<sql::create_table>()) {
      catalogs.create(create->name, define_table(*create, context()), create->temporary,
                      create->if_not_exists);
    } else if (const auto* view = s.as<sql::create_view>()) {
      catalogs.create(view->name, define_view(*view, context()), view->temporary,
                      view->if_not_exists);
    } else if (const auto* alter = s.as<sql::alter_table>()) {
      auto path = catalogs.resolve(alter->name);
      const auto& table = std::get<catalog_table>(catalogs.get(alter->name));
      catalogs.replace(path, altered_table(table, *alter, context()));
    } else if (const auto* database = s.as<sql::create_database>()) {
      catalogs.create_database(database->name, {}, {}, database->if_not_exists);
    } else if (const auto* use = s.as<sql::use_database>()) {
      catalogs.use_database(use->name);
    } else if (const auto* drop = s.as<sql::drop_object>()) {
      if (drop->kind == sql::object_kind::database)
        catalogs.drop_database(drop->name, drop->if_exists, drop->cascade);
      else
        catalogs.drop(drop->name, drop->kind, drop->temporary, drop->if_exists);
    } else {
      bind(s);
    }
  }

  relation_ptr bind(const sql::statement& s) const {
    if (const auto* insert = s.as<sql::insert>()) return bind_insert(*insert, context());
    if (const auto* query = s.as<sql::query>()) return bind_query(*query, context());
    throw std::logic_error("neither a query nor an INSERT");
  }
  relation_ptr bind(const std::string& text) const { return bind(sql::parse_statement(text)); }

  std::string plan_of(const std::string& text) const { return to_string(*bind(text)); }

  /// A line for each column: name, type, time attribute.
  std::string columns_of(const std::string& text) const {
    std::string out;
    auto plan = bind(text);
    for (const auto& c : plan->columns)
      out += fmt::format("{}: {}{}\n", c.name, c.type.to_string(),
                         c.time == time_attribute::event_time        ? " *ROWTIME*"
                         : c.time == time_attribute::processing_time ? " *PROCTIME*"
                                                                     : "");
    return out;
  }

  std::string describe_text(const std::string& name) const {
    auto query = sql::parse_query("TABLE " + name);
    const auto& object = catalogs.get(std::get<sql::explicit_table>(query.body.node).name);
    std::string out;
    for (const auto& row : describe(object, context())) {
      out += fmt::format("{} | {} | {} | {} | {} | {}", row.name, row.type,
                         row.nullable ? "TRUE" : "FALSE", row.key, row.extras, row.watermark);
      while (out.ends_with(' ')) out.pop_back();
      out += '\n';
    }
    return out;
  }

  std::string create_text(const std::string& name) const {
    auto query = sql::parse_query("TABLE " + name);
    const auto& parsed = std::get<sql::explicit_table>(query.body.node).name;
    return create_statement(catalogs.resolve(parsed), catalogs.get(parsed));
  }

  /// What running the script is refused with.
  std::string error_of(const std::string& script) {
    try {
      run(script);
    } catch (const sluice::plan_error& e) {
      return e.what();
    }
    return "no error";
  }

  catalog_manager catalogs;
  connector_registry connectors;
  sluice::execution_mode mode = sluice::execution_mode::streaming;
};

} // namespace bind_tests
