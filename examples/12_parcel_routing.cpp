/// Parcel routing: one stream, four branches, each with its label. UTF-8 passes unharmed.
#include "sluice/sluice.hpp"

struct parcel {
  int weight;
  std::string address;
  bool refrigerated;
};

namespace {

bool heavy(const parcel& p) { return p.weight > 20; }
bool remote(const parcel& p) { return p.address.find("산간") != std::string::npos; }
bool cold(const parcel& p) { return p.refrigerated; }
bool normal(const parcel& p) { return !heavy(p) && !remote(p) && !cold(p); }

auto labelled(std::string label) {
  return [=](const parcel& p) {
    return fmt::format("{}: ({}, {}, {})", label, p.weight, p.address,
                       p.refrigerated ? "True" : "False");
  };
}

} // namespace

int main() {
  sluice::stream_environment env;
  auto parcels = env.from_collection<parcel>({{25, "서울 강남구", false},
                                              {15, "강원도 산간 지역", false},
                                              {10, "부산 해운대", true},
                                              {5, "서울 관악구", false}});
  parcels.filter(heavy).map(labelled("무거운 택배")).print();
  parcels.filter(remote).map(labelled("산간 택배")).print();
  parcels.filter(cold).map(labelled("냉장 택배")).print();
  parcels.filter(normal).map(labelled("일반 택배")).print();
  env.execute("parcel routing");
}
