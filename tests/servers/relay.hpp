#pragma once

// A small TCP relay between a test and a real server, which can be made to fail in the ways networks do.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace weir::test {

/// Listens on a free port of 127.0.0.1, on a thread of its own. The faults hold for what happens after they were set.
class Relay {
 public:
  explicit Relay(std::uint16_t target_port);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  std::uint16_t port() const noexcept;

  /// Of each `n` connects the first is closed at once; 0: none.
  void refuse_every(unsigned n);
  /// New connections end when that many bytes came from the server. npos: never.
  void cut_after(std::size_t bytes);
  /// When a client has sent this text, it is passed on, the server's answer is waited for and thrown away, and the
  /// connection is cut. Empty: nothing.
  void lose_answer_to(std::string text);
  /// Answers pass a byte at a time, with this many milliseconds between them. 0: as they come.
  void drip(unsigned milliseconds);
  /// Nothing comes back from the server any longer; new connections are accepted and left alone.
  void hold(bool on);
  /// What cancels a PostgreSQL statement is passed on that much later, even when its sender has gone. 0: at once.
  void delay_cancels(unsigned milliseconds);
  /// New connections go to another port of 127.0.0.1.
  void lead_to(std::uint16_t port);
  /// Cuts everything that is connected.
  void cut_all();

  /// Connects accepted so far, and how many of them live.
  std::size_t accepted() const;
  std::size_t alive() const;
  /// What cancels a PostgreSQL statement and passed unencrypted, so far.
  std::size_t clear_cancels() const;
  /// Bytes from the server since the relay began.
  std::size_t bytes_back() const;

  static constexpr std::size_t never = static_cast<std::size_t>(-1);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The port in a URL such as postgresql://user@host:5432/name, and the same URL with another port.
std::uint16_t port_of(const std::string& url);
std::string with_port(const std::string& url, std::uint16_t port);

}  // namespace weir::test
