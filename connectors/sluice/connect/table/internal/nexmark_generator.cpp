#include "sluice/connect/table/internal/nexmark_generator.hpp"

#include "sluice/connect/table/internal/nexmark_texts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

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

/// Where the values of an event go: the children of its ROW, by number of the field. Those that
/// nobody asked for go to memory that nobody reads.
struct event_columns {
  column* row = nullptr;
  std::array<std::int64_t*, most_fields> numbers{};
  std::array<string_ref*, most_fields> texts{};
  std::array<column*, most_fields> children{};
  std::vector<std::uint64_t> valid;

  bool wanted(std::size_t field) const noexcept { return children[field] != nullptr; }
  void number(std::size_t field, std::size_t i, std::int64_t value) const noexcept {
    if (numbers[field]) numbers[field][i] = value;
  }
  void text(std::size_t field, std::size_t i, string_ref value) const noexcept {
    if (texts[field]) texts[field][i] = value;
  }

  void start(column& c, const std::vector<std::size_t>& fields, std::size_t count) {
    row = &c;
    c.reset(count);
    for (std::size_t k = 0; k < fields.size(); ++k) {
      auto& child = c.child(k);
      children[fields[k]] = &child;
      if (child.physical() == physical_type::string) {
        texts[fields[k]] = child.values<string_ref>();
        std::fill_n(child.values<string_ref>(), count, string_ref());
      } else {
        numbers[fields[k]] = child.values<std::int64_t>();
        std::fill_n(child.values<std::int64_t>(), count, 0);
      }
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
    for (std::size_t k = 0; k < row->num_children(); ++k) set(row->child(k));
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
    for (std::size_t i = 0; i < count; ++i) {
      auto number = first + i * step;
      auto id = s_.first_id + number;
      auto place = id % cycle_;
      auto kind = place < s_.person_share ? 0 : place < s_.person_share + s_.auction_share ? 1 : 2;
      if (types) types[i] = kind;
      auto& target = kind == 0 ? persons : kind == 1 ? auctions : bids;
      if (!target.row) continue;
      target.set_valid(i);
      random_bits random(0x5eed, id);
      if (kind == 0)
        make_person(target, i, id, number, random);
      else if (kind == 1)
        make_auction(target, i, id, number, random);
      else
        make_bid(target, i, id, number, random);
    }
    for (auto* events : {&persons, &auctions, &bids})
      if (events->row) events->finish();
  }

private:
  /// Microseconds, at full milliseconds.
  std::int64_t time_of(std::uint64_t number) const noexcept {
    auto micros
      = static_cast<std::int64_t>(static_cast<double>(number) * s_.microseconds_per_event);
    return s_.base_time + micros / 1000 * 1000;
  }

  // Without the first ids.
  std::int64_t last_person(std::uint64_t id) const noexcept {
    auto offset = std::min(id % cycle_, s_.person_share - 1);
    return static_cast<std::int64_t>(id / cycle_ * s_.person_share + offset);
  }
  std::int64_t last_auction(std::uint64_t id) const noexcept {
    auto epoch = static_cast<std::int64_t>(id / cycle_);
    auto offset = static_cast<std::int64_t>(id % cycle_);
    auto persons = static_cast<std::int64_t>(s_.person_share);
    auto auctions = static_cast<std::int64_t>(s_.auction_share);
    if (offset < persons) return epoch * auctions - 1;
    if (offset >= persons + auctions) return epoch * auctions + auctions - 1;
    return epoch * auctions + offset - persons;
  }

  std::int64_t some_person(std::uint64_t id, random_bits& random) const noexcept {
    auto people = last_person(id) + 1;
    auto active = std::min(people, active_people);
    return people - active
           + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(active + id_lead)));
  }
  std::int64_t some_auction(std::uint64_t id, random_bits& random) const noexcept {
    auto most = last_auction(id);
    auto least = std::max<std::int64_t>(most - auctions_in_flight, 0);
    return least
           + static_cast<std::int64_t>(
             random.below(static_cast<std::uint64_t>(most - least + 1 + id_lead)));
  }

  string_ref extra(std::int64_t target, std::int64_t size, random_bits& random) const {
    auto rest = target - size;
    if (rest <= 0) return {};
    auto spread = std::llround(0.2 * static_cast<double>(rest));
    auto length = rest - spread;
    if (spread > 0)
      length += static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * spread)));
    return texts_.letters(random, static_cast<std::size_t>(length));
  }

  void own_text(const event_columns& to, std::size_t field, std::size_t i,
                std::string_view text) const {
    if (to.wanted(field)) to.children[field]->set_text(i, text);
  }

  void make_person(event_columns& to, std::size_t i, std::uint64_t id, std::uint64_t number,
                   random_bits& random) const {
    auto first = pick(first_names, random);
    auto name = std::string(first) + ' ' + std::string(pick(last_names, random));
    std::string email(texts_.words(random, 7).view());
    email += '@';
    email += texts_.words(random, 5).view();
    email += ".com";
    std::string card;
    for (int group = 0; group < 4; ++group) {
      auto digits = random.below(10'000);
      if (group > 0) card += ' ';
      for (auto unit : {1000u, 100u, 10u, 1u}) card += static_cast<char>('0' + digits / unit % 10);
    }
    auto city = pick(cities, random);
    auto state = pick(states, random);
    auto size = 8 + name.size() + email.size() + card.size() + city.size() + state.size();
    to.number(p_id, i, last_person(id) + first_person);
    own_text(to, p_name, i, name);
    own_text(to, p_email, i, email);
    own_text(to, p_card, i, card);
    own_text(to, p_city, i, city);
    own_text(to, p_state, i, state);
    to.number(p_time, i, time_of(number));
    to.text(p_extra, i, extra(s_.person_bytes, static_cast<std::int64_t>(size), random));
  }

  void make_auction(event_columns& to, std::size_t i, std::uint64_t id, std::uint64_t number,
                    random_bits& random) const {
    auto seller = random.below(s_.hot_sellers) > 0 ? last_person(id) / hot_batch * hot_batch
                                                   : some_person(id, random);
    auto category = first_category + static_cast<std::int64_t>(random.below(5));
    auto initial = price(random);
    auto time = time_of(number);
    auto ahead = cycle_ * static_cast<std::uint64_t>(auctions_in_flight) / s_.auction_share;
    auto horizon = (time_of(number + ahead) - time) / 1000;
    auto length = 1
                  + static_cast<std::int64_t>(random.below(
                    static_cast<std::uint64_t>(std::max<std::int64_t>(2 * horizon, 1))));
    auto item = texts_.words(random, 20);
    auto description = texts_.words(random, 100);
    auto reserve = initial + price(random);
    to.number(a_id, i, last_auction(id) + first_auction);
    to.text(a_item, i, item);
    to.text(a_description, i, description);
    to.number(a_initial, i, initial);
    to.number(a_reserve, i, reserve);
    to.number(a_time, i, time);
    to.number(a_expires, i, time + length * 1000);
    to.number(a_seller, i, seller + first_person);
    to.number(a_category, i, category);
    to.text(a_extra, i, extra(s_.auction_bytes, 8 + item.size() + description.size() + 40, random));
  }

  void make_bid(event_columns& to, std::size_t i, std::uint64_t id, std::uint64_t number,
                random_bits& random) const {
    auto auction = random.below(s_.hot_auctions) > 0 ? last_auction(id) / hot_batch * hot_batch
                                                     : some_auction(id, random);
    auto bidder = random.below(s_.hot_bidders) > 0 ? last_person(id) / hot_batch * hot_batch + 1
                                                   : some_person(id, random);
    if (s_.shifted_bidders) bidder += first_person;
    to.number(b_auction, i, auction + first_auction);
    to.number(b_bidder, i, bidder + first_person);
    auto amount = price(random);
    to.number(b_price, i, amount);
    if (random.below(2) > 0) {
      auto k = random.below(nexmark_texts::num_hot_channels);
      to.text(b_channel, i, string_ref(texts_.hot_channel(k)));
      to.text(b_url, i, string_ref(texts_.hot_url(k)));
    } else {
      auto k = random.below(nexmark_texts::num_channels);
      to.text(b_channel, i, string_ref(texts_.channel(k)));
      to.text(b_url, i, string_ref(texts_.url(k)));
    }
    to.number(b_time, i, time_of(number));
    to.text(b_extra, i, extra(s_.bid_bytes, 32, random));
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
