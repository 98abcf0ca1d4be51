// A fault that clang-tidy must find, so that it can be seen whether it looks.
#include <string>
#include <utility>

std::string::size_type CountAfterMove(std::string text);

std::string::size_type CountAfterMove(std::string text) {
  const std::string taken = std::move(text);
  return taken.size() + text.size();
}
