#!/bin/sh
# Builds the wheel, installs it into an empty environment away from the checkout, and runs the whole demo there.
set -eu
python=${PYTHON:-python3}
case $python in /*) ;; *) python=$(pwd)/$python ;; esac
checkout=$(pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"$python" -m build --wheel --no-isolation --outdir "$room/dist" "$checkout" >"$room/build.log" 2>&1 || {
  cat "$room/build.log"
  exit 1
}
"$python" -m venv "$room/venv"
"$room/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --require-hashes -r "$checkout/requirements.txt"
"$room/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$room"/dist/*.whl

cd "$room"
"$room/venv/bin/digest" demo --no-serve --folder "$room/newsroom" | tee "$room/said"
tail -n 1 "$room/said" |
  grep -qx 'accepted=200 rejected=0 skipped=0 expired=0 uncertain=0 audience=200'
"$room/venv/bin/digest" init "$room/empty" >/dev/null
"$room/venv/bin/digest" --config "$room/empty/config.toml" migrate
echo "the wheel works away from its checkout"
