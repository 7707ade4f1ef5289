#pragma once

/// @file
/// One setting of an options class: a getter and two chained setters. Options are classes and never aggregates, because
/// g++ 12.2 destroys an aggregate temporary twice inside a co_await expression (docs/internals.md, "g++ 12").
///
///     WEIR_SETTING(WriteOptions, std::optional<std::string>, if_version, {})
///
/// gives `const V& if_version() const`, `WriteOptions& if_version(V) &` and `WriteOptions&& if_version(V) &&`.

#include <utility>

#define WEIR_SETTING(Class, Type, name, ...)   \
 public:                                       \
  const Type& name() const { return name##_; } \
  Class& name(Type value)& {                   \
    name##_ = std::move(value);                \
    return *this;                              \
  }                                            \
  Class&& name(Type value)&& {                 \
    name##_ = std::move(value);                \
    return std::move(*this);                   \
  }                                            \
                                               \
 private:                                      \
  Type name##_ = __VA_ARGS__;                  \
                                               \
 public:
