/// How a program becomes a process of a cluster.
#pragma once

namespace sluice {

/// Reads from the command line, and takes out of it, what this process is to be: `--role`
/// coordinator, worker or client, `--coordinator host:port`, `--slots`, `--data-dir` and more;
/// `--help` tells. Each has an environment variable (`SLUICE_ROLE` ...), which counts also for
/// programs that do not call this.
///
/// Call it first in `main`. Ends the process when the options are wrong or ask for help.
///
/// Every process of a cluster runs the same program. `execute()` starts the job at the coordinator,
/// makes its tasks at the workers, and waits for its end in all of them. Defined by the runtime's
/// library.
void init(int& argc, char** argv);

} // namespace sluice
