#pragma once

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace weir::net {

namespace detail {

/// How the operation is cancelled. It lives as long as the operation: the caller's cancellation signal, which may
/// outlive the loop, knows it only weakly, since a strand may not.
struct StrandCallRelay {
  explicit StrandCallRelay(boost::asio::any_io_executor on) : strand(std::move(on)) {}
  const boost::asio::any_io_executor strand;
  boost::asio::cancellation_signal signal;
};

/// Completes the caller on its own executor.
template <class Handler, class Executor, class T>
struct StrandCallDone {
  Handler handler;
  Executor executor;
  std::shared_ptr<StrandCallRelay> relay;

  void operator()(std::exception_ptr error, T value) {
    auto target = executor;
    boost::asio::dispatch(
        target, [h = std::move(handler), error, v = std::move(value)]() mutable { std::move(h)(error, std::move(v)); });
  }
};

template <class Handler, class Executor>
struct StrandCallDone<Handler, Executor, void> {
  Handler handler;
  Executor executor;
  std::shared_ptr<StrandCallRelay> relay;

  void operator()(std::exception_ptr error) {
    auto target = executor;
    boost::asio::dispatch(target, [h = std::move(handler), error]() mutable { std::move(h)(error); });
  }
};

template <class T>
struct StrandCall {
  boost::asio::any_io_executor strand;

  template <class Handler>
  void operator()(Handler&& handler, awaitable<T> operation) {
    namespace asio = boost::asio;
    auto relay = std::make_shared<StrandCallRelay>(strand);
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
      slot.assign([weak = std::weak_ptr(relay)](asio::cancellation_type type) {
        if (const auto alive = weak.lock())
          asio::post(alive->strand, [weak, type] {
            if (const auto still = weak.lock()) still->signal.emit(type);
          });
      });
    auto executor = asio::get_associated_executor(handler, strand);
    using Done = StrandCallDone<std::decay_t<Handler>, decltype(executor), T>;
    auto target = relay->signal.slot();
    const auto on = strand;
    asio::co_spawn(on, std::move(operation),
                   asio::bind_cancellation_slot(
                       target, Done{std::forward<Handler>(handler), std::move(executor), std::move(relay)}));
  }
};

template <class T>
struct StrandCallSignature {
  using type = void(std::exception_ptr, T);
};
template <>
struct StrandCallSignature<void> {
  using type = void(std::exception_ptr);
};

}  // namespace detail

/// Runs an operation as a coroutine of its own on `strand` and gives its outcome on the caller's executor. What the
/// operation is cancelled with comes through the strand, so that on a loop run by many threads a cancellation never
/// runs beside the operation. The caller's own cancellation is passed on; the call ends when the operation has ended.
template <class T>
awaitable<T> call_on_strand(boost::asio::any_io_executor strand, awaitable<T> operation) {
  detail::StrandCall<T> initiation{std::move(strand)};
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                     typename detail::StrandCallSignature<T>::type>(
      initiation, boost::asio::use_awaitable, std::move(operation));
}

}  // namespace weir::net
