// The limit that Ringway is compared with: two processes and a single-writer lane, without JavaScript.
//
//   native-ring ROLE SCENARIO FD BYTES LANE_BYTES PREFETCH SPOIL GROUP
//
// ROLE is "sender" or "receiver", SCENARIO "throughput" or "rtt". FD is an empty object of shared memory, BYTES the
// length of a payload, PREFETCH how many messages a reader takes before it gives their space back, SPOIL the number of
// the message that the sender spoils (-1: none), GROUP how many round trips there are between two looks at the clock.
// Orders and reports are lines on the standard streams: a number of messages in, JSON out.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "program.h"

namespace {

using bench::Fail;
using bench::FailWithErrno;
using bench::kApart;
using bench::NextOrder;
using bench::NowMicroseconds;
using bench::Pause;
using bench::Say;
using bench::SayReady;

// Frame: u32 length, u32 type, payload, padding to 8.
constexpr std::uint32_t kFrameHeaderBytes = 8;
constexpr std::uint32_t kFrameAlignment = 8;
constexpr std::uint32_t kMessage = 1;

std::uint32_t FrameBytes(std::uint32_t length) {
  return kFrameHeaderBytes + ((length + kFrameAlignment - 1) & ~(kFrameAlignment - 1));
}

struct LaneHeader {
  // Published up to here, modulo 2^32: moved by the writer.
  alignas(kApart) std::atomic<std::uint32_t> position;
  // Read up to here: moved by the reader.
  alignas(kApart) std::atomic<std::uint32_t> cursor;
};

// A header and a ring, which is mapped twice, back to back, so that every frame is contiguous.
class Lane {
 public:
  Lane(int fd, std::size_t index, std::uint32_t capacity) : capacity_(capacity) {
    const std::size_t page = PageBytes();
    const off_t offset = static_cast<off_t>(index * BytesOf(capacity));
    void* const header = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    void* const range = mmap(nullptr, 2 * std::size_t{capacity}, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (header == MAP_FAILED || range == MAP_FAILED) FailWithErrno("mmap");
    header_ = static_cast<LaneHeader*>(header);
    ring_ = static_cast<char*>(range);
    for (std::size_t copy = 0; copy < 2; ++copy) {
      void* const at = ring_ + copy * capacity;
      if (mmap(at, capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset + static_cast<off_t>(page)) ==
          MAP_FAILED) {
        FailWithErrno("mmap");
      }
    }
  }

  static std::size_t PageBytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }
  static std::size_t BytesOf(std::uint32_t capacity) { return PageBytes() + capacity; }

  LaneHeader& header() const { return *header_; }
  char* At(std::uint32_t position) const { return ring_ + (position & (capacity_ - 1)); }
  std::uint32_t capacity() const { return capacity_; }

 private:
  std::uint32_t capacity_;
  LaneHeader* header_;
  char* ring_;
};

class Writer {
 public:
  explicit Writer(const Lane& lane)
      : lane_(lane), position_(lane.header().position.load()), limit_(position_ + lane.capacity()) {}

  // Copies the payload in, and publishes it by one store. Spins while there is no room.
  void Write(const void* payload, std::uint32_t length) {
    const std::uint32_t end = position_ + FrameBytes(length);
    while (static_cast<std::int32_t>(limit_ - end) < 0) {
      limit_ = lane_.header().cursor.load(std::memory_order_acquire) + lane_.capacity();
      if (static_cast<std::int32_t>(limit_ - end) < 0) Pause();
    }
    char* const frame = lane_.At(position_);
    const std::uint32_t header[] = {length, kMessage};
    std::memcpy(frame, header, sizeof header);
    std::memcpy(frame + kFrameHeaderBytes, payload, length);
    position_ = end;
    lane_.header().position.store(end, std::memory_order_release);
  }

 private:
  const Lane& lane_;
  std::uint32_t position_;
  // May be written up to here: the reader's cursor as last seen, and one lane.
  std::uint32_t limit_;
};

class Reader {
 public:
  Reader(const Lane& lane, std::uint32_t prefetch)
      : lane_(lane), prefetch_(prefetch), cursor_(lane.header().cursor.load()) {}

