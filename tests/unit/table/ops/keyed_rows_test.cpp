#include "sluice/table/ops/keyed_rows.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/table/column/scalar.hpp"
#include "support/memory_snapshot.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::table;
using sluice::testing::memory_snapshot;

/// A number and a text, so that values own memory.
struct note {
  std::int64_t number = 0;
  std::string text;
};

class note_value final : public row_value {
public:
  std::size_t size() const noexcept override { return (sizeof(note) + 15) / 16 * 16; }
  bool trivial() const noexcept override { return false; }
  void create(std::byte* value) const override { ::new (value) note; }
  void destroy(std::byte* value) const noexcept override {
    std::destroy_at(reinterpret_cast<note*>(value));
  }
  void encode(const std::byte* value, byte_writer& out) const override {
    const auto& n = *reinterpret_cast<const note*>(value);
    out.raw(n.number);
    out.text(n.text);
  }
  void decode(byte_reader& in, std::byte* value) const override {
    auto number = in.raw<std::int64_t>();
    ::new (value) note{number, std::string(in.text())};
  }
  std::string schema() const override { return "note"; }
  std::size_t owned_bytes(const std::byte* value) const noexcept override {
    return reinterpret_cast<const note*>(value)->text.size();
  }
};

note& note_at(std::byte* value) { return *reinterpret_cast<note*>(value); }

/// A table whose keys are rows of `types`, driven by batches of scalars.
class driven_rows {
public:
  using key = std::vector<scalar>;

  explicit driven_rows(const std::vector<const char*>& types,
                       key_group_range groups = {0, default_max_parallelism}) {
    for (const auto* t : types) types_.push_back(data_type::parse(t));
    rows.emplace(types_, std::make_shared<note_value>(), groups, default_max_parallelism);
  }

  std::vector<std::byte*> find_or_insert(const std::vector<key>& keys,
                                         std::vector<std::uint8_t>* fresh = nullptr) {
    auto b = batch_of(keys);
    std::vector<std::byte*> values(keys.size());
    std::vector<std::uint8_t> made(keys.size(), 7);
    rows->find_or_insert(columns_of(*b), rows->hashes(*b, numbers()), selection(keys.size()),
                         values.data(), made.data());
    if (fresh) *fresh = made;
    return values;
  }

  std::vector<std::byte*> find(const std::vector<key>& keys) {
    auto b = batch_of(keys);
    std::vector<std::byte*> values(keys.size());
    rows->find(columns_of(*b), rows->hashes(*b, numbers()), selection(keys.size()), values.data());
    return values;
  }

