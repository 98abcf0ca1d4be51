// doctest: one header, in Debian as doctest-dev, and its assertions may be made by many threads.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
