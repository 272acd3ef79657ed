#include "sluice/table/types/datetime.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/table/types/time_zone.hpp"

#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>

namespace {

using namespace sluice::table;

std::int64_t at(const char* text) {
  std::int64_t micros = 0;
  BOOST_TEST_REQUIRE(parse_timestamp(text, micros), text);
  return micros;
}

std::string text_of(std::int64_t micros, int precision = 0) {
  std::string out;
  append_timestamp(out, micros, precision);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(table_datetime)

BOOST_AUTO_TEST_CASE(days_agree_with_the_standard_library) {
  for (std::int32_t day = -1'000'000; day < 1'000'000; day += 37) {
    std::chrono::year_month_day expected{std::chrono::sys_days{std::chrono::days{day}}};
    auto d = date_of(day);
    BOOST_TEST_REQUIRE(d.year == static_cast<int>(expected.year()));
    BOOST_TEST_REQUIRE(d.month == static_cast<int>(static_cast<unsigned>(expected.month())));
    BOOST_TEST_REQUIRE(d.day == static_cast<int>(static_cast<unsigned>(expected.day())));
    BOOST_TEST_REQUIRE(days_of(d) == day);
  }
}

BOOST_AUTO_TEST_CASE(timestamps_are_read_and_printed) {
  BOOST_TEST(text_of(at("2020-02-29 12:30:15.123456"), 6) == "2020-02-29 12:30:15.123456");
  BOOST_TEST(text_of(at("2020-2-9T1:2:3"), 3) == "2020-02-09 01:02:03.000");
  BOOST_TEST(text_of(at("2020-02"), 0) == "2020-02-01 00:00:00");
  BOOST_TEST(text_of(at("1969-12-31 23:59:59.5"), 0) == "1969-12-31 23:59:59.5");
  std::int64_t ignored = 0;
  for (auto* text : {"", "2020-13-01", "2021-02-29", "2020-01-01 24:00:00", "2020-01-01 1:60",
                     "2020-01-01x", "2020-01-01 12:00:00 Z", "abc"})
    BOOST_TEST(!parse_timestamp(text, ignored), text);
}

BOOST_AUTO_TEST_CASE(java_prints_only_the_parts_that_are_there) {
  auto java = [](const char* text) {
    std::string out;
    append_java_timestamp(out, at(text));
    return out;
  };
  BOOST_TEST(java("2020-01-01 12:00:00") == "2020-01-01T12:00");
  BOOST_TEST(java("2020-01-01 12:00:01") == "2020-01-01T12:00:01");
  BOOST_TEST(java("2020-01-01 12:00:00.120") == "2020-01-01T12:00:00.120");
  BOOST_TEST(java("2020-01-01 12:00:00.000001") == "2020-01-01T12:00:00.000001");
}

BOOST_AUTO_TEST_CASE(parts_are_those_of_flink) {
  auto t = at("2016-01-03 13:14:15.678901"); // a Sunday, in the last week of 2015
  BOOST_TEST(extract(time_unit::year, t) == 2016);
  BOOST_TEST(extract(time_unit::isoyear, t) == 2015);
  BOOST_TEST(extract(time_unit::week, t) == 53);
  BOOST_TEST(extract(time_unit::dow, t) == 1);
  BOOST_TEST(extract(time_unit::isodow, t) == 7);
  BOOST_TEST(extract(time_unit::doy, t) == 3);
  BOOST_TEST(extract(time_unit::century, t) == 21);
  BOOST_TEST(extract(time_unit::decade, t) == 201);
  BOOST_TEST(extract(time_unit::millennium, t) == 3);
  BOOST_TEST(extract(time_unit::hour, t) == 13);
  BOOST_TEST(extract(time_unit::second, t) == 15);
  BOOST_TEST(extract(time_unit::millisecond, t) == 678);
  BOOST_TEST(extract(time_unit::microsecond, t) == 678901);
  BOOST_TEST(extract(time_unit::epoch, at("1970-01-02 00:00:01")) == 86401);
}

BOOST_AUTO_TEST_CASE(times_are_rounded_to_units) {
  auto t = at("2018-08-15 13:14:15.5");
  auto down = [&](time_unit u) { return text_of(floor_to(u, t)); };
  auto up = [&](time_unit u) { return text_of(ceil_to(u, t)); };
  BOOST_TEST(down(time_unit::year) == "2018-01-01 00:00:00");
  BOOST_TEST(up(time_unit::year) == "2019-01-01 00:00:00");
  BOOST_TEST(down(time_unit::quarter) == "2018-07-01 00:00:00");
  BOOST_TEST(up(time_unit::quarter) == "2018-10-01 00:00:00");
  BOOST_TEST(down(time_unit::week) == "2018-08-12 00:00:00"); // a Sunday
  BOOST_TEST(up(time_unit::week) == "2018-08-19 00:00:00");
  BOOST_TEST(down(time_unit::hour) == "2018-08-15 13:00:00");
  BOOST_TEST(up(time_unit::second) == "2018-08-15 13:14:16");
  BOOST_TEST(down(time_unit::century) == "2001-01-01 00:00:00");
  BOOST_TEST(ceil_to(time_unit::day, at("2018-08-15")) == at("2018-08-15"));
  BOOST_TEST(text_of(floor_to(time_unit::day, at("1969-12-31 10:00:00"))) == "1969-12-31 00:00:00");
}

BOOST_AUTO_TEST_CASE(months_end_where_they_end) {
  BOOST_TEST(text_of(add_months(at("2020-01-31 05:00:00"), 1)) == "2020-02-29 05:00:00");
  BOOST_TEST(text_of(add_months(at("2020-03-31"), -13)) == "2019-02-28 00:00:00");
  BOOST_TEST(units_between(time_unit::month, at("2020-01-31"), at("2020-02-29")) == 1);
  BOOST_TEST(units_between(time_unit::month, at("2020-01-15"), at("2020-02-14 23:00:00")) == 0);
  BOOST_TEST(units_between(time_unit::month, at("2020-02-14"), at("2020-01-15")) == 0);
  BOOST_TEST(units_between(time_unit::year, at("2000-01-01"), at("2003-12-31")) == 3);
  BOOST_TEST(units_between(time_unit::day, at("2020-01-02"), at("2020-01-01 01:00:00")) == 0);
}

BOOST_AUTO_TEST_CASE(formats_write_and_read) {
  auto t = at("2020-07-04 15:06:07.089");
  auto written = [&](const char* pattern) {
    std::string out;
    time_format::compile(pattern).append(out, t);
    return out;
  };
  BOOST_TEST(written("yyyy-MM-dd HH:mm:ss.SSS") == "2020-07-04 15:06:07.089");
  BOOST_TEST(written("yy/M/d h:mm a") == "20/7/4 3:06 PM");
  BOOST_TEST(written("EEE, EEEE MMM MMMM") == "Sat, Saturday Jul July");
  BOOST_TEST(written("'at' HH 'o''clock' D") == "at 15 o'clock 186");
  BOOST_TEST(written("yyyyMMddHHmmss") == "20200704150607");
  std::int64_t back = 0;
  BOOST_TEST(time_format::compile("yyyyMMddHHmmss").parse("20200704150607", back));
  BOOST_TEST(text_of(back) == "2020-07-04 15:06:07");
  BOOST_TEST(time_format::compile("dd MMM yyyy hh:mm a").parse("04 Jul 2020 03:06 PM", back));
  BOOST_TEST(text_of(back) == "2020-07-04 15:06:00");
  BOOST_TEST(!time_format::compile("yyyy-MM-dd").parse("2020-02-30", back));
  BOOST_TEST(!time_format::compile("yyyy-MM-dd").parse("2020/02/03", back));
  BOOST_CHECK_THROW(time_format::compile("yyyy-bb"), sluice::plan_error);
  BOOST_CHECK_THROW(time_format::compile("yyyy 'open"), sluice::plan_error);
}

BOOST_AUTO_TEST_CASE(zones_know_their_clock_changes) {
  auto berlin = *time_zone::find("Europe/Berlin");
  BOOST_TEST(text_of(berlin.to_local(at("2020-01-01 12:00:00"))) == "2020-01-01 13:00:00");
  BOOST_TEST(text_of(berlin.to_local(at("2020-07-01 12:00:00"))) == "2020-07-01 14:00:00");
  BOOST_TEST(text_of(berlin.to_local(at("2020-03-29 00:59:59"))) == "2020-03-29 01:59:59");
  BOOST_TEST(text_of(berlin.to_local(at("2020-03-29 01:00:00"))) == "2020-03-29 03:00:00");
  BOOST_TEST(text_of(berlin.to_local(at("2020-10-25 00:59:59"))) == "2020-10-25 02:59:59");
  BOOST_TEST(text_of(berlin.to_local(at("2020-10-25 01:00:00"))) == "2020-10-25 02:00:00");
  // Skipped: moved on by the gap. Twice: the first.
  BOOST_TEST(text_of(berlin.to_utc(at("2020-03-29 02:30:00"))) == "2020-03-29 01:30:00");
  BOOST_TEST(text_of(berlin.to_utc(at("2020-10-25 02:30:00"))) == "2020-10-25 00:30:00");
  // What was looked up at the very change holds from there, not from the change before.
  BOOST_TEST(text_of(berlin.to_local(at("2020-10-25 01:00:00"))) == "2020-10-25 02:00:00");
  BOOST_TEST(text_of(berlin.to_local(at("2020-07-01 12:00:00"))) == "2020-07-01 14:00:00");
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    auto t = static_cast<std::int64_t>(random() % 4'000'000'000ull) * micros_per_second;
    auto fresh = *time_zone::find("Europe/Berlin");
    BOOST_TEST_REQUIRE(berlin.to_local(t) == fresh.to_local(t));
    auto local = berlin.to_local(t);
    BOOST_TEST_REQUIRE(berlin.to_utc(local) == fresh.to_utc(local));
  }
}

BOOST_AUTO_TEST_CASE(the_local_zone_has_a_name_that_other_machines_know) {
  sluice::testing::temporary_directory folder;
  auto link = std::filesystem::path(folder.path()) / "localtime";
  std::filesystem::create_symlink("/usr/share/zoneinfo/Asia/Shanghai", link);
  const char* before = std::getenv("TZ");
  std::string saved = before ? before : "";
  ::setenv("TZ", (":" + link.string()).c_str(), 1);
  auto zone = time_zone::local();
  before ? ::setenv("TZ", saved.c_str(), 1) : ::unsetenv("TZ");
  BOOST_TEST(zone.name() == "Asia/Shanghai");
  BOOST_TEST(zone.to_local(0) == 8 * 3600 * micros_per_second);
}

BOOST_AUTO_TEST_CASE(offsets_are_zones_too) {
  BOOST_TEST(time_zone::find("+08:00")->to_local(0) == 8 * 3600 * micros_per_second);
  BOOST_TEST(time_zone::find("GMT-03:30")->to_local(0) == -12600 * micros_per_second);
  BOOST_TEST(time_zone::find("UTC+5")->to_utc(0) == -5 * 3600 * micros_per_second);
  BOOST_TEST(time_zone::find("UTC")->is_utc());
  BOOST_TEST(!time_zone::find("Mars/Olympus"));
  BOOST_TEST(!time_zone::find("+99:00"));
  BOOST_TEST(!time_zone::find(""));
}

BOOST_AUTO_TEST_SUITE_END()
