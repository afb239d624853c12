#!/bin/sh
# Starts an engine of the build's own, where the container is privileged enough, then runs the arguments as one
# command line, as the entrypoint of AWS's images does.
set -eu

storage=${DOCKERD_STORAGE_DRIVER-overlay2}
dockerd --host=unix:///var/run/docker.sock --host=tcp://127.0.0.1:2375 --tls=false \
    --storage-driver="$storage" >/var/log/docker.log 2>&1 &

tries=0
until docker info >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 60 ]; then
        tail -n 20 /var/log/docker.log >&2
        echo "Timed out trying to connect to internal docker host." >&2
        exit 1
    fi
    sleep 1
done

eval "$*"
