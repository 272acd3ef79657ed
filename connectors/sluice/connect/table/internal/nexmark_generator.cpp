#include "sluice/connect/table/internal/nexmark_generator.hpp"

#include "sluice/connect/table/internal/nexmark_texts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>

namespace sluice::table::internal {

namespace {

constexpr std::int64_t first_person = 1000;
constexpr std::int64_t first_auction = 1000;
constexpr std::int64_t first_category = 10;
constexpr std::int64_t hot_batch = 100;
constexpr std::int64_t active_people = 1000;
constexpr std::int64_t auctions_in_flight = 100;
constexpr std::int64_t id_lead = 10;

constexpr std::array<std::string_view, 11> first_names{
  "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<std::string_view, 9> last_names{
  "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
constexpr std::array<std::string_view, 10> cities{
  "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
  "Bend",    "Redmond",     "Seattle",       "Kent",  "Cheyenne"};
constexpr std::array<std::string_view, 6> states{"AZ", "CA", "ID", "OR", "WA", "WY"};

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& from, random_bits& random) noexcept {
  return from[random.below(N)];
}

/// Log-uniform from 100 to 100 000 000.
std::int64_t price(random_bits& random) noexcept {
  return std::llround(std::exp(random.unit() * 13.815510557964274) * 100);
}

enum person_field : std::size_t { p_id, p_name, p_email, p_card, p_city, p_state, p_time, p_extra };
enum auction_field : std::size_t {
  a_id,
  a_item,
  a_description,
  a_initial,
  a_reserve,
  a_time,
  a_expires,
  a_seller,
  a_category,
  a_extra
};
enum bid_field : std::size_t { b_auction, b_bidder, b_price, b_channel, b_url, b_time, b_extra };

constexpr std::size_t most_fields = 10;

/// Where the values of an event go: the children of its ROW, by number of the field; nowhere if
/// nobody reads them.
struct event_columns {
  column* row = nullptr;
  std::array<std::int64_t*, most_fields> numbers{};
  std::array<string_ref*, most_fields> texts{};
  std::array<column*, most_fields> children{};
  std::vector<std::uint64_t> valid;

  bool wanted(std::size_t field) const noexcept { return children[field] != nullptr; }
  bool wanted_one_of(std::initializer_list<std::size_t> fields) const noexcept {
    return std::any_of(fields.begin(), fields.end(), [&](std::size_t f) { return wanted(f); });
  }
  void number(std::size_t field, std::size_t i, std::int64_t value) const noexcept {
    if (numbers[field]) numbers[field][i] = value;
  }
  void text(std::size_t field, std::size_t i, string_ref value) const noexcept {
    if (texts[field]) texts[field][i] = value;
  }
  /// Of a text that does not stay where it is.
  void own_text(std::size_t field, std::size_t i, std::string_view value) const {
    if (wanted(field)) children[field]->set_text(i, value);
  }

  void start(column& c, const std::vector<std::optional<std::size_t>>& fields, std::size_t count) {
    row = &c;
    c.reset(count);
    for (std::size_t k = 0; k < fields.size(); ++k) {
      auto& child = c.child(k);
      // What is NULL may be read, too: zeros are empty texts.
      bool text = child.physical() == physical_type::string;
      if (text)
        std::memset(static_cast<void*>(child.values<string_ref>()), 0, count * sizeof(string_ref));
      else
        std::memset(child.values<std::int64_t>(), 0, count * sizeof(std::int64_t));
      if (!fields[k]) {
        std::memset(child.make_validity(), 0, (count + 63) / 64 * 8);
        continue;
      }
      auto field = *fields[k];
      children[field] = &child;
      if (text)
        texts[field] = child.values<string_ref>();
      else
        numbers[field] = child.values<std::int64_t>();
    }
    valid.assign((count + 63) / 64, 0);
  }

  void set_valid(std::size_t i) noexcept { valid[i / 64] |= std::uint64_t{1} << (i % 64); }

  /// The fields of a row that is NULL are NULL, too.
  void finish() {
    auto set = [&](column& c) {
      if (!valid.empty()) std::memcpy(c.make_validity(), valid.data(), valid.size() * 8);
    };
    set(*row);
    for (auto* child : children)
      if (child) set(*child);
  }
};

class nexmark_generator final : public row_generator {
public:
  nexmark_generator(const nexmark_settings& settings, std::vector<nexmark_column> columns)
    : s_(settings), columns_(std::move(columns)),
      cycle_(s_.person_share + s_.auction_share + s_.bid_share), texts_(nexmark_texts::get()) {}

