// Paths are Boost.Filesystem's everywhere.
#pragma once

#include <boost/filesystem/path.hpp>

namespace fs = boost::filesystem;
