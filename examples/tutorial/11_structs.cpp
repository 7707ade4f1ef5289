// Step 11: structs of your own as records.
#include "tutorial.hpp"

// [tutorial]
struct Address {
  std::string street;
  std::string city;
};
struct Person {
  std::string name;
  int age = 0;
  Address address;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Address, street, city)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Person, name, age, address)

weir::awaitable<void> structs(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);
  Person ada{"Ada", 36, {"12 St James's Square", "London"}};
  auto record = weir::Record::from(ada).with_id("ada");
  co_await db.create(std::move(record));

  auto found = co_await db.search(weir::Query(weir::field("address.city") == "London"));
  EXPECT(found.size() == 1);
  auto person = found[0].to<Person>();
  EXPECT(person.name == "Ada" && person.address.street.starts_with("12"));
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(structs(url_from(argc, argv))); }
