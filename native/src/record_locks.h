// What one environment has of record locks: the waits, and where it hears that one is over.
#pragma once

#include <napi.h>

#include "held_words.h"
#include "record_lock_waits.h"
#include "report_queue.h"

namespace ringway {

// For the thread of the environment alone.
class RecordLocks {
 public:
  RecordLocks() : reports_(&no_words_), waits_(&reports_) {}
  RecordLocks(const RecordLocks&) = delete;
  RecordLocks& operator=(const RecordLocks&) = delete;

  // False when an exception is pending.
  bool Open(napi_env env) { return reports_.Open(env); }
  // The end of the environment: joins the threads.
  void Close() {
    waits_.Close();
    reports_.Close();
  }

  ReportQueue& reports() { return reports_; }
  RecordLockWaits& waits() { return waits_; }

 private:
  // A wait for a lock keeps no memory.
  HeldWords no_words_;
  ReportQueue reports_;
  RecordLockWaits waits_;
};

}  // namespace ringway
