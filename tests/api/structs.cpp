// A struct of the program's own, stored and read back.
#include "program.hpp"

#include <string>

struct Person {
  std::string name;
  int age;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Person, name, age)

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  Person ada{"Ada", 36};
  auto id = co_await db.create(weir::Record::from(ada).with_id("ada"));
  auto record = co_await db.read(id);
  auto back = record->to<Person>();
  CHECK(back.name == "Ada" && back.age == 36);
}

int main() { return run(go()); }
