#include "queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace bench::nexmark {

namespace {

constexpr query all[] = {
#include "nexmark_queries.inc"
};

constexpr std::string_view shared =
#include "nexmark_tables.inc"
  ;

std::string value_of(std::string_view name, const parameters& p) {
  if (name == "events") return std::to_string(p.events);
  if (name == "rate") return std::to_string(p.rate);
  if (name == "sink") return p.sink;
  if (name == "directory") return p.directory;
  throw std::runtime_error(fmt::format("nexmark: nothing is called ${{{}}}", name));
}

} // namespace

std::span<const query> queries() { return all; }

const query* find_query(std::string_view name) {
  const auto* found = std::ranges::find(all, name, &query::name);
  return found == std::end(all) ? nullptr : found;
}

std::string_view tables() { return shared; }

std::string filled_in(std::string_view text, const parameters& p) {
  std::string result;
  for (;;) {
    auto place = text.find("${");
    result += text.substr(0, place);
    if (place == std::string_view::npos) return result;
    auto end = text.find('}', place);
    if (end == std::string_view::npos) throw std::runtime_error("nexmark: ${ without }");
    result += value_of(text.substr(place + 2, end - place - 2), p);
    text.remove_prefix(end + 1);
  }
}

} // namespace bench::nexmark
