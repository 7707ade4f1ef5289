#pragma once

#include "policy/layers.hpp"
#include "unit/policy/fake_clock.hpp"
#include "unit/policy/scripted_backend.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace weir::test {

/// A scripted store with the policy layers around it, and a clock of the test.
class LayeredStore : public testing::Test {
 protected:
  LayeredStore() { register_options("scripted"); }

  std::shared_ptr<Backend> wrapped(const std::string& options = "") {
    return policy::with_policies(backend, Config::from_url("scripted:x" + options), clock);
  }
  CallContext within(std::chrono::milliseconds timeout) const {
    CallContext context;
    context.timeout = timeout;
    context.deadline = clock.now() + timeout;
    return context;
  }
  Error error_of(awaitable<bool> body) {
    try {
      run_with(clock, std::move(body));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return Error(errc::server_error, "none");
  }

  FakeClock clock;
  std::shared_ptr<ScriptedBackend> backend = std::make_shared<ScriptedBackend>();
};

}  // namespace weir::test