  void generate(columnar_batch& out, std::uint64_t first, std::uint64_t step, std::size_t count,
                timestamp) override {
    event_columns persons;
    event_columns auctions;
    event_columns bids;
    std::int32_t* types = nullptr;
    for (std::size_t k = 0; k < columns_.size(); ++k) {
      auto& c = out.writable(k);
      switch (columns_[k].kind) {
      case nexmark_kind::type:
        c.reset(count);
        types = c.values<std::int32_t>();
        break;
      case nexmark_kind::person:
        persons.start(c, columns_[k].fields, count);
        break;
      case nexmark_kind::auction:
        auctions.start(c, columns_[k].fields, count);
        break;
      case nexmark_kind::bid:
        bids.start(c, columns_[k].fields, count);
        break;
      }
    }
    event e{first, s_.first_id + first, (s_.first_id + first) / cycle_,
            (s_.first_id + first) % cycle_};
    for (std::size_t i = 0; i < count; ++i, advance(e, step)) {
      auto kind = e.place < s_.person_share                      ? 0
                  : e.place < s_.person_share + s_.auction_share ? 1
                                                                 : 2;
      if (types) types[i] = kind;
      auto& target = kind == 0 ? persons : kind == 1 ? auctions : bids;
      if (!target.row) continue;
      target.set_valid(i);
      random_bits random(0x5eed, e.id);
      if (kind == 0)
        make_person(target, i, e, random);
      else if (kind == 1)
        make_auction(target, i, e, random);
      else
        make_bid(target, i, e, random);
    }
    for (auto* events : {&persons, &auctions, &bids})
      if (events->row) events->finish();
  }

private:
  /// An event and where it is in the cycle of kinds.
  struct event {
    std::uint64_t number;
    std::uint64_t id;
    std::uint64_t epoch; ///< id / cycle
    std::uint64_t place; ///< id % cycle
  };

  void advance(event& e, std::uint64_t step) const noexcept {
    e.number += step;
    e.id += step;
    e.place += step;
    if (e.place < cycle_) return;
    if (e.place < 2 * cycle_) { // as good as always
      e.place -= cycle_;
      ++e.epoch;
      return;
    }
    e.epoch += e.place / cycle_;
    e.place %= cycle_;
  }

  /// Microseconds, at full milliseconds.
  std::int64_t time_of(std::uint64_t number) const noexcept {
    auto micros
      = static_cast<std::int64_t>(static_cast<double>(number) * s_.microseconds_per_event);
    return s_.base_time + micros / 1000 * 1000;
  }

  // Without the first ids.
  std::int64_t last_person(const event& e) const noexcept {
    return static_cast<std::int64_t>(e.epoch * s_.person_share
                                     + std::min(e.place, s_.person_share - 1));
  }
  std::int64_t last_auction(const event& e) const noexcept {
    auto before = static_cast<std::int64_t>(e.epoch * s_.auction_share);
    auto place = static_cast<std::int64_t>(e.place);
    auto persons = static_cast<std::int64_t>(s_.person_share);
    auto auctions = static_cast<std::int64_t>(s_.auction_share);
    return before + std::clamp<std::int64_t>(place - persons, -1, auctions - 1);
  }

  static std::int64_t some_person(std::int64_t last, random_bits& random) noexcept {
    auto people = last + 1;
    auto active = std::min(people, active_people);
    return people - active
           + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(active + id_lead)));
  }
  static std::int64_t some_auction(std::int64_t last, random_bits& random) noexcept {
    auto least = std::max<std::int64_t>(last - auctions_in_flight, 0);
    return least
           + static_cast<std::int64_t>(
             random.below(static_cast<std::uint64_t>(last - least + 1 + id_lead)));
  }

