// Children that fork and never exec.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace ringway::test {

// Whether `check`, made in a forked child, is true there. It may call only what is async-signal-safe.
template <typename Check>
bool IsTrueInChild(Check check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace ringway::test
