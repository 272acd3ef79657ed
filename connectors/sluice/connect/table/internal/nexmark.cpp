#include "sluice/connect/table/internal/factories.hpp"
#include "sluice/connect/table/internal/generated_rows.hpp"
#include "sluice/connect/table/internal/nexmark_generator.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/connect/source_abilities.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

namespace {

/// A column of the table, checked against what the generator makes. Errors: `plan_error`.
nexmark_column column_of(const data_type::field& field, const std::string& table) {
  nexmark_column result;
  if (field.name == "event_type") {
    if (!field.type.is(type_root::integer))
      throw plan_error(fmt::format("table {}: column event_type must be INT", table));
    return result;
  }
  if (field.name == "person")
    result.kind = nexmark_kind::person;
  else if (field.name == "auction")
    result.kind = nexmark_kind::auction;
  else if (field.name == "bid")
    result.kind = nexmark_kind::bid;
  else
    throw plan_error(fmt::format("table {}: the nexmark connector has no column {} (it has "
                                 "event_type, person, auction, bid)",
                                 table, field.name));
  const auto& known = nexmark_fields(result.kind);
  if (!field.type.is(type_root::row))
    throw plan_error(fmt::format("table {}: column {} must be a ROW", table, field.name));
  for (std::size_t i = 0; i < field.type.children().size(); ++i) {
    const auto& name = field.type.field_names()[i];
    const auto& type = field.type.children()[i];
    auto at
      = std::find_if(known.begin(), known.end(), [&](const auto& k) { return k.name == name; });
    bool fits = at != known.end()
                && (at->type.is_character() ? type.is_character() : type.is(at->type.root()));
    if (!fits) {
      std::string list;
      for (const auto& k : known)
        list += (list.empty() ? "" : ", ") + k.name + ' ' + k.type.to_string();
      throw plan_error(fmt::format("table {}: column {}: there is no field {} {} (there are {})",
                                   table, field.name, name, type.to_string(), list));
    }
    std::optional number = static_cast<std::size_t>(at - known.begin());
    if (std::find(result.fields.begin(), result.fields.end(), number) != result.fields.end())
      throw plan_error(
        fmt::format("table {}: column {}: field {} comes twice", table, field.name, name));
    result.fields.push_back(number);
  }
  return result;
}

class nexmark_table final : public table_source, public reads_fields {
public:
  nexmark_table(const table_description& table, const table_options& options)
    : table_(table), parallelism_(parallelism_of(table.name, options, "scan.parallelism")) {
    for (const auto& field : table.columns) columns_.push_back(column_of(field, table.name));
    auto count = at_least(options, "events.num", 0);
    if (count > 0) count_ = count;
    auto rate = static_cast<double>(at_least(options, "first-event.rate", 1));
    if (options.has("next-event.rate")
        && at_least(options, "next-event.rate", 1) != at_least(options, "first-event.rate", 1))
      throw plan_error(
        fmt::format("table {}: options 'first-event.rate' and 'next-event.rate' must "
                    "be equal: the rate does not change",
                    table.name));
    settings_.microseconds_per_event = 1e6 / rate;
    if (options.boolean("rate.limited")) rate_ = rate;
    settings_.person_share = at_least(options, "person.proportion", 1);
    settings_.auction_share = at_least(options, "auction.proportion", 1);
    settings_.bid_share = at_least(options, "bid.proportion", 0);
    settings_.hot_sellers = at_least(options, "auction.hot-ratio.sellers", 1);
    settings_.hot_auctions = at_least(options, "bid.hot-ratio.auctions", 1);
    settings_.hot_bidders = at_least(options, "bid.hot-ratio.bidders", 1);
    settings_.person_bytes = bytes(options, "person.avg-size");
    settings_.auction_bytes = bytes(options, "auction.avg-size");
    settings_.bid_bytes = bytes(options, "bid.avg-size");
    settings_.base_time = options.integer("base-time-millis") * 1000;
    settings_.first_id = at_least(options, "first-event.id", 0);
    settings_.shifted_bidders = options.boolean("bid.shifted-bidders");
  }

  boundedness bounded() const override {
    return count_ ? boundedness::bounded : boundedness::unbounded;
  }
  std::optional<std::uint32_t> parallelism() const override { return parallelism_; }
  std::optional<std::uint64_t> estimated_rows() const override { return count_; }

