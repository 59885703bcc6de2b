#!/bin/sh
# start.sh FOLDER: runs what install.sh put there, in the foreground. In the environment, as ../README.md says:
# BROKER_ADDRESS, BROKER_PORT, BROKER_CONFIG, BROKER_DATA.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export BROKER_HIVEMQ="${BROKER_HIVEMQ:-$here}"
exec java -Xmx512m -XX:+UseSerialGC ${JAVA_OPTS:-} -cp "$1/classes:$1/jars/*" Broker
