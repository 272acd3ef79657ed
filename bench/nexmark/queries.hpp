/// The SQL of Nexmark, compiled in from this folder's files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bench::nexmark {

struct query {
  std::string_view name; ///< "q0"
  std::string_view sql;  ///< its sink and its INSERT, with places to fill in
  /// What it asks: the first comment.
  std::string_view summary = sql.substr(3, sql.find('\n') - 3);
};

/// All queries in the order of their numbers.
std::span<const query> queries();

/// Null if there is none of that name.
const query* find_query(std::string_view name);

/// The definitions that all queries share, with places to fill in.
std::string_view tables();

/// What is filled into `${...}`.
struct parameters {
  std::uint64_t events = 1'000'000;
  std::uint64_t rate = 10'000'000; ///< events per second of event time
  std::string sink;                ///< options of the table `result`
  std::string directory;           ///< of those that write files whatever `sink` says
};

/// `text` with all places filled in. Errors: `std::runtime_error` for a place of another name.
std::string filled_in(std::string_view text, const parameters& p);

} // namespace bench::nexmark