  // Hands what is there to `handle(payload, length)`, in place, and gives its space back; spins while there is nothing.
  template <typename Handle>
  void Poll(Handle&& handle) {
    std::uint32_t published;
    while ((published = lane_.header().position.load(std::memory_order_acquire)) == cursor_) Pause();
    for (std::uint32_t taken = 0; cursor_ != published && taken < prefetch_; ++taken) {
      const char* const frame = lane_.At(cursor_);
      std::uint32_t header[2];
      std::memcpy(header, frame, sizeof header);
      if (header[1] != kMessage || FrameBytes(header[0]) > published - cursor_) Fail("wrong message: no frame");
      handle(frame + kFrameHeaderBytes, header[0]);
      cursor_ += FrameBytes(header[0]);
    }
    lane_.header().cursor.store(cursor_, std::memory_order_release);
  }

 private:
  const Lane& lane_;
  std::uint32_t prefetch_;
  std::uint32_t cursor_;
};

// A message that is sent again and again: its first word is its number, its last the complement of that.
class Payload {
 public:
  Payload(std::uint32_t length, std::int64_t spoil) : bytes_(length, '\x5a'), spoil_(spoil) {}

  void Stamp(std::uint32_t sequence) {
    const std::uint32_t last = sequence == spoil_ ? sequence : ~sequence;
    std::memcpy(bytes_.data(), &sequence, sizeof sequence);
    std::memcpy(bytes_.data() + bytes_.size() - sizeof last, &last, sizeof last);
  }

  const void* data() const { return bytes_.data(); }
  std::uint32_t length() const { return static_cast<std::uint32_t>(bytes_.size()); }

 private:
  std::vector<char> bytes_;
  std::int64_t spoil_;
};

// Length, number and last word of every message.
class PayloadCheck {
 public:
  explicit PayloadCheck(std::uint32_t length) : length_(length) {}

  void Accept(const char* payload, std::uint32_t length) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    if (length == length_) {
      std::memcpy(&first, payload, sizeof first);
      std::memcpy(&last, payload + length - sizeof last, sizeof last);
    }
    if (length != length_ || first != received_ || last != ~received_) {
      Fail("wrong message: expected number " + std::to_string(received_) + " of " + std::to_string(length_) +
           " bytes, got " + std::to_string(length) + " bytes, first word " + std::to_string(first) + ", last word " +
           std::to_string(last));
    }
    ++received_;
  }

  void Restart() { received_ = 0; }
  std::uint32_t received() const { return received_; }

 private:
  std::uint32_t length_;
  std::uint32_t received_ = 0;
};

struct Options {
  bool sends;
  bool round_trips;
  int fd;
  std::uint32_t bytes;
  std::uint32_t lane_bytes;
  std::uint32_t prefetch;
  std::int64_t spoil;
  std::uint32_t group;
};

void SayAt(double microseconds) { Say("{\"at\":%.3f}", microseconds); }

void Send(const Options& options) {
  const Lane lane(options.fd, 0, options.lane_bytes);
  Writer writer(lane);
  Payload payload(options.bytes, options.spoil);
  SayReady();
  for (std::uint32_t count; NextOrder(&count);) {
    const double began = NowMicroseconds();
    for (std::uint32_t sequence = 0; sequence < count; ++sequence) {
      payload.Stamp(sequence);
      writer.Write(payload.data(), payload.length());
    }
    SayAt(began);
  }
}

void Receive(const Options& options) {
  const Lane lane(options.fd, 0, options.lane_bytes);
  Reader reader(lane, options.prefetch);
  PayloadCheck check(options.bytes);
  SayReady();
  for (std::uint32_t count; NextOrder(&count);) {
    SayReady();
    check.Restart();
    while (check.received() < count) {
      reader.Poll([&](const char* payload, std::uint32_t length) { check.Accept(payload, length); });
    }
    SayAt(NowMicroseconds());
  }
}

