// A thread that waits for one record lock, in the kernel's own queue.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "record_lock.h"
#include "report.h"

namespace ringway {

// So many may wait at a time in one process: each is a thread.
constexpr int kMostRecordWaits = 256;

class RecordLockWait {
 public:
  // What the thread waits for, and the name under which it reports that the wait is over.
  struct Request {
    std::int64_t id;
    int fd;
    RecordRange range;
    RecordMode mode;
  };

  // Null on failure, with -errno in `*error`: -EAGAIN when there are too many already.
  static std::unique_ptr<RecordLockWait> Start(const Request& request, ReportSink* reports, int* error);
  // Ends the wait. A lock that was got stays: whoever has not looked at what End returns loses sight of it.
  ~RecordLockWait();
  RecordLockWait(const RecordLockWait&) = delete;
  RecordLockWait& operator=(const RecordLockWait&) = delete;

  // Whether the wait is over within that time, one way or the other.
  bool IsOverWithin(std::int64_t nanoseconds);
  // Ends it if it is not over. 0: the lock was got, be it at the last moment; -EINTR: it was not; or the kernel's
  // refusal.
  int End();

 private:
  RecordLockWait(const Request& request, ReportSink* reports) : request_(request), reports_(reports) {}

  static void* Enter(void* wait);
  void Run();
  int WaitUnlessEnded();

  const Request request_;
  ReportSink* const reports_;
  pthread_t thread_ = {};
  bool started_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  bool over_ = false;
  int outcome_ = 0;
};

}  // namespace ringway
