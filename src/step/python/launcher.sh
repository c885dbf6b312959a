#!/bin/sh
# What a wheel puts on the PATH: starts the program in the package amlocal @version@, wherever pip has put that.
# A shell finds it in a millisecond; a script of Python's would start Python first.
file=$0
[ -L "$file" ] && file=$(readlink -f -- "$file")
bin=${file%/*}
for found in "$bin"/../lib*/*/*-packages/amlocal-@version@.dist-info \
  "$bin"/../local/lib*/*/*-packages/amlocal-@version@.dist-info \
  "$bin"/../amlocal-@version@.dist-info; do
  program=${found%/*}/amlocal/bin/amlocal
  [ -x "$program" ] || continue
  # Of a virtual environment that is called by its path and none is active: its Python is meant.
  if [ "$file" = "$0" ] && [ -f "$bin/../pyvenv.cfg" ] && [ -z "$VIRTUAL_ENV$CONDA_PREFIX$AMLOCAL_PYTHON" ]; then
    export AMLOCAL_PYTHON="$bin/python"
  fi
  exec "$program" "$@"
done
echo "amlocal: the package amlocal @version@ that belongs to $file is not there" >&2
echo "amlocal: install it again with the Python of that folder: python -m pip install --force-reinstall amlocal" >&2
exit 1
