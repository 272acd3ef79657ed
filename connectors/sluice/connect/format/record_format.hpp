/// What lies between bytes and batches: decoders and encoders, one virtual call per batch.
///
/// Sources and sinks see only these interfaces, so they are ordinary code; a format implements them
/// for a record type `T` in a thin template.
#pragma once

#include "sluice/connect/format/format_options.hpp"
#include "sluice/core/batch.hpp"
#include "sluice/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// How the records of an input lie in it, for those who cut it without decoding it.
struct record_layout {
  /// Whether a record can contain line ends, within quotes.
  bool quoted_newlines = false;
  char quote = '"';
  char delimiter = ',';
  /// Whether the first record is a header, needed to understand the others.
  bool header = false;
  /// What ends a record; for `quoted_newlines` always a line end.
  char record_end = '\n';
  std::size_t max_record_bytes = std::size_t{128} << 20;
  /// Whether the rules above find the records' ends. If not, an input is read as a whole.
  bool cuttable = true;
};

/// The file that an input is.
struct input_file {
  std::string_view path;
  std::uint64_t size = 0;
  timestamp modified = 0; ///< when it was written last
};

/// A record that the format refuses.
struct record_error {
  std::size_t offset = 0; ///< of the record in the chunk
  std::string_view text;  ///< its bytes, without the line end
  std::string reason;
};

/// Who gets to know what a decoder cannot use.
class decode_sink {
public:
  virtual ~decode_sink() = default;

  /// Returns whether to go on behind the record. If not, the decoder stops in front of it and will
  /// meet it again. May throw what ends the input.
  virtual bool refuse(const record_error& error) = 0;

  /// `count` fields were replaced by null.
  virtual void fields_nulled(std::size_t count) = 0;
};

struct decode_result {
  /// Bytes of the chunk that are done with.
  std::size_t consumed = 0;
  /// Whether they end where a record ends; else the rest of an overlong record is still skipped.
  bool at_record_end = true;
};

/// Turns bytes into records of one type. Used by one reader; keeps state from chunk to chunk.
class record_decoder {
public:
  virtual ~record_decoder() = default;

  /// Tells of the file that the next run of chunks is from, before `begin`. Errors: `format_error`.
  virtual void open_file(const input_file& file) { (void)file; }

  /// Starts a new run of chunks. `header` is the first record of the input, without line end, if
  /// the layout has a header. Errors: `format_error` if the header does not fit.
  virtual void begin(std::string_view header) = 0;

  /// Appends to `out` (which is empty) up to `max_records` records that end in `chunk`; with
  /// `last`, what is behind the last line end is a record too.
  ///
  /// What was not consumed has to be at the start of the next chunk. If nothing was consumed and
  /// nothing appended or refused, a longer chunk is needed. 64 bytes behind the chunk are readable.
  virtual decode_result decode(std::string_view chunk, bool last, batch& out,
                               std::size_t max_records, decode_sink& sink)
    = 0;

  /// For transports that carry one record a message, line ends within it or not: appends what is in
  /// `messages` to `out`, and to `ends`, for each message, the size of `out` behind it. 64 bytes
  /// behind each message are readable. One that is `nullptr` holds nothing.
  ///
  /// In what is refused, `offset` is the index of the message; refusing must not stop the decoder.
  /// REQUIRES: `begin({})` was called.
  virtual void decode_messages(std::span<const std::string_view> messages, batch& out,
                               std::vector<std::uint32_t>& ends, decode_sink& sink);
};

/// Makes decoders of records of type `T` (see `typed_format`). Immutable, shared by all readers.
class record_format {
public:
  virtual ~record_format() = default;
  virtual std::string name() const = 0;
  virtual record_layout layout() const = 0;
  virtual const format_options& options() const = 0;
  virtual std::unique_ptr<record_decoder> make_decoder() const = 0;

  /// Errors: `plan_error` for options that contradict each other.
  virtual void validate() const {}
};

/// A format whose decoders append to `typed_batch<T>`.
template <class T>
class typed_format : public record_format {};

template <class T>
using format_ptr = std::shared_ptr<const typed_format<T>>;

/// Turns batches into bytes. Immutable: shared by all writers.
class record_encoder {
public:
  virtual ~record_encoder() = default;

  /// Checks options before anything runs. Errors: `plan_error` for those that contradict each other
  /// or do not fit the records.
  virtual void validate() const {}

  /// Appends what a file starts with.
  virtual void header(std::string& out) const { (void)out; }

  /// Appends the records [begin, end) of `records`, each with its line end.
  virtual void encode(const batch& records, std::size_t begin, std::size_t end,
                      std::string& out) const
    = 0;

  /// Appends the records [begin, end) without line ends behind them, and to `ends`, for each, the
  /// size of `out` behind it: for transports that carry one record a message.
  virtual void encode_messages(const batch& records, std::size_t begin, std::size_t end,
                               std::string& out, std::vector<std::size_t>& ends) const;
};

/// An encoder of `typed_batch<T>`.
template <class T>
class typed_encoder : public record_encoder {};

template <class T>
using encoder_ptr = std::shared_ptr<const typed_encoder<T>>;

/// Validates an encoder for a transport, `what`, that has nowhere to put a header line. Errors:
/// `plan_error`.
void validate_message_encoder(const record_encoder& encoder, std::string_view what);

/// "place: reason: text", the text cut at 200 characters and with control characters and invalid
/// UTF-8 as hexadecimal escapes.
std::string describe_bad_record(std::string_view place, std::string_view reason,
                                std::string_view text);

/// Errors: `plan_error` for options that contradict each other; `what` names the user of them.
void validate_format_options(const format_options& options, std::string_view what);

} // namespace sluice
