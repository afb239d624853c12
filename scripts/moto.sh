#!/bin/sh
# Sets up what tests/integration/secrets.rs asks in AWS's place: moto, in a virtual environment of its own.
# Prints the folder's path. Does nothing when it is there.
set -eu
cd "$(dirname "$0")/.."
venv=${BUILDSPEC_TEST_MOTO:-$PWD/target/venv}
if ! [ -x "$venv/bin/moto_server" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'moto[server]==5.2.5' 'boto3==1.44.5'
fi
echo "$venv"
