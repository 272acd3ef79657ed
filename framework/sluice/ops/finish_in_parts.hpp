/// Operators that have much to emit at the end of their input.
#pragma once

namespace sluice {

/// What a `stream_operator` may be as well. Its task then calls `finish_part` instead of `finish`,
/// each time when there is room behind the operator: so what is emitted at the end waits for its
/// consumers as all other records do, and the memory of its batches is used again.
///
/// No record, barrier, watermark or timer comes to the operator between the parts.
class finishes_in_parts {
public:
  /// Emits about a batch of what is left. Returns whether that was the last.
  virtual bool finish_part() = 0;

protected:
  ~finishes_in_parts() = default;
};

} // namespace sluice
