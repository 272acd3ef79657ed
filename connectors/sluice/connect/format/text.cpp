#include "sluice/connect/format/text.hpp"

#include "sluice/connect/format/detail/line_splitter.hpp"
#include "sluice/connect/format/utf8.hpp"
#include "sluice/core/errors.hpp"

namespace sluice {

namespace {

class text_decoder final : public detail::line_decoder {
public:
  explicit text_decoder(const text_options& options)
    : line_decoder(common_options(options), options.delimiter), utf8_(options.utf8) {}

protected:
  outcome decode_line(std::string_view line, batch& out, std::string& reason) override {
    auto& lines = static_cast<typed_batch<std::string>&>(out);
    if (utf8_ != invalid_utf8::keep && !is_valid_utf8(line)) {
      if (utf8_ == invalid_utf8::by_policy) {
        reason = invalid_utf8_reason(line);
        return outcome::refused;
      }
      repaired_.clear();
      append_valid_utf8(repaired_, line);
      line = repaired_;
    }
    lines.push_back(line);
    return outcome::stored;
  }

private:
  invalid_utf8 utf8_;
  std::string repaired_;
};

class text_format final : public typed_format<std::string> {
public:
  explicit text_format(text_options options)
    : options_(std::move(options)), common_(common_options(options_)) {}

  std::string name() const override { return "text"; }
  record_layout layout() const override {
    return {.record_end = options_.delimiter, .max_record_bytes = options_.max_record_bytes};
  }
  const format_options& options() const override { return common_; }
  std::unique_ptr<record_decoder> make_decoder() const override {
    return std::make_unique<text_decoder>(options_);
  }
  void validate() const override { validate_format_options(common_, "text"); }

private:
  text_options options_;
  format_options common_;
};

class text_encoder final : public typed_encoder<std::string> {
public:
  void encode(const batch& records, std::size_t begin, std::size_t end,
              std::string& out) const override {
    auto& lines = static_cast<const typed_batch<std::string>&>(records);
    for (auto i = begin; i < end; ++i) {
      out += lines[i];
      out += '\n';
    }
  }
};

} // namespace

format_ptr<std::string> make_text_format(text_options options) {
  return std::make_shared<text_format>(std::move(options));
}

encoder_ptr<std::string> make_text_encoder() { return std::make_shared<text_encoder>(); }

} // namespace sluice
