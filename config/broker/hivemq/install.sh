#!/bin/sh
# install.sh FOLDER: fetches HiveMQ CE with maven (100 MB) and compiles Broker.java, both into FOLDER. Needs Java 17 or later, as JDK.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
for tool in java javac mvn; do
  command -v "$tool" >/dev/null || { echo "$tool is missing; Debian, Ubuntu: apt-get install openjdk-17-jdk-headless maven" >&2; exit 3; }
done
rm -rf "$folder/jars" "$folder/classes" "$folder/classes.new"
mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/jars"
# The classes come last: where they are, all is there.
javac -nowarn -cp "$folder/jars/*" -d "$folder/classes.new" "$here/Broker.java"
mv "$folder/classes.new" "$folder/classes"
