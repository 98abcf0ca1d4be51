// A thread that waits for words of shared memory to change.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "file_lock.h"
#include "futex.h"
#include "report.h"

namespace ringway {

struct Watch {
  std::int64_t id;
  std::uint32_t* word;
  std::uint32_t expected;
  // Null when only the word is of interest. Shared, since it is looked at outside the thread's mutex.
  std::shared_ptr<LockWatch> locks;
};

class WaitThread {
 public:
  enum class Mode {
    kMany,  // futex_waitv: 127 words, and one to change the set by
    kOne,   // futex: one word, looked at again every 100 ms, since there is no second word to change the set by
    kPoll,  // no futex: any number of words, looked at every millisecond
  };

  // Null on failure, with -errno in `*error`.
  static std::unique_ptr<WaitThread> Start(Mode mode, ReportSink* reports, int* error);
  // Stops the thread and waits until it has ended. What has not fired never fires.
  ~WaitThread();
  WaitThread(const WaitThread&) = delete;
  WaitThread& operator=(const WaitThread&) = delete;

  Mode mode() const { return mode_; }
  // False when there is no room.
  bool Add(const Watch& watch);
  // False when it is not here; else it never fires.
  bool Remove(std::int64_t id);
  // Removes what watches a word in the range. The words are read by the kernel alone, so that the range may then go at
  // once.
  void Forget(const char* begin, std::size_t bytes);
  std::size_t CountWatches();

 private:
  // What the thread waits on: a copy, since the set may change meanwhile.
  struct Armed {
    std::vector<std::int64_t> ids;
    std::vector<std::uint32_t*> words;
    std::vector<FutexWaiter> waiters;
    std::uint32_t control;
    bool empty;
    // When to look at the locks next, a time of CLOCK_MONOTONIC in nanoseconds.
    std::int64_t deadline;
  };

  WaitThread(Mode mode, ReportSink* reports) : mode_(mode), reports_(reports) {}

  static void* Enter(void* thread);
  void Run();
  void Arm(Armed* armed);
  int Wait(const Armed& armed);
  void Judge(const Armed& armed, int outcome);
  void PassOn(const Armed& armed, int last) const;
  void LookAtLocks(std::unique_lock<std::mutex>* lock);
  // Moves the watches that the predicate picks from the set to what has fired.
  template <typename Predicate>
  void Fire(WatchReason reason, Predicate predicate);
  // Tells the thread that the set has changed; `removed` is a watch that it may be waiting for.
  void Kick(const Watch* removed);

  const Mode mode_;
  ReportSink* const reports_;
  pthread_t thread_ = {};

  std::mutex mutex_;
  // In the order of their ids: they are added in it.
  std::vector<Watch> watches_;
  std::vector<Report> fired_;
  bool stopping_ = false;
  // In the kernel, or about to be: a change of the set must wake it.
  bool parked_ = false;
  std::uint32_t control_ = 0;
  std::int64_t next_look_ = 0;
};

}  // namespace ringway
