#include "net/headers_access.hpp"
#include "net/tokens.hpp"

#include <weir/error.hpp>
#include <weir/http_message.hpp>

#include <algorithm>
#include <cstring>

namespace weir::http {

void Headers::append(std::string_view name, std::string_view value) {
  const auto at = text_.size();
  places_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                     static_cast<std::uint32_t>(at + name.size() + 2), static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(": ").append(value).append("\r\n");
}

Headers& Headers::add(std::string_view name, std::string_view value) & {
  if (!is_token(name)) throw Error(errc::invalid_argument, "the name of a header field is no token (RFC 9110 §5.6.2)");
  if (!is_field_value(value))
    throw Error(errc::invalid_argument,
                "the value of the header field " + std::string(name) + " holds a control character");
  append(name, trimmed(value));
  return *this;
}

Headers& Headers::set(std::string_view name, std::string_view value) & {
  const std::string kept_name(name), kept_value(value);  // they may be views of what is removed
  remove(kept_name);
  return add(kept_name, kept_value);
}

std::size_t Headers::remove(std::string_view name) {
  if (!contains(name)) return 0;
  Headers rest;
  for (std::size_t i = 0; i < size(); ++i)
    if (const auto field = (*this)[i]; !same_name(field.name, name)) rest.append(field.name, field.value);
  const auto removed = size() - rest.size();
  *this = std::move(rest);
  return removed;
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (places_[i].name_size == name.size())
      if (const auto field = (*this)[i]; same_name(field.name, name)) return field.value;
  return std::nullopt;
}

Headers::Field Headers::operator[](std::size_t index) const noexcept {
  const auto& place = places_[index];
  const std::string_view all(text_);
  return {all.substr(place.name, place.name_size), all.substr(place.value, place.value_size)};
}

Body::Body(Body&& other) noexcept
    : data_(std::move(other.data_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Body& Body::operator=(Body&& other) noexcept {
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

std::span<char> Body::prepare(std::size_t count) {
  if (capacity_ - size_ < count) {
    const auto larger = std::max(size_ + count, capacity_ * 2);
    auto moved = std::make_unique_for_overwrite<char[]>(larger);
    if (size_ != 0) std::memcpy(moved.get(), data_.get(), size_);
    data_ = std::move(moved);
    capacity_ = larger;
  }
  return {data_.get() + size_, capacity_ - size_};
}

BodySource::~BodySource() = default;

}  // namespace weir::http
