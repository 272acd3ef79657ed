/// Proves that both sides know the cluster's secret without saying it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::cluster {

/// What the processes of a cluster say to each other; those of another version are refused.
inline constexpr std::uint32_t protocol_version = 1;

/// Who proves.
inline constexpr std::string_view coordinator_role = "coordinator";
inline constexpr std::string_view member_role = "member";

/// 32 random bytes. Errors: `io_error` if the system has none.
std::string make_nonce();

/// HMAC-SHA256 (RFC 2104) over who proves it and both nonces.
std::string proof_of(std::string_view secret, std::string_view role, std::string_view hello_nonce,
                     std::string_view challenge_nonce);

/// Compares in a time that does not depend on where they differ.
bool equal_proofs(std::string_view a, std::string_view b);

} // namespace sluice::cluster
