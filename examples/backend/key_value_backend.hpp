#pragma once

// A backend of your own, from outside the library: docs/backend-author.md goes through it line by line.

namespace key_value {

/// Makes `weir::AsyncDatabase::open("kv:name")` work. To be called once, before the first open.
void install();

}  // namespace key_value
