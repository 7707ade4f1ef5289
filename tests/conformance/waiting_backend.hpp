#pragma once

// A store as somebody else might write it: every operation waits, and none knows its deadline, so that the layers above
// have to end it. Its records are those of a memory store.

#include <memory>
#include <string>

namespace weir::conformance {

/// Registers it: `waiting:NAME` is shared by all that open that name while one of them lives.
void register_waiting_backend();

/// The store of that URL answers nothing until the result is destroyed.
std::shared_ptr<void> stall_waiting_backend(const std::string& url);

}  // namespace weir::conformance
