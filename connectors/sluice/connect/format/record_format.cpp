#include "sluice/connect/format/record_format.hpp"

#include "sluice/connect/format/utf8.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace sluice {

namespace {

/// Names the message instead of the place within it.
class message_sink final : public decode_sink {
public:
  explicit message_sink(decode_sink& next) : next_(next) {}

  void set_message(std::size_t index) noexcept { index_ = index; }

  bool refuse(const record_error& error) override {
    return next_.refuse({index_, error.text, error.reason});
  }
  void fields_nulled(std::size_t count) override { next_.fields_nulled(count); }

private:
  decode_sink& next_;
  std::size_t index_ = 0;
};

} // namespace

void record_decoder::decode_messages(std::span<const std::string_view> messages, batch& out,
                                     std::vector<std::uint32_t>& ends, decode_sink& sink) {
  message_sink named(sink);
  auto whole = out.make_empty();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    named.set_message(i);
    auto rest = messages[i];
    while (!rest.empty()) {
      whole->clear();
      auto result = decode(rest, true, *whole, SIZE_MAX, named);
      out.append_move(*whole, 0, whole->size());
      if (result.consumed == 0) break;
      rest.remove_prefix(result.consumed);
    }
    ends.push_back(static_cast<std::uint32_t>(out.size()));
  }
}

void record_encoder::encode_messages(const batch& records, std::size_t begin, std::size_t end,
                                     std::string& out, std::vector<std::size_t>& ends) const {
  for (auto i = begin; i < end; ++i) {
    encode(records, i, i + 1, out);
    if (!out.empty() && out.back() == '\n') out.pop_back();
    ends.push_back(out.size());
  }
}

void validate_message_encoder(const record_encoder& encoder, std::string_view what) {
  encoder.validate();
  std::string header;
  encoder.header(header);
  if (!header.empty())
    throw plan_error(
      fmt::format("{}: the format writes a header line, which only files have", what));
}

std::string describe_bad_record(std::string_view place, std::string_view reason,
                                std::string_view text) {
  auto out = fmt::format("{}: {}: ", place, reason);
  append_escaped(out, text, 200);
  return out;
}

void validate_format_options(const format_options& options, std::string_view what) {
  if (options.divert && options.errors != on_error::divert)
    throw plan_error(fmt::format("{}: `divert` is called under on_error::divert only", what));
  if (options.max_record_bytes == 0 || options.max_record_bytes > std::size_t{2} << 30)
    throw plan_error(fmt::format("{}: max_record_bytes must be between 1 and 2 GiB, not {}", what,
                                 options.max_record_bytes));
}

} // namespace sluice
