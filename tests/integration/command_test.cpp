/// The `sluice` command on its own: what it logs, what cannot be written, wrong command lines.
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr int interrupted = 130;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t times_in(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A line of the shell; "sluice" in it is the command. Ended at the end of the scope.
class shell_line {
public:
  explicit shell_line(const std::string& line)
    : child_("/bin/sh",
             {"-c", "unset SLUICE_LOG SLUICE_COORDINATOR; sluice() { exec '" SLUICE_COMMAND
                    "' \"$@\"; }; cd '"
                      + directory_.path() + "'; " + line},
             output_file()) {}

  /// The exit status; -1 if it was killed or takes too long.
  int code(std::chrono::seconds limit = 60s) {
    auto status = child_.wait_for(limit);
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  }

  /// What went to standard output and error, as far as the line leaves it there.
  std::string output() const { return content_of(output_file()); }

  bool says(std::string_view part) {
    auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!contains(output(), part)) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

  child_process& process() noexcept { return child_; }

private:
  std::string output_file() const { return directory_.path() + "/output"; }

  temporary_directory directory_;
  child_process child_;
};

struct told {
  int code;
  std::string output;
};

told run(const std::string& line) {
  shell_line l(line);
  auto code = l.code();
  return {code, l.output()};
}

/// The script, as a file in the directory of `run`.
std::string script(const std::string& sql) { return "cat > job.sql <<'END'\n" + sql + "\nEND\n"; }

constexpr auto endless_numbers
  = "CREATE TABLE n (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '50');\n";

/// Checkpoints whose failure the job survives, and what makes all fail once it has begun.
constexpr auto checkpoints
  = "SET 'execution.checkpointing.interval' = '200 ms';\n"
    "SET 'execution.checkpointing.dir' = 'checkpoints';\n"
    "SET 'execution.checkpointing.tolerable-failed-checkpoints' = '1000';\n";
constexpr auto spoil_checkpoints
  = "(until [ -d checkpoints ]; do sleep 0.05; done\n"
    "until [ -f checkpoints ]; do rm -rf checkpoints; touch checkpoints; sleep 0.05; done) "
    "2>/dev/null &\n";

/// What programs write to it is read here.
class pseudo_terminal {
public:
  pseudo_terminal() : fd_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    BOOST_TEST_REQUIRE(fd_ >= 0);
    BOOST_TEST_REQUIRE(::grantpt(fd_) == 0);
    BOOST_TEST_REQUIRE(::unlockpt(fd_) == 0);
  }
  ~pseudo_terminal() { ::close(fd_); }
  pseudo_terminal(const pseudo_terminal&) = delete;

  std::string name() const { return ::ptsname(fd_); }

  /// All that has come, when `enough` says so or after a minute.
  template <class Enough>
  std::string read_until(Enough enough) {
    auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!enough(text_) && std::chrono::steady_clock::now() < deadline) {
      pollfd ready{fd_, POLLIN, 0};
      if (::poll(&ready, 1, 100) <= 0) continue;
      char bytes[4096];
      auto n = ::read(fd_, bytes, sizeof bytes);
      // Between two programs nobody has it open.
      if (n > 0)
        text_.append(bytes, static_cast<std::size_t>(n));
      else
        std::this_thread::sleep_for(5ms);
    }
    return text_;
  }

private:
  int fd_;
  std::string text_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(command)

BOOST_AUTO_TEST_CASE(sql_tells_the_warnings_of_the_engine) {
  shell_line job(script(std::string(endless_numbers)
                        + "CREATE TABLE f (id BIGINT) WITH ('connector' = 'filesystem',\n"
                          "  'path' = 'out', 'format' = 'csv');\n"
                          "INSERT INTO f SELECT id FROM n;")
                 + "sluice sql job.sql");
  BOOST_TEST(job.says("NO OUTPUT WILL EVER BECOME VISIBLE"), job.output());
  job.process().interrupt();
  BOOST_TEST(job.code() == interrupted);
}

BOOST_AUTO_TEST_CASE(sql_tells_restarts_and_then_once_what_ends_the_job) {
  auto r = run(script("SET 'restart-strategy.type' = 'fixed-delay';\n"
                      "SET 'restart-strategy.fixed-delay.delay' = '1 ms';\n"
                      "CREATE TABLE f (id BIGINT) WITH ('connector' = 'filesystem',\n"
                      "  'path' = '/dev/null/x', 'format' = 'csv');\n"
                      "INSERT INTO f VALUES (1);")
               + "sluice sql job.sql");
  BOOST_TEST(r.code == 1);
  BOOST_TEST(times_in(r.output, "cannot create directory '/dev/null/x': Not a directory; restart 1")
               == 1U,
             r.output);
  BOOST_TEST(times_in(r.output, "/dev/null/x") == 2U, r.output); // the restart, and the end
  BOOST_TEST(!contains(r.output, " error "), r.output);
}