  /// All of it, by the text of the key.
  std::map<std::string, std::string> content() {
    std::map<std::string, std::string> result;
    std::vector<std::byte*> values;
    rows->for_each([&](std::byte* v) { values.push_back(v); });
    columnar_batch b(types_);
    std::vector<column*> out;
    for (std::size_t c = 0; c < types_.size(); ++c) out.push_back(&b.writable(c));
    rows->append_keys(values.data(), values.size(), out);
    b.set_rows(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      result[b.row_text(i)] = std::to_string(note_at(values[i]).number) + note_at(values[i]).text;
    BOOST_TEST(result.size() == rows->size());
    return result;
  }

  std::string text_of(const key& k) { return batch_of({k})->row_text(0); }

  std::optional<keyed_rows> rows;

private:
  std::unique_ptr<columnar_batch> batch_of(const std::vector<key>& keys) {
    auto b = std::make_unique<columnar_batch>(types_);
    for (const auto& k : keys)
      for (std::size_t c = 0; c < k.size(); ++c) k[c].append_to(b->writable(c));
    b->set_rows(keys.size());
    return b;
  }
  std::vector<const column*> columns_of(const columnar_batch& b) {
    std::vector<const column*> result;
    for (std::size_t c = 0; c < types_.size(); ++c) result.push_back(&b.at(c));
    return result;
  }
  std::vector<std::size_t> numbers() {
    std::vector<std::size_t> result;
    for (std::size_t c = 0; c < types_.size(); ++c) result.push_back(c);
    return result;
  }

  std::vector<data_type> types_;
};

/// Restores the groups of `part` of `parts` into a table of these types.
std::map<std::string, std::string>
restored(const memory_snapshot& from, const std::vector<const char*>& types, std::uint32_t parts) {
  std::map<std::string, std::string> all;
  for (std::uint32_t p = 0; p < parts; ++p) {
    auto groups = groups_of(p, default_max_parallelism, parts);
    driven_rows to(types, groups);
    for (const auto& state : from.part_of(groups, p, parts).states)
      for (const auto& group : state.groups) to.rows->restore(group, state.schema);
    for (auto& [k, v] : to.content()) BOOST_TEST(all.emplace(k, v).second);
  }
  return all;
}

memory_snapshot written(std::unique_ptr<state_snapshot> view) {
  memory_snapshot result;
  std::vector<std::unique_ptr<state_snapshot>> parts;
  parts.push_back(std::move(view));
  result.write(std::move(parts));
  return result;
}

using key = driven_rows::key;

key random_key(const std::vector<const char*>& types, std::mt19937& random) {
  key k;
  for (const auto* t : types) {
    auto type = data_type::parse(t);
    auto n = static_cast<std::int64_t>(random() % 300);
    if (n == 0)
      k.emplace_back(type);
    else if (type.physical() == physical_type::string)
      k.push_back(
        scalar::of(type, std::string(static_cast<std::size_t>(n % 40), 'x') + std::to_string(n)));
    else if (type.physical() == physical_type::float64)
      k.push_back(scalar::of(type, static_cast<double>(n) / 4));
    else if (type.physical() == physical_type::decimal128)
      k.push_back(scalar::of(type, static_cast<int128>(n)));
    else if (type.physical() == physical_type::list)
      k.push_back(
        scalar::of(type, scalar::list{scalar::of(type.element(), n), scalar(type.element())}));
    else
      k.push_back(scalar::of(type, n));
  }
  return k;
}

/// Random batches against a `std::map`; snapshots are written by another thread meanwhile, some are
/// given up.
void random_operations(const std::vector<const char*>& types, unsigned seed) {
  std::mt19937 random(seed);
  driven_rows table(types);
  std::map<std::string, std::string> model;
  struct pending {
    std::map<std::string, std::string> expected;
    memory_snapshot got;
    std::thread writer;
  };
  std::vector<std::unique_ptr<pending>> snapshots;
  std::unique_ptr<state_snapshot> given_up;
  for (int round = 0; round < 120; ++round) {
    std::vector<key> keys;
    auto n = 1 + random() % 600;
    for (std::size_t i = 0; i < n; ++i) keys.push_back(random_key(types, random));
    if (random() % 3 != 0) {
      std::vector<std::uint8_t> fresh;
      auto values = table.find_or_insert(keys, &fresh);
      for (std::size_t i = 0; i < n; ++i) {
        auto text = table.text_of(keys[i]);
        BOOST_REQUIRE((fresh[i] == 1) == (model.count(text) == 0));
        auto& value = note_at(values[i]);
        value.number = static_cast<std::int64_t>(random() % 1000);
        value.text = std::string(random() % 30, 'v');
        model[text] = std::to_string(value.number) + value.text;
      }
    } else {
      auto values = table.find(keys);
      std::map<std::byte*, bool> erased;
      for (std::size_t i = 0; i < n; ++i) {
        auto text = table.text_of(keys[i]);
        if (erased[values[i]]) continue;
        BOOST_REQUIRE((values[i] != nullptr) == (model.count(text) == 1));
        if (!values[i]) continue;
        table.rows->erase(values[i]);
        erased[values[i]] = true;
        model.erase(text);
      }
    }
    if (round % 10 == 3) {
      given_up = table.rows->snapshot("a");
    } else if (round % 10 == 5) {
      given_up.reset();
    } else if (round % 10 == 7) {
      auto p = std::make_unique<pending>();
      p->expected = model;
      p->writer = std::thread([p = p.get(), view = table.rows->snapshot("a")]() mutable {
        std::vector<std::unique_ptr<state_snapshot>> parts;
        parts.push_back(std::move(view));
        p->got.write(std::move(parts));
      });
      snapshots.push_back(std::move(p));
    }
    if (round == 60) {
      table.rows->clear();
      model.clear();
    }
  }
  BOOST_TEST((table.content() == model));
  for (auto& p : snapshots) {
    p->writer.join();
    BOOST_TEST((restored(p->got, types, 3) == p->expected));
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(keyed_rows_suite)

BOOST_AUTO_TEST_CASE(random_operations_match_a_map_for_keys_of_all_kinds) {
  random_operations({"BIGINT"}, 1);
  random_operations({"STRING"}, 2);
  random_operations({"BIGINT", "INT"}, 3);
  random_operations({"INT", "STRING", "DOUBLE"}, 4);
  random_operations({"DECIMAL(20, 2)", "TINYINT"}, 5);
  random_operations({"ARRAY<INT>", "BIGINT"}, 6);
}

BOOST_AUTO_TEST_CASE(a_row_is_made_once_in_a_batch_that_repeats_its_key) {
  driven_rows t({"BIGINT"});
  auto k = [](std::int64_t n) { return key{scalar::of(n)}; };
  std::vector<std::uint8_t> fresh;
  auto values = t.find_or_insert({k(5), k(6), k(5), k(5)}, &fresh);
  BOOST_TEST(fresh == (std::vector<std::uint8_t>{1, 1, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(values[0] == values[2]);
  BOOST_TEST(values[0] == values[3]);
  BOOST_TEST(values[0] != values[1]);
  BOOST_TEST(t.rows->size() == 2u);
}

BOOST_AUTO_TEST_CASE(nulls_are_one_key_and_so_are_nans_and_zeros) {
  driven_rows t({"DOUBLE"});
  auto type = data_type::double_();
  auto of = [&](double d) { return key{scalar::of(type, d)}; };
  auto nan = std::numeric_limits<double>::quiet_NaN();
  auto values = t.find_or_insert({key{scalar(type)}, of(nan), of(-nan), of(0.0), of(-0.0),
                                  key{scalar(type)}, of(std::nan("17"))});
  BOOST_TEST(t.rows->size() == 3u);
  BOOST_TEST(values[0] == values[5]);
  BOOST_TEST(values[1] == values[2]);
  BOOST_TEST(values[1] == values[6]);
  BOOST_TEST(values[3] == values[4]);
}

BOOST_AUTO_TEST_CASE(a_null_is_not_a_zero) {
  driven_rows t({"BIGINT", "STRING"});
  auto zero = scalar::of(data_type::bigint(), std::int64_t{0});
  auto null = scalar(data_type::bigint());
  auto empty = scalar::of(data_type::string(), std::string());
  auto no_text = scalar(data_type::string());
  t.find_or_insert({{zero, empty}, {null, empty}, {zero, no_text}, {null, no_text}});
  BOOST_TEST(t.rows->size() == 4u);
}

BOOST_AUTO_TEST_CASE(maps_are_the_same_key_in_any_order_of_their_entries) {
  driven_rows t({"MAP<STRING, INT>"});
  auto type = data_type::parse("MAP<STRING, INT>");
  auto entry = [](const char* name) { return scalar::of(data_type::string(), std::string(name)); };
  auto number = [](int n) { return scalar::of(data_type::integer(), std::int64_t{n}); };
  key ab{scalar::of(type, scalar::list{entry("a"), number(1), entry("b"), number(2)})};
  key ba{scalar::of(type, scalar::list{entry("b"), number(2), entry("a"), number(1)})};
  auto values = t.find_or_insert({ab, ba});
  BOOST_TEST(values[0] == values[1]);
}

BOOST_AUTO_TEST_CASE(keys_without_columns_are_one_key) {
  driven_rows t({});
  auto values = t.find_or_insert({{}, {}, {}});
  BOOST_TEST(values[0] == values[2]);
  BOOST_TEST(t.rows->size() == 1u);
  note_at(values[0]).number = 3;
  BOOST_TEST((restored(written(t.rows->snapshot("a")), {}, 2) == t.content()));
}

BOOST_AUTO_TEST_CASE(more_key_columns_than_bits_of_a_word) {
  std::vector<const char*> types(40, "TINYINT");
  driven_rows t(types);
  auto type = data_type::tinyint();
  key zeros(40, scalar::of(type, std::int64_t{0}));
  std::vector<key> keys{zeros};
  for (std::size_t c = 0; c < 40; ++c) {
    keys.push_back(zeros);
    keys.back()[c] = scalar(type);
  }
  t.find_or_insert(keys);
  BOOST_TEST(t.rows->size() == 41u);
  BOOST_TEST((restored(written(t.rows->snapshot("a")), types, 2) == t.content()));
}

BOOST_AUTO_TEST_CASE(values_found_before_a_barrier_are_prepared_before_they_change) {
  driven_rows t({"BIGINT"});
  auto values = t.find_or_insert({{scalar::of(std::int64_t{1})}});
  note_at(values[0]).number = 10;
  auto before = t.content();
  auto view = t.rows->snapshot("a");
  t.rows->prepare_change(values.data(), 1);
  note_at(values[0]).number = 11;
  BOOST_TEST((restored(written(std::move(view)), {"BIGINT"}, 1) == before));
}

BOOST_AUTO_TEST_CASE(a_snapshot_outlives_its_table) {
  std::optional<driven_rows> t(std::in_place, std::vector<const char*>{"STRING"});
  t->find_or_insert({{scalar::of(data_type::string(), std::string(50, 'k'))}});
  auto before = t->content();
  auto view = t->rows->snapshot("a");
  t.reset();
  BOOST_TEST((restored(written(std::move(view)), {"STRING"}, 1) == before));
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_taken_before_the_last_was_written_spoils_neither) {
  driven_rows t({"BIGINT"});
  auto values = t.find_or_insert({{scalar::of(std::int64_t{1})}});
  note_at(values[0]).number = 1;
  auto first = t.content();
  auto first_view = t.rows->snapshot("a");
  note_at(t.find({{scalar::of(std::int64_t{1})}})[0]).number = 2;
  auto second = t.content();
  auto second_view = t.rows->snapshot("a");
  note_at(t.find({{scalar::of(std::int64_t{1})}})[0]).number = 3;
  BOOST_TEST((restored(written(std::move(second_view)), {"BIGINT"}, 1) == second));
  BOOST_TEST((restored(written(std::move(first_view)), {"BIGINT"}, 1) == first));
}

BOOST_AUTO_TEST_CASE(a_restore_refuses_other_types_and_broken_bytes) {
  driven_rows t({"BIGINT"});
  t.find_or_insert({{scalar::of(std::int64_t{1})}});
  auto snapshot = written(t.rows->snapshot("a"));
  driven_rows other({"STRING"});
  auto part = snapshot.part_of({0, default_max_parallelism}, 0, 1).states[0];
  BOOST_CHECK_EXCEPTION(other.rows->restore(part.groups[0], part.schema), state_error,
                        [](const state_error& e) {
                          std::string text = e.what();
                          return text.find("rows (BIGINT) -> note") != std::string::npos
                                 && text.find("rows (STRING) -> note") != std::string::npos;
                        });
  for (std::size_t cut = 1; cut < part.groups[0].bytes.size(); ++cut) {
    driven_rows again({"BIGINT"});
    auto broken = part.groups[0];
    broken.bytes = broken.bytes.substr(0, cut);
    BOOST_CHECK_THROW(again.rows->restore(broken, part.schema), format_error);
  }
}

BOOST_AUTO_TEST_CASE(memory_is_counted_and_given_back) {
  driven_rows t({"STRING"});
  auto empty = t.rows->memory_bytes();
  std::vector<key> keys;
  for (int i = 0; i < 2000; ++i)
    keys.push_back({scalar::of(data_type::string(), "a rather long key " + std::to_string(i))});
  for (auto* v : t.find_or_insert(keys)) note_at(v).text = "0123456789";
  BOOST_TEST(t.rows->memory_bytes() > empty + 2000 * 64);
  BOOST_TEST(t.rows->owned_bytes() >= 2000u * (18 + 10));
  t.rows->clear();
  BOOST_TEST(t.rows->memory_bytes() == empty);
  BOOST_TEST(t.rows->owned_bytes() == 0u);
  BOOST_TEST(t.rows->size() == 0u);
}

BOOST_AUTO_TEST_CASE(keys_that_come_and_go_do_not_make_the_table_grow) {
  driven_rows t({"BIGINT"});
  std::size_t after_first = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<key> keys;
    for (int i = 0; i < 500; ++i) keys.push_back({scalar::of(std::int64_t{round * 500 + i})});
    for (auto* v : t.find_or_insert(keys)) t.rows->erase(v);
    if (round == 0) after_first = t.rows->memory_bytes();
  }
  BOOST_TEST(t.rows->size() == 0u);
  BOOST_TEST(t.rows->memory_bytes() <= 2 * after_first);
}

BOOST_AUTO_TEST_SUITE_END()
