/// The tables that changelogs describe, from their rows as the print connector shows them.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

/// The table that a changelog describes: rows, without their kinds, and how often they are there.
class materialized_rows {
public:
  /// Takes rows back one by one: each must be there.
  void apply(const std::vector<std::string>& changes) {
    for (const auto& change : changes) {
      auto row = change.substr(2);
      if (change[0] == '+') {
        ++rows[row];
        continue;
      }
      BOOST_TEST_REQUIRE(rows.count(row) == 1u, change << " takes back what is not there");
      if (--rows[row] == 0) rows.erase(row);
    }
  }
  std::map<std::string, int> rows;
};

/// A table by key, as an upsert sink keeps it.
class upserted_rows {
public:
  /// `keys` are the numbers of fields.
  explicit upserted_rows(std::vector<std::size_t> keys) : keys_(std::move(keys)) {}

  void apply(const std::vector<std::string>& changes) {
    for (const auto& change : changes) {
      BOOST_TEST_REQUIRE(change.substr(0, 2) != "-U");
      auto row = change.substr(2);
      if (change[0] == '+')
        by_key_[key_of(row)] = row;
      else
        BOOST_TEST_REQUIRE(by_key_.erase(key_of(row)) == 1u, change << " deletes nothing");
    }
  }
  std::map<std::string, int> rows() const {
    std::map<std::string, int> result;
    for (const auto& [key, row] : by_key_) ++result[row];
    return result;
  }

private:
  std::string key_of(const std::string& row) const {
    std::vector<std::string> fields{""};
    for (std::size_t i = 1; i + 1 < row.size(); ++i) {
      if (row[i] == ',')
        fields.emplace_back();
      else if (row[i] != ' ')
        fields.back() += row[i];
    }
    std::string key;
    for (auto k : keys_) key += fields.at(k) + "|";
    return key;
  }

  std::vector<std::size_t> keys_;
  std::map<std::string, std::string> by_key_;
};

} // namespace sluice::testing
