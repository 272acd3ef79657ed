/// A source of one's own: the Fibonacci numbers below a limit. Its position is saved in
/// checkpoints.
#include "sluice/sluice.hpp"

#include <iostream>

using number = std::int64_t;

// [source
class fibonacci_source : public sluice::source<number> {
public:
  explicit fibonacci_source(number limit) : limit_(limit) {}

  std::string name() const override { return "fibonacci"; }
  sluice::boundedness bounded() const noexcept override { return sluice::boundedness::bounded; }

  std::unique_ptr<sluice::split_enumerator> make_enumerator(std::uint32_t) const override {
    struct one_split : sluice::split_enumerator {
      std::vector<sluice::source_split> discover() override { return {{"all", "0 1"}}; }
    };
    return std::make_unique<one_split>();
  }

  std::unique_ptr<sluice::source_reader> make_reader() const override {
    return std::make_unique<reader>(limit_);
  }

private:
  class reader : public sluice::source_reader {
  public:
    explicit reader(number limit) : limit_(limit), now_(limit) {}

    void open(sluice::io_context&) override {}

    void add_splits(std::vector<sluice::source_split> splits) override {
      std::istringstream(splits.front().data) >> now_ >> next_;
    }

    sluice::poll_result poll(sluice::batch& out, std::size_t max_records) override {
      auto& numbers = sluice::batch_as<number>(out);
      for (; now_ < limit_ && numbers.size() < max_records; next_ += std::exchange(now_, next_))
        numbers.push_back(now_);
      sluice::poll_result result;
      if (now_ >= limit_) result.status = sluice::poll_result::state::finished;
      return result;
    }

    std::vector<sluice::source_split> snapshot() override {
      if (now_ >= limit_) return {};
      return {{"all", fmt::format("{} {}", now_, next_)}};
    }

  private:
    number limit_, now_, next_ = 1;
  };

  number limit_;
};
// source]

int main() {
  sluice::stream_environment env;
  auto numbers = env.from_source(std::make_shared<fibonacci_source>(100));
  std::cout << sluice::to_text(numbers.execute_and_collect()) << '\n';
}
