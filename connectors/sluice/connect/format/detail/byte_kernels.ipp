// Included once per instruction set, inside a namespace of its own, by byte_kernels.cpp, with
// SLUICE_KERNEL (function attributes), `byte_masks` (64 bytes to three bit masks), `byte_mask` (to
// one) and `write_positions` (of the bits of a mask, and up to 16 more) defined.

/// Quotes inside a block, as masks of what is outside of them.
struct quoting {
  std::uint64_t outside;
  quote_state next;
  std::uint64_t closing; // of the quotes; 0 if `odd`
  bool odd;              // a quote is inside a field without quotes
};

/// The slow way, for blocks with quotes in places where RFC 4180 has none.
SLUICE_KERNEL inline quoting walk_quotes(quote_state state, std::uint64_t quotes,
                                         std::uint64_t separators, unsigned valid) noexcept {
  std::uint64_t outside = 0;
  for (unsigned i = 0; i < valid; ++i) {
    auto bit = std::uint64_t{1} << i;
    if (quotes & bit) {
      if (state.inside) {
        state = {false, true};
      } else if (state.can_open) {
        state = {true, false};
      }
    } else {
      if (!state.inside) {
        outside |= bit;
        state.can_open = (separators & bit) != 0;
      }
    }
  }
  return {outside, state, 0, true};
}

/// REQUIRES: masks have no bit at or above `valid`.
SLUICE_KERNEL inline quoting apply_quotes(quote_state state, std::uint64_t quotes,
                                          std::uint64_t separators, unsigned valid) noexcept {
  auto last = std::uint64_t{1} << (valid - 1);
  if (quotes == 0) {
    if (state.inside) return {0, state, 0, false};
    return {~std::uint64_t{0}, {false, (separators & last) != 0}, 0, false};
  }
  auto inside = quotes; // bit i: parity of the quotes up to and including i
  inside ^= inside << 1;
  inside ^= inside << 2;
  inside ^= inside << 4;
  inside ^= inside << 8;
  inside ^= inside << 16;
  inside ^= inside << 32;
  if (state.inside) inside = ~inside;
  auto opening = quotes & inside;
  auto before = (separators | quotes) << 1 | (state.can_open ? 1u : 0u);
  if ((opening & ~before) != 0) return walk_quotes(state, quotes, separators, valid);
  auto outside = ~inside & ~quotes;
  auto closing = quotes & ~inside;
  if (inside & last) return {outside, {true, false}, closing, false};
  return {outside, {false, ((separators | quotes) & last) != 0}, closing, false};
}

/// Whether all that these bits of a block stand for are '\r' with a line end behind it, or the end.
SLUICE_KERNEL inline bool are_line_ends(std::uint64_t bits, const char* block,
                                        std::size_t size) noexcept {
  for (; bits != 0; bits &= bits - 1) {
    auto at = static_cast<std::size_t>(std::countr_zero(bits));
    if (block[at] != '\r' || (at + 1 < size && block[at + 1] != '\n')) return false;
  }
  return true;
}

SLUICE_KERNEL void index_csv(csv_index& index, const char* data, std::size_t size, char delimiter,
                             char quote, std::size_t max_rows) {
  auto state = index.state;
  auto at = index.scanned;
  auto num_ends = index.num_ends;
  auto num_rows = index.num_rows;
  auto closed = index.closed;
  auto odd_quotes = index.odd_quotes;
  while (at < size && num_rows < max_rows) {
    if (index.ends.size() < num_ends + 80) index.ends.resize(2 * num_ends + 4096);
    if (index.rows.size() < num_rows + 72) index.rows.resize(2 * num_rows + 1024);
    auto masks = byte_masks(data + at, delimiter, quote);
    auto valid = size - at < 64 ? static_cast<unsigned>(size - at) : 64u;
    if (valid < 64) {
      auto keep = (std::uint64_t{1} << valid) - 1;
      masks.quotes &= keep;
      masks.delimiters &= keep;
      masks.newlines &= keep;
    }
    auto separators = masks.delimiters | masks.newlines;
    if (quote != '\0') {
      auto found = apply_quotes(state, masks.quotes, separators, valid);
      state = found.next;
      // Behind a closing quote the field ends, or goes on with a quote.
      auto behind = found.closing << 1 | (closed ? 1u : 0u);
      behind &= ~(separators | masks.quotes) & (~std::uint64_t{0} >> (64 - valid));
      odd_quotes |= found.odd || (behind != 0 && !are_line_ends(behind, data + at, size - at));
      closed = (found.closing >> (valid - 1) & 1) != 0;
      separators &= found.outside;
      masks.newlines &= found.outside;
    }
    for (auto lines = masks.newlines; lines != 0; lines &= lines - 1) {
      auto up_to = lines ^ (lines - 1); // the lowest newline and all below
      index.rows[num_rows++] = static_cast<std::uint32_t>(
        num_ends + static_cast<unsigned>(std::popcount(separators & up_to)));
    }
    auto base = static_cast<std::uint32_t>(at);
    auto out = index.ends.data() + num_ends;
    num_ends += static_cast<unsigned>(std::popcount(separators));
    write_positions(out, separators, base);
    at += valid;
  }
  index.state = state;
  index.closed = closed;
  index.odd_quotes = odd_quotes;
  index.scanned = at;
  index.num_ends = num_ends;
  index.num_rows = num_rows;
}

SLUICE_KERNEL std::size_t move_quotes(quote_state& state, const char* data, std::size_t size,
                                      char delimiter, char quote, bool stop, bool& stopped) {
  auto current = state;
  char tail[64] = {};
  stopped = false;
  for (std::size_t at = 0; at < size;) {
    if (!stop && size - at >= 64 && byte_mask(data + at, quote) == 0) { // most have none
      at += 64;
      auto last_byte = data[at - 1];
      if (!current.inside) current.can_open = last_byte == delimiter || last_byte == '\n';
      continue;
    }
    auto valid = size - at < 64 ? static_cast<unsigned>(size - at) : 64u;
    auto block = data + at;
    auto keep = ~std::uint64_t{0};
    if (valid < 64) {
      std::memcpy(tail, block, valid);
      block = tail;
      keep = (std::uint64_t{1} << valid) - 1;
    }
    auto masks = byte_masks(block, delimiter, quote);
    auto newlines = masks.newlines & keep;
    auto found
      = apply_quotes(current, masks.quotes & keep, (masks.delimiters & keep) | newlines, valid);
    newlines &= found.outside;
    if (stop && newlines != 0) {
      state = {};
      stopped = true;
      return at + static_cast<unsigned>(std::countr_zero(newlines)) + 1;
    }
    current = found.next;
    at += valid;
  }
  state = current;
  return size;
}

SLUICE_KERNEL std::size_t count_newlines(const char* data, std::size_t size) {
  std::size_t count = 0;
  std::size_t at = 0;
  for (; at + 64 <= size; at += 64)
    count += static_cast<unsigned>(std::popcount(byte_masks(data + at, '\n', '\n').newlines));
  for (; at < size; ++at) count += data[at] == '\n' ? 1 : 0;
  return count;
}

constexpr byte_kernels table{index_csv, move_quotes, count_newlines};
