// Names made up for runs, steps and temporary files.
#pragma once

#include <cstddef>
#include <string>

namespace base {

// `length` characters of [a-z0-9], from the kernel's randomness.
std::string random_id(std::size_t length);

// A random UUID (version 4) in its usual form of 36 characters.
std::string random_uuid();

// "adjective_noun_ten0letters", as the cloud names jobs.
std::string random_run_name();

}  // namespace base
