/// A stream becomes a table, a query over it a stream again.
#include "sluice/sluice.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <boost/describe/class.hpp>

// [records
struct click {
  std::string page;
  std::int64_t millis = 0;
};
BOOST_DESCRIBE_STRUCT(click, (), (page, millis))

struct page_count {
  std::string page;
  std::int64_t clicks = 0;
};
BOOST_DESCRIBE_STRUCT(page_count, (), (page, clicks))
// records]

int main() {
  // [program
  sluice::stream_environment env;
  env.set_parallelism(1);
  sluice::table::table_environment tables(env);

  auto clicks
    = env.from_collection<click>({{"/", 1'000}, {"/cart", 2'000}, {"/", 3'000}, {"/", 61'000}});
  tables.create_temporary_view("clicks", clicks,
                               sluice::table::stream_schema()
                                 .column_by_expression("ts", "TO_TIMESTAMP_LTZ(millis, 3)")
                                 .watermark("ts", "ts - INTERVAL '1' SECOND"));

  // Final results of windows: a stream of inserts.
  auto per_minute = tables.sql_query(R"(
    SELECT page, COUNT(*) AS clicks
    FROM TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
    GROUP BY window_start, window_end, page)");
  tables.to_data_stream<page_count>(per_minute)
    .filter([](const page_count& c) { return c.clicks > 1; })
    .print("busy");

  // A running count: a stream of changes.
  auto running = tables.sql_query("SELECT page, COUNT(*) AS clicks FROM clicks GROUP BY page");
  tables.to_changelog_stream<page_count>(running).print("change");

  env.execute("tables and streams");
  // program]
}
