#include "support/behaviors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace sluice::testing {

namespace {

constexpr std::array categories = {"electronics", "books", "clothing", "home", "sports"};
constexpr std::array behaviors = {"click", "view", "add_to_cart", "purchase"};

/// As Flink's JSON writes a timestamp: no zeros at the end of the fraction.
std::string json_time(std::string text) {
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

void replace(std::string& text, const std::string& what, const std::string& by) {
  auto at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("user_behaviors.sql has no " + what);
  for (; at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

} // namespace

void behavior_counts::send(int events) {
  std::vector<std::vector<std::string>> texts(static_cast<std::size_t>(partitions_));
  for (int i = 0; i < events; ++i) {
    auto text = fmt::format(R"({{"user_id":"user_{}","item_id":"item_{}","category":"{}",)"
                            R"("behavior":"{}","ts":"2025-01-02 {:02}:{:02}:{:02}.{:03}"}})",
                            1 + random_() % 99, 1 + random_() % 199, categories[random_() % 5],
                            behaviors[random_() % 4], random_() % 24, random_() % 60,
                            random_() % 60, random_() % 1000);
    add(text);
    texts[random_() % texts.size()].push_back(std::move(text));
  }
  std::vector<plain_record> records;
  for (std::size_t p = 0; p < texts.size(); ++p)
    for (auto& text : texts[p])
      records.push_back({static_cast<std::int32_t>(p), 0, {}, std::move(text), -1, {}});
  client_.produce(topic_, records);
}

void behavior_counts::add(const std::string& json) {
  static const std::regex shape(
    R"re(\{"user_id":"user_(\d\d?)","item_id":"item_(\d\d?\d?)","category":"(\w+)",)re"
    R"re("behavior":"(\w+)","ts":"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})"\})re");
  std::smatch m;
  auto valid = std::regex_match(json, m, shape);
  valid = valid && std::stoi(m[1]) >= 1 && std::stoi(m[2]) >= 1 && std::stoi(m[2]) <= 199
          && std::count(categories.begin(), categories.end(), m[3].str()) == 1
          && std::count(behaviors.begin(), behaviors.end(), m[4].str()) == 1;
  if (!valid) throw std::runtime_error("not an event: " + json);
  auto& c = latest_[{m[3], m[4]}];
  ++c.events;
  c.latest = std::max(c.latest, m[5].str());
}

std::int64_t behavior_counts::total() const {
  std::int64_t sum = 0;
  for (auto& [k, c] : latest_) sum += c.events;
  return sum;
}

std::string behavior_counts::difference(const std::vector<plain_record>& results) const {
  std::map<std::string, std::string> found;
  for (auto& r : results) found[r.key.value_or("<none>")] = r.value.value_or("<null>");
  std::string text;
  for (auto& [k, c] : latest_) {
    auto names = fmt::format(R"("category":"{}","behavior":"{}")", k.first, k.second);
    auto expected = fmt::format(R"({{{},"behavior_count":{},"update_time":"{}"}})", names, c.events,
                                json_time(c.latest));
    auto at = found.extract("{" + names + "}");
    auto value = at ? at.mapped() : "nothing";
    if (value != expected) text += fmt::format("{} instead of {}\n", value, expected);
  }
  for (auto& [k, value] : found) text += fmt::format("{} -> {} should not be there\n", k, value);
  return text;
}

std::string
behavior_counts::difference_of_every_count(const std::vector<plain_record>& results) const {
  static const std::regex number(R"re("behavior_count":(\d+))re");
  std::map<std::string, std::int64_t> last;
  std::string text;
  for (auto& r : results) {
    std::smatch m;
    auto value = r.value.value_or("<null>");
    auto& n = last[r.key.value_or("<none>")];
    if (!std::regex_search(value, m, number) || std::stoll(m[1]) != n + 1)
      text += fmt::format("{} after count {}\n", value, n);
    ++n;
  }
  return text + difference(results);
}

std::vector<std::string> behavior_counts::table_rows() const {
  std::vector<std::string> rows;
  for (auto& [k, c] : latest_)
    rows.push_back(fmt::format("|{}|{}|{}|{}|", k.first, k.second, c.events, c.latest));
  return rows;
}

std::string behaviors_script(const script_changes& changes) {
  std::ifstream file(SLUICE_BEHAVIORS_SQL);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  replace(text, "localhost:9092", changes.servers);
  replace(text, "'topic' = 'user_behaviors'", "'topic' = '" + changes.source_topic + "'");
  replace(text, "'topic' = 'behavior_stats'", "'topic' = '" + changes.result_topic + "'");
  if (!changes.sink_options.empty())
    replace(text, "'value.format' = 'json'", "'value.format' = 'json', " + changes.sink_options);
  if (!changes.having.empty())
    replace(text, "GROUP BY category, behavior", "GROUP BY category, behavior " + changes.having);
  return changes.settings + text;
}

script_changes exactly_once(script_changes changes, const std::string& checkpoints) {
  changes.settings
    += fmt::format("SET 'parallelism.default' = '2';\n"
                   "SET 'execution.checkpointing.interval' = '200 ms';\n"
                   "SET 'execution.checkpointing.dir' = '{0}';\n"
                   "SET 'execution.checkpointing.tolerable-failed-checkpoints' = "
                   "'1000000';\n"
                   "SET 'execution.checkpointing.externalized-checkpoint-retention' = "
                   "'RETAIN_ON_CANCELLATION';\n"
                   "SET 'restart-strategy.type' = 'fixed-delay';\n"
                   "SET 'restart-strategy.fixed-delay.attempts' = '1000';\n"
                   "SET 'execution.state-recovery.path' = 'latest';\n",
                   checkpoints);
  changes.sink_options = fmt::format("'sink.delivery-guarantee' = 'exactly-once', "
                                     "'sink.transactional-id-prefix' = '{}'",
                                     changes.result_topic);
  return changes;
}

} // namespace sluice::testing
