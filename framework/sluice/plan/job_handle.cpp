#include "sluice/plan/job_handle.hpp"

namespace sluice {

std::string_view to_string(job_status status) noexcept {
  switch (status) {
  case job_status::created:
    return "created";
  case job_status::running:
    return "running";
  case job_status::restarting:
    return "restarting";
  case job_status::finished:
    return "finished";
  case job_status::cancelled:
    return "cancelled";
  case job_status::failed:
    return "failed";
  }
  return "?";
}

} // namespace sluice