BOOST_AUTO_TEST_CASE(log_lines_and_the_progress_line_leave_each_other_whole) {
  pseudo_terminal terminal;
  shell_line job(script(std::string(checkpoints) + endless_numbers
                        + "CREATE TABLE f (id BIGINT) WITH ('connector' = 'blackhole');\n"
                          "INSERT INTO f SELECT id FROM n;")
                 + spoil_checkpoints + "sluice sql job.sql >'" + terminal.name() + "' 2>&1");
  auto text = terminal.read_until([](const std::string& t) {
    auto progress = t.find("rows read");
    return progress != std::string::npos && contains(t.substr(progress), "failed: cannot create");
  });
  job.process().interrupt();
  BOOST_TEST(job.code() == interrupted);
  constexpr std::string_view erase = "\r\033[K";
  constexpr std::size_t time_length = 23; // of 2025-01-02 03:04:05.678
  auto lines = 0;
  auto first_progress = text.find("rows read");
  for (auto at = text.find(" warning job"); at != std::string::npos;
       at = text.find(" warning job", at + 1)) {
    if (at < first_progress) continue;
    ++lines;
    auto begin = at - time_length - erase.size();
    BOOST_TEST(text.substr(begin, erase.size()) == erase, text);
  }
  BOOST_TEST(lines > 0, text);
}

BOOST_AUTO_TEST_CASE(levels_of_the_log_may_be_in_capitals_and_unknown_ones_are_told_once) {
  auto with_level = [](const std::string& level) {
    return run(script("CREATE TABLE f (id BIGINT) WITH ('connector' = 'blackhole');\n"
                      "INSERT INTO f VALUES (1);\nINSERT INTO f VALUES (2);")
               + "export SLUICE_LOG=" + level + "; sluice sql job.sql");
  };
  auto capitals = with_level("INFO");
  BOOST_TEST(contains(capitals.output, " info job "), capitals.output);
  auto unknown = with_level("loud");
  BOOST_TEST(unknown.code == 0);
  BOOST_TEST(times_in(unknown.output, "no level is called \"loud\"") == 1U, unknown.output);
  BOOST_TEST(with_level("OFF").output == "");
  BOOST_TEST(with_level("").output == "");
}

BOOST_AUTO_TEST_CASE(errors_that_cannot_be_told_do_not_abort) {
  for (auto* where : {"2>&-", "2>/dev/full"}) {
    BOOST_TEST_CONTEXT(where) {
      auto code = [&](const std::string& line) { return run(line + " " + where).code; };
      BOOST_TEST(code("sluice sql -e 'SELEC'") == 1);
      BOOST_TEST(code("sluice sql nowhere.sql") == 1);
      BOOST_TEST(code("sluice sql --detach -e 'SELECT 1'") == 2);
      BOOST_TEST(code("sluice jobs list --coordinator 127.0.0.1:1") == 3);
      BOOST_TEST(code("sluice frob") == 2);
      BOOST_TEST(code("sluice sql -e \"SET 'parallelism.default' = '1'\"") == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(output_that_cannot_be_written_is_a_failure) {
  for (auto* where : {">&-", ">/dev/full"})
    for (auto* line : {"--help", "--version", "sql --help", "sql -e 'SELECT 1'"}) {
      auto r = run(std::string("sluice ") + line + " " + where);
      BOOST_TEST_CONTEXT(line << " " << where) {
        BOOST_TEST(r.code == 1);
        BOOST_TEST(r.output == "sluice: cannot write to standard output\n");
      }
    }
#ifdef SLUICE_KAFKA
  auto r = run("sluice demo behaviors --show-sql >/dev/full");
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output == "sluice: cannot write to standard output\n");
#endif
}

BOOST_AUTO_TEST_CASE(commands_that_do_not_exist_are_named) {
  for (auto* line : {"sluice frob", "sluice jobs frob", "sluice cluster frob now"}) {
    auto r = run(line);
    BOOST_TEST(r.code == 2);
    BOOST_TEST(r.output == "sluice: no command is called \"frob\" (--help tells more)\n");
  }
  auto none = run("sluice");
  BOOST_TEST(none.code == 2);
  BOOST_TEST(none.output == "sluice: A subcommand is required (--help tells more)\n");
}

BOOST_AUTO_TEST_CASE(scripts_that_cannot_be_read_are_named) {
  auto r = run("mkdir here; sluice sql here");
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output == "sluice: cannot read here: Is a directory\n");
  r = run("sluice sql < .");
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output == "sluice: cannot read standard input: Is a directory\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
