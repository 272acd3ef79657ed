// A program outside the tree: it includes and links what `find_package(sluice)` found.
#include <sluice/version.hpp>

#include <cstdio>

int main() { std::puts("built with Sluice " SLUICE_VERSION); }
