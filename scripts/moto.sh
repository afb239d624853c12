#!/bin/sh
# Sets up what tests/integration/ asks in AWS's place: moto and ministack, two implementations, and the AWS CLI, in a virtual
# environment of their own.
# Prints the folder's path. Does nothing when it is there.
set -eu
cd "$(dirname "$0")/.."
venv=${BUILDSPEC_TEST_MOTO:-$PWD/target/venv}
if ! [ -x "$venv/bin/moto_server" ] || ! [ -x "$venv/bin/ministack" ] || ! [ -x "$venv/bin/aws" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        'moto[server]==5.2.5' 'boto3==1.43.106' 'awscli==1.46.3' 'ministack==1.5.33'
fi
echo "$venv"
