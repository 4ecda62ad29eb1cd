#!/usr/bin/env bash
# Installs the system packages that this project builds and tests with, where they are missing.
set -euo pipefail

packages=(
    build-essential ca-certificates pkg-config lld zlib1g-dev
    libssl-dev libsecp256k1-dev libcurl4-openssl-dev libseccomp-dev libsodium-dev libsqlite3-dev
    libc6-dev-arm64-cross nodejs python3 python3-venv openssl util-linux mount libcap2-bin
)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "These packages are missing, and there is no sudo to install them: ${missing[*]}" >&2
            exit 1
        }
        as_root=(sudo)
    fi
    echo "Installing: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi

command -v swift >/dev/null || {
    echo "Swift 6.3 is not on the PATH. Install it from swift.org, then try again." >&2
    exit 1
}