void Ping(const Options& options) {
  const Lane there(options.fd, 0, options.lane_bytes);
  const Lane back(options.fd, 1, options.lane_bytes);
  Writer writer(there);
  Reader reader(back, options.prefetch);
  Payload payload(options.bytes, options.spoil);
  PayloadCheck check(options.bytes);
  SayReady();
  for (std::uint32_t count; NextOrder(&count);) {
    // A sample is the mean of a group; what does not fill one does not count, unless there is nothing else.
    std::vector<double> times;
    times.reserve(count / options.group + 1);
    double began = 0;
    check.Restart();
    for (std::uint32_t sequence = 0; sequence < count; ++sequence) {
      const std::uint32_t in_group = sequence % options.group;
      payload.Stamp(sequence);
      if (in_group == 0) began = NowMicroseconds();
      writer.Write(payload.data(), payload.length());
      reader.Poll([&](const char* answer, std::uint32_t length) { check.Accept(answer, length); });
      if (in_group + 1 == options.group || (times.empty() && sequence + 1 == count)) {
        times.push_back((NowMicroseconds() - began) / (in_group + 1));
      }
    }
    if (times.empty()) Fail("an order of no round trips");
    std::sort(times.begin(), times.end());
    Say("{\"p50\":%.3f,\"p99\":%.3f}", bench::Quantile(times, 0.5), bench::Quantile(times, 0.99));
  }
}

// Answers from within the handler: the answer is on its way before the message's space is given back.
void Pong(const Options& options) {
  const Lane there(options.fd, 0, options.lane_bytes);
  const Lane back(options.fd, 1, options.lane_bytes);
  Reader reader(there, options.prefetch);
  Writer writer(back);
  Payload payload(options.bytes, -1);
  PayloadCheck check(options.bytes);
  SayReady();
  for (std::uint32_t count; NextOrder(&count);) {
    SayReady();
    check.Restart();
    while (check.received() < count) {
      reader.Poll([&](const char* message, std::uint32_t length) {
        const std::uint32_t sequence = check.received();
        check.Accept(message, length);
        payload.Stamp(sequence);
        writer.Write(payload.data(), payload.length());
      });
    }
    SayAt(NowMicroseconds());
  }
}

Options Parse(int count, char** arguments) {
  if (count != 9) Fail("usage: native-ring ROLE SCENARIO FD BYTES LANE_BYTES PREFETCH SPOIL GROUP");
  const auto number = [&](int index) { return std::strtoll(arguments[index], nullptr, 10); };
  Options options;
  options.sends = std::strcmp(arguments[1], "sender") == 0;
  options.round_trips = std::strcmp(arguments[2], "rtt") == 0;
  options.fd = static_cast<int>(number(3));
  options.bytes = static_cast<std::uint32_t>(number(4));
  options.lane_bytes = static_cast<std::uint32_t>(number(5));
  options.prefetch = static_cast<std::uint32_t>(number(6));
  options.spoil = number(7);
  options.group = static_cast<std::uint32_t>(number(8));
  const bool power_of_two = options.lane_bytes != 0 && (options.lane_bytes & (options.lane_bytes - 1)) == 0;
  if (!power_of_two || options.lane_bytes % Lane::PageBytes() != 0)
    Fail("LANE_BYTES is no power of two, or no whole pages");
  if (options.bytes < 8 || FrameBytes(options.bytes) > options.lane_bytes) Fail("BYTES is below 8, or beyond the lane");
  if (options.prefetch == 0 || options.group == 0) Fail("PREFETCH or GROUP is no number from 1");
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  bench::EndWithParent();
  const Options options = Parse(count, arguments);
  if (ftruncate(options.fd, static_cast<off_t>(2 * Lane::BytesOf(options.lane_bytes))) != 0) FailWithErrno("ftruncate");
  if (options.round_trips) {
    options.sends ? Ping(options) : Pong(options);
  } else {
    options.sends ? Send(options) : Receive(options);
  }
  return 0;
}