  std::shared_ptr<const source_base> make(const scan_request& request) const override {
    generated_rows rows;
    rows.name = "nexmark " + table_.name;
    rows.types = types_of(table_, request);
    rows.count = count_;
    rows.rows_per_second = rate_;
    std::vector<nexmark_column> wanted;
    for (auto i : request.columns) wanted.push_back(columns_.at(i));
    rows.make = [settings = settings_, wanted] { return make_nexmark_generator(settings, wanted); };
    return make_generated_rows(std::move(rows));
  }

  std::shared_ptr<const table_source> with_fields(const wanted_fields& fields) const override {
    auto result = std::make_shared<nexmark_table>(*this);
    for (const auto& [column, kept] : fields) {
      auto& all = result->columns_.at(column).fields;
      for (std::size_t i = 0; i < all.size(); ++i)
        if (std::find(kept.begin(), kept.end(), i) == kept.end()) all[i].reset();
    }
    return result;
  }

private:
  std::uint64_t at_least(const table_options& options, const char* key, std::int64_t least) const {
    auto value = options.integer(key);
    if (value < least || value > (std::int64_t{1} << 53))
      throw plan_error(
        fmt::format("table {}: option '{}' must be at least {}", table_.name, key, least));
    return static_cast<std::uint64_t>(value);
  }

  std::int64_t bytes(const table_options& options, const char* key) const {
    auto value = options.bytes(key);
    if (value > 8192)
      throw plan_error(fmt::format("table {}: option '{}' must be at most 8 kb", table_.name, key));
    return static_cast<std::int64_t>(value);
  }

  table_description table_;
  std::optional<std::uint32_t> parallelism_;
  std::vector<nexmark_column> columns_;
  nexmark_settings settings_;
  std::optional<std::uint64_t> count_;
  std::optional<double> rate_;
};

class nexmark_factory final : public table_factory {
public:
  std::string identifier() const override { return "nexmark"; }
  std::string doc() const override {
    return "The events of the Nexmark benchmark: the same in every run.";
  }

  std::vector<option_definition> source_options(const table_description&) const override {
    using enum option_type;
    return {
      {"events.num", integer, false, "0", {}, "How many events there are; 0: without end."},
      {"first-event.rate", integer, false, "10000", {}, "Events per second of event time."},
      {"next-event.rate", integer, false, {}, {}, "The same again, as scripts for Flink have it."},
      {"rate.limited", boolean, false, "false", {}, "Whether events also come at that rate."},
      {"person.proportion", integer, false, "1", {}, "Persons in a cycle of events."},
      {"auction.proportion", integer, false, "3", {}, "Auctions in a cycle of events."},
      {"bid.proportion", integer, false, "46", {}, "Bids in a cycle of events."},
      {"person.avg-size", memory_size, false, "200", {}, "Bytes of a person."},
      {"auction.avg-size", memory_size, false, "500", {}, "Bytes of an auction."},
      {"bid.avg-size", memory_size, false, "100", {}, "Bytes of a bid."},
      {"auction.hot-ratio.sellers",
       integer,
       false,
       "4",
       {},
       "All but one in so many auctions are "
       "of a hot seller."},
      {"bid.hot-ratio.auctions",
       integer,
       false,
       "2",
       {},
       "All but one in so many bids are on a hot "
       "auction."},
      {"bid.hot-ratio.bidders",
       integer,
       false,
       "4",
       {},
       "All but one in so many bids are of a hot "
       "bidder."},
      {"base-time-millis", integer, false, "1436918400000", {}, "Event time of the first event."},
      {"first-event.id", integer, false, "0", {}, "The public generator begins with 2."},
      {"bid.shifted-bidders",
       boolean,
       false,
       "false",
       {},
       "Bidders have 1000 added twice, as the public generator does."},
      scan_parallelism_option()};
  }

  std::shared_ptr<const table_source> make_source(const table_description& table,
                                                  const table_options& options,
                                                  const connector_context&) const override {
    refuse_all_but_columns(table, identifier());
    return std::make_shared<nexmark_table>(table, options);
  }
};

} // namespace

std::shared_ptr<const table_factory> make_nexmark_factory() {
  return std::make_shared<nexmark_factory>();
}

} // namespace sluice::table::internal
