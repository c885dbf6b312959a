// What a Parquet file says of itself in its footer; its data is not read.
// Source: github.com/apache/parquet-format (parquet.thrift) and Thrift's compact protocol.
#pragma once

#include "base/path.hpp"
#include "data/shape.hpp"

namespace data {

// Columns (the top level of the schema; pandas' own index columns left out), rows, and nulls where
// the statistics count them. Throws not_found, permission, io; bad_input naming the file where it
// is no Parquet, cut off, or its footer is encrypted, damaged or larger than 256 MiB.
Table look_at_parquet(const fs::path&);

}  // namespace data
