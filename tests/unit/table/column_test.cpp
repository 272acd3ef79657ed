#include "sluice/table/column/column.hpp"

#include "sluice/core/hash.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/key.hpp"
#include "sluice/table/column/row_partitioner.hpp"
#include "sluice/table/column/scalar.hpp"
#include "sluice/table/column/text.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>

namespace {

using namespace sluice;
using namespace sluice::table;

std::shared_ptr<column> bigints(std::initializer_list<std::optional<std::int64_t>> values) {
  auto c = std::make_shared<column>(data_type::bigint());
  for (const auto& v : values) {
    if (v)
      c->append(*v);
    else
      c->append_null();
  }
  return c;
}

std::shared_ptr<column> strings(std::initializer_list<std::optional<std::string>> values) {
  auto c = std::make_shared<column>(data_type::string());
  for (const auto& v : values) {
    if (v)
      c->append_text(*v);
    else
      c->append_null();
  }
  return c;
}

std::string long_text(int n) { return "a text too long to be inline, number " + std::to_string(n); }

scalar random_scalar(std::mt19937_64& random, const data_type& type) {
  if (random() % 5 == 0) return scalar(type);
  switch (type.physical()) {
  case physical_type::boolean:
    return scalar::of(type, static_cast<std::int64_t>(random() % 2));
  case physical_type::int8:
  case physical_type::int16:
  case physical_type::int32:
  case physical_type::int64:
    return scalar::of(type, static_cast<std::int64_t>(random() % 100));
  case physical_type::float32:
  case physical_type::float64:
    return scalar::of(type, static_cast<double>(random() % 100) / 4);
  case physical_type::decimal128:
    return scalar::of(type, static_cast<int128>(random() % 1000));
  case physical_type::string:
    return scalar::of(type,
                      random() % 2 == 0 ? "short" : long_text(static_cast<int>(random() % 9)));
  default: {
    scalar::list list;
    auto count
      = type.is(type_root::row) ? type.children().size() : (random() % 4) * type.children().size();
    for (std::size_t i = 0; i < count; ++i)
      list.push_back(random_scalar(random, type.children()[i % type.children().size()]));
    return scalar::of(type, std::move(list));
  }
  }
}

const char* const all_types[] = {"BOOLEAN",
                                 "TINYINT",
                                 "SMALLINT",
                                 "INT",
                                 "BIGINT",
                                 "FLOAT",
                                 "DOUBLE",
                                 "DECIMAL(9,2)",
                                 "STRING",
                                 "BYTES",
                                 "DATE",
                                 "TIMESTAMP(3)",
                                 "ARRAY<STRING>",
                                 "ARRAY<INT>",
                                 "MAP<STRING, ARRAY<BIGINT>>",
                                 "ROW<a INT, b STRING, c ARRAY<INT>>"};

struct keyed_target final : partition_target {
  std::vector<std::unique_ptr<columnar_batch>> full;
  std::unique_ptr<columnar_batch> current = std::make_unique<columnar_batch>();
  keyed_target(std::size_t rows, std::size_t bytes) {
    pending = current.get();
    max_records = rows;
    max_bytes = bytes;
  }
  void flush_full() override {
    full.push_back(std::move(current));
    current = std::make_unique<columnar_batch>();
    pending = current.get();
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(table_column)

BOOST_AUTO_TEST_CASE(string_refs_compare_inside_and_outside) {
  std::string a = "exactly 12 b";
  std::string b = "exactly 12 c";
  std::string c = "more than twelve bytes";
  std::string d = c;
  BOOST_TEST((string_ref(a) == string_ref(a)));
  BOOST_TEST(!(string_ref(a) == string_ref(b)));
  BOOST_TEST((string_ref(c) == string_ref(d)));
  BOOST_TEST(compare(string_ref(a), string_ref(b)) < 0);
  BOOST_TEST(compare(string_ref(c), string_ref(a)) > 0);
  BOOST_TEST(compare(string_ref(std::string_view("")), string_ref(a)) < 0);
  BOOST_TEST(string_ref(c).view() == c);
}

BOOST_AUTO_TEST_CASE(every_type_survives_copying_gathering_and_encoding) {
  std::mt19937_64 random(11);
  for (auto* name : all_types) {
    BOOST_TEST_CONTEXT(name) {
      auto type = data_type::parse(name);
      column c(type);
      std::vector<scalar> expected;
      for (int i = 0; i < 150; ++i) {
        expected.push_back(random_scalar(random, type));
        expected.back().append_to(c);
      }
      auto check = [&](const column& other, const std::vector<std::uint32_t>& rows) {
        BOOST_TEST_REQUIRE(other.size() == rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i)
          BOOST_TEST_REQUIRE((scalar::from(other, i) == expected[rows[i]]));
      };
      std::vector<std::uint32_t> all(150);
      for (std::uint32_t i = 0; i < 150; ++i) all[i] = i;
      check(c, all);
      std::vector<std::uint32_t> some{3, 3, 149, 0, 77};
      check(*gather(c, some.data(), some.size()), some);
      column copy(type);
      copy.append_rows(c, selection(some));
      copy.append_range(c, 10, 20);
      auto both = some;
      for (std::uint32_t i = 10; i < 20; ++i) both.push_back(i);
      check(copy, both);

      byte_writer out;
      c.encode(out);
      byte_reader in(out.view());
      column back(type);
      back.decode(in);
      BOOST_TEST(in.at_end());
      check(back, all);
      // What ends early is refused, whatever it is.
      for (std::size_t cut = 0; cut < out.size(); cut += 7) {
        byte_reader torn(out.view().substr(0, cut));
        BOOST_CHECK_THROW(column(type).decode(torn), format_error);
      }

      auto one = column::constant(*gather(c, some.data(), 1), 4);
      check(*one, {3, 3, 3, 3});
      check(*flattened(one), {3, 3, 3, 3});
      auto values = std::make_shared<column>(type);
      values->append_range(c, 0, 150);
      if (type.physical() != physical_type::row) {
        auto mapped = column::dictionary(values, some.data(), some.size());
        check(*mapped, some);
        check(*flattened(mapped), some);
        for (std::size_t i = 0; i < some.size(); ++i)
          BOOST_TEST(rows_equal(*mapped, i, c, some[i]));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(long_strings_outlive_the_column_they_came_from) {
  column_ptr kept;
  {
    auto source = strings({long_text(1), std::nullopt, long_text(2)});
    std::uint32_t rows[] = {2, 1};
    kept = gather(*source, rows, 2);
  }
  BOOST_TEST(kept->text(0) == long_text(2));
  BOOST_TEST(kept->is_null(1));
}

BOOST_AUTO_TEST_CASE(a_column_that_is_reused_leaves_strings_of_others_alone) {
  auto source = strings({long_text(1)});
  std::uint32_t row = 0;
  auto kept = gather(*source, &row, 1);
  source->clear();
  source->append_text(long_text(2));
  BOOST_TEST(kept->text(0) == long_text(1));
}

BOOST_AUTO_TEST_CASE(hashes_are_those_of_streams) {
  auto numbers = bigints({5, std::nullopt, 5});
  auto texts = strings({"key", long_text(3), std::nullopt});
  std::uint64_t hashes[3];
  const column* keys[] = {numbers.get(), texts.get()};
  hash_rows({keys, 1}, 3, hashes);
  BOOST_TEST(hashes[0] == stable_hash(std::int64_t{5}));
  BOOST_TEST(hashes[0] == hashes[2]);
  BOOST_TEST(hashes[0] != hashes[1]);
  hash_rows({keys + 1, 1}, 3, hashes);
  BOOST_TEST(hashes[0] == stable_hash(std::string("key")));
  BOOST_TEST(hashes[1] == stable_hash(long_text(3)));
  hash_rows(keys, 3, hashes);
  BOOST_TEST(hashes[0] == stable_hash(std::tuple<std::int64_t, std::string>(5, "key")));
}

BOOST_AUTO_TEST_CASE(equal_rows_have_equal_hashes) {
  std::mt19937_64 random(5);
  for (auto* name : all_types) {
    column c(data_type::parse(name));
    for (int i = 0; i < 60; ++i) random_scalar(random, c.type()).append_to(c);
    std::vector<std::uint64_t> hashes(c.size());
    const column* key = &c;
    hash_rows({&key, 1}, c.size(), hashes.data());
    for (std::size_t i = 0; i < c.size(); ++i) {
      for (std::size_t j = 0; j < c.size(); ++j) {
        if (rows_equal(c, i, c, j)) BOOST_TEST_REQUIRE(hashes[i] == hashes[j], name);
        auto order = compare_rows(c, i, c, j);
        BOOST_TEST_REQUIRE((order > 0) == (compare_rows(c, j, c, i) < 0), name);
        if (!c.type().is(type_root::map))
          BOOST_TEST_REQUIRE((order == 0) == rows_equal(c, i, c, j), name);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(rows_print_as_flink_prints_them) {
  column flags(data_type::boolean());
  flags.append(std::uint8_t{1});
  column amount(data_type::decimal(10, 2));
  amount.append(int128{-1250});
  column when(data_type::timestamp(3));
  when.append(std::int64_t{1'577'880'000'000'000});
  column instant(data_type::timestamp_ltz(3));
  instant.append(std::int64_t{1'577'880'000'000'000});
  column span(data_type::interval_day_time());
  span.append(std::int64_t{90'061'500});
  column bytes(data_type::bytes());
  bytes.append_text("\x01\xff");
  column nested(data_type::parse("ROW<a INT, b ARRAY<STRING>>"));
  scalar::of(nested.type(),
             scalar::list{scalar::of(7), scalar::of(data_type::array(data_type::string()),
                                                    scalar::list{scalar::of("x"), scalar()})})
    .append_to(nested);
  auto row = [](const column& c) {
    std::string out;
    append_row_text(out, c, 0);
    return out;
  };
  auto cast = [](const column& c) {
    std::string out;
    append_cast_text(out, c, 0, time_zone());
    return out;
  };
  BOOST_TEST(row(flags) == "true");
  BOOST_TEST(cast(flags) == "TRUE");
  BOOST_TEST(row(amount) == "-12.50");
  BOOST_TEST(row(when) == "2020-01-01T12:00");
  BOOST_TEST(cast(when) == "2020-01-01 12:00:00.000");
  BOOST_TEST(row(instant) == "2020-01-01T12:00:00Z");
  BOOST_TEST(row(span) == "PT25H1M1.5S");
  BOOST_TEST(cast(span) == "+1 01:01:01.500");
  BOOST_TEST(row(bytes) == "[1, -1]");
  BOOST_TEST(row(nested) == "+I[7, [x, null]]");
  BOOST_TEST(cast(nested) == "(7, [x, NULL])");
}

BOOST_AUTO_TEST_CASE(a_batch_prints_and_travels_with_its_kinds_and_times) {
  columnar_batch b({strings({"a", std::nullopt, long_text(1)}), bigints({1, 2, std::nullopt})}, 3);
  b.make_kinds()[1] = row_kind::update_before;
  b.make_kinds()[2] = row_kind::delete_;
  for (int i = 0; i < 3; ++i) b.make_timestamps()[i] = i * 10;
  BOOST_TEST(b.row_text(0) == "+I[a, 1]");
  BOOST_TEST(b.row_text(1) == "-U[null, 2]");

  byte_writer out;
  b.encode(out);
  auto back = columnar_rows().make_batch();
  byte_reader in(out.view());
  back->decode(in);
  BOOST_TEST(in.at_end());
  BOOST_TEST(back->size() == 3u);
  BOOST_TEST(as_columnar(*back).row_text(2) == "-D[" + long_text(1) + ", null]");
  BOOST_TEST(back->time_of(2) == 20);

  for (std::size_t cut = 0; cut < out.size(); ++cut) {
    columnar_batch torn;
    byte_reader part(out.view().substr(0, cut));
    BOOST_CHECK_THROW(torn.decode(part), format_error);
  }
}

BOOST_AUTO_TEST_CASE(a_batch_takes_rows_of_others_and_is_used_again) {
  columnar_batch source({strings({"a", long_text(2), "c"}), bigints({1, 2, 3})}, 3);
  columnar_batch target;
  target.append_copy(source, 1, 3);
  target.append_move(source, 0, 1);
  BOOST_TEST(target.size() == 3u);
  BOOST_TEST(target.row_text(0) == "+I[" + long_text(2) + ", 2]");
  BOOST_TEST(target.bytes() >= 3u * 24);
  source.at(0); // still whole
  BOOST_TEST(source.row_text(1) == "+I[" + long_text(2) + ", 2]");
  target.clear();
  target.append_copy(source, 2, 3);
  BOOST_TEST(target.size() == 1u);
  BOOST_TEST(target.row_text(0) == "+I[c, 3]");

  std::vector<std::uint32_t> keep{0, 2};
  source.keep_rows(selection(keep));
  BOOST_TEST(source.size() == 2u);
  BOOST_TEST(source.row_text(1) == "+I[c, 3]");
  auto other = source.make_empty();
  other->swap_contents(source);
  BOOST_TEST(source.size() == 0u);
  BOOST_TEST(as_columnar(*other).row_text(0) == "+I[a, 1]");
}

BOOST_AUTO_TEST_CASE(columns_that_others_hold_are_copied_before_they_are_written) {
  auto shared = bigints({1, 2});
  columnar_batch a({shared}, 2);
  columnar_batch b({shared}, 2);
  columnar_batch more({bigints({9})}, 1);
  a.append_copy(more, 0, 1);
  BOOST_TEST(a.size() == 3u);
  BOOST_TEST(b.at(0).size() == 2u);
  BOOST_TEST(shared->size() == 2u);
}

BOOST_AUTO_TEST_CASE(keys_go_to_the_owner_of_their_group_in_order) {
  constexpr std::uint32_t targets = 3;
  constexpr std::uint32_t groups = 128;
  auto partitioner = partition_by_key({0}, targets, groups, true);
  std::vector<std::unique_ptr<keyed_target>> ends;
  std::vector<partition_target*> pointers;
  for (std::uint32_t t = 0; t < targets; ++t) {
    ends.push_back(std::make_unique<keyed_target>(100, 1 << 20));
    pointers.push_back(ends.back().get());
  }
  std::mt19937_64 random(2);
  for (int batch_number = 0; batch_number < 5; ++batch_number) {
    auto keys = std::make_shared<column>(data_type::string());
    auto order = std::make_shared<column>(data_type::bigint());
    for (int i = 0; i < 500; ++i) {
      keys->append_text("key " + std::to_string(random() % 40));
      order->append(std::int64_t{batch_number * 500 + i});
    }
    columnar_batch in({keys, order}, 500);
    partitioner->partition(in, pointers);
  }
  std::size_t total = 0;
  for (std::uint32_t t = 0; t < targets; ++t) {
    ends[t]->flush_full();
    std::map<std::string, std::int64_t> last;
    for (const auto& b : ends[t]->full) {
      BOOST_TEST(b->size() <= 100u);
      for (std::size_t i = 0; i < b->size(); ++i) {
        std::string key(b->at(0).text(i));
        auto hash = stable_hash(key);
        BOOST_TEST_REQUIRE(b->hashes()[i] == hash);
        BOOST_TEST_REQUIRE(subtask_of(key_group_of(hash, groups), groups, targets) == t);
        auto at = b->at(1).value<std::int64_t>(i);
        if (last.contains(key)) BOOST_TEST_REQUIRE(last[key] < at);
        last[key] = at;
        ++total;
      }
    }
  }
  BOOST_TEST(total == 2500u);
}

BOOST_AUTO_TEST_SUITE_END()
