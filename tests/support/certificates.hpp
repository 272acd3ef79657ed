/// Certificates for TLS, made as they are needed.
#pragma once

#include "sluice/net/data_plane.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace sluice::testing {

/// A certificate authority that lives as long as a test.
class certificate_authority {
public:
  /// Files go below `directory`, which must exist.
  certificate_authority(const std::filesystem::path& directory, const std::string& name);
  ~certificate_authority();

  /// A key and a certificate of it that this CA has signed. `days` from now: negative is the past.
  net::tls_files issue(const std::string& name, int days = 1);

  std::string ca_file() const;

private:
  struct data;
  std::unique_ptr<data> data_;
};

} // namespace sluice::testing