  string_ref extra(std::int64_t target, std::int64_t size, random_bits& random) const {
    auto rest = target - size;
    if (rest <= 0) return {};
    auto spread = (rest * 2 + 5) / 10; // a fifth, rounded
    auto length = rest - spread;
    if (spread > 0)
      length += static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * spread)));
    return texts_.letters(random, static_cast<std::size_t>(length));
  }

  // Fields that nobody reads are not made; their random numbers are passed over, so that the
  // others are what they always are.

  struct person_texts {
    std::string name;
    std::string email;
    std::string card;
  };

  person_texts make_person_texts(random_bits& random) const {
    person_texts t;
    t.name = pick(first_names, random);
    t.name += ' ';
    t.name += pick(last_names, random);
    t.email = texts_.words(random, 7).view();
    t.email += '@';
    t.email += texts_.words(random, 5).view();
    t.email += ".com";
    for (int group = 0; group < 4; ++group) {
      auto digits = random.below(10'000);
      if (group > 0) t.card += ' ';
      for (auto unit : {1000u, 100u, 10u, 1u})
        t.card += static_cast<char>('0' + digits / unit % 10);
    }
    return t;
  }

  void make_person(const event_columns& to, std::size_t i, const event& e,
                   random_bits& random) const {
    to.number(p_id, i, last_person(e) + first_person);
    to.number(p_time, i, time_of(e.number));
    if (!to.wanted_one_of({p_name, p_email, p_card, p_city, p_state, p_extra})) return;
    person_texts texts;
    if (to.wanted_one_of({p_name, p_email, p_card, p_extra}))
      texts = make_person_texts(random);
    else
      random.skip(10);
    auto city = pick(cities, random);
    auto state = pick(states, random);
    auto size
      = 8 + texts.name.size() + texts.email.size() + texts.card.size() + city.size() + state.size();
    to.own_text(p_name, i, texts.name);
    to.own_text(p_email, i, texts.email);
    to.own_text(p_card, i, texts.card);
    to.text(p_city, i, string_ref(city));
    to.text(p_state, i, string_ref(state));
    if (to.wanted(p_extra))
      to.text(p_extra, i, extra(s_.person_bytes, static_cast<std::int64_t>(size), random));
  }

  /// Milliseconds that an auction that begins then takes at most, but one.
  std::uint64_t longest_auction(const event& e, std::int64_t begin) const noexcept {
    auto ahead = cycle_ * static_cast<std::uint64_t>(auctions_in_flight) / s_.auction_share;
    auto horizon = (time_of(e.number + ahead) - begin) / 1000;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(2 * horizon, 1));
  }

  void make_auction(const event_columns& to, std::size_t i, const event& e,
                    random_bits& random) const {
    auto person = last_person(e);
    auto seller = random.below(s_.hot_sellers) > 0 ? person / hot_batch * hot_batch
                                                   : some_person(person, random);
    auto category = first_category + static_cast<std::int64_t>(random.below(5));
    auto time = time_of(e.number);
    to.number(a_id, i, last_auction(e) + first_auction);
    to.number(a_time, i, time);
    to.number(a_seller, i, seller + first_person);
    to.number(a_category, i, category);
    if (!to.wanted_one_of({a_initial, a_expires, a_item, a_description, a_reserve, a_extra}))
      return;
    auto initial = price(random);
    auto length = 1 + static_cast<std::int64_t>(random.below(longest_auction(e, time)));
    to.number(a_initial, i, initial);
    to.number(a_expires, i, time + length * 1000);
    if (!to.wanted_one_of({a_item, a_description, a_reserve, a_extra})) return;
    auto item = texts_.words(random, 20);
    auto description = texts_.words(random, 100);
    to.text(a_item, i, item);
    to.text(a_description, i, description);
    if (!to.wanted_one_of({a_reserve, a_extra})) return;
    to.number(a_reserve, i, initial + price(random));
    to.text(a_extra, i, extra(s_.auction_bytes, 8 + item.size() + description.size() + 40, random));
  }

  void make_bid(const event_columns& to, std::size_t i, const event& e, random_bits& random) const {
    to.number(b_time, i, time_of(e.number));
    auto auction = last_auction(e);
    auction = random.below(s_.hot_auctions) > 0 ? auction / hot_batch * hot_batch
                                                : some_auction(auction, random);
    to.number(b_auction, i, auction + first_auction);
    if (!to.wanted_one_of({b_bidder, b_price, b_channel, b_url, b_extra})) return;
    auto bidder = last_person(e);
    bidder = random.below(s_.hot_bidders) > 0 ? bidder / hot_batch * hot_batch + 1
                                              : some_person(bidder, random);
    if (s_.shifted_bidders) bidder += first_person;
    to.number(b_bidder, i, bidder + first_person);
    if (to.wanted(b_price))
      to.number(b_price, i, price(random));
    else
      random.skip(1);
    if (to.wanted_one_of({b_channel, b_url})) {
      const auto& channel = random.below(2) > 0
                              ? texts_.hot_channel_at(random.below(nexmark_texts::num_hot_channels))
                              : texts_.channel_at(random.below(nexmark_texts::num_channels));
      to.text(b_channel, i, channel.name);
      to.text(b_url, i, channel.url);
    } else {
      random.skip(2);
    }
    if (to.wanted(b_extra)) to.text(b_extra, i, extra(s_.bid_bytes, 32, random));
  }

  nexmark_settings s_;
  std::vector<nexmark_column> columns_;
  std::uint64_t cycle_;
  const nexmark_texts& texts_;
};

} // namespace

const std::vector<data_type::field>& nexmark_fields(nexmark_kind kind) {
  static const auto number = data_type::bigint();
  static const auto text = data_type::string();
  static const auto time = data_type::timestamp(3);
  static const std::vector<data_type::field> person{
    {"id", number}, {"name", text},  {"emailAddress", text}, {"creditCard", text},
    {"city", text}, {"state", text}, {"dateTime", time},     {"extra", text}};
  static const std::vector<data_type::field> auction{
    {"id", number},       {"itemName", text}, {"description", text}, {"initialBid", number},
    {"reserve", number},  {"dateTime", time}, {"expires", time},     {"seller", number},
    {"category", number}, {"extra", text}};
  static const std::vector<data_type::field> bid{
    {"auction", number}, {"bidder", number}, {"price", number}, {"channel", text},
    {"url", text},       {"dateTime", time}, {"extra", text}};
  static const std::vector<data_type::field> none;
  switch (kind) {
  case nexmark_kind::person:
    return person;
  case nexmark_kind::auction:
    return auction;
  case nexmark_kind::bid:
    return bid;
  case nexmark_kind::type:
    break;
  }
  return none;
}

std::unique_ptr<row_generator> make_nexmark_generator(const nexmark_settings& settings,
                                                      std::vector<nexmark_column> columns) {
  return std::make_unique<nexmark_generator>(settings, std::move(columns));
}

} // namespace sluice::table::internal
